"""The controls of one node of a design: sliders and lists that fit what is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx

from codesign.studio import editing
from codesign.studio.browser import explain
from codesign.studio.facts import NodeFacts, direction_of, facts
from codesign.studio.redirecting import redirect
from codesign.studio.spaces import GRID
from codesign.studio.words import in_words
from morph_ops.graph import Joint, Slot

if TYPE_CHECKING:
    import viser

    from morph_ops.space import Space

__all__ = ["Edit", "NodeControls", "when_changed"]

#: An edit: a body in, a new body out, or a UsageError.
Edit: TypeAlias = "Callable[[nx.DiGraph[str]], nx.DiGraph[str]]"
#: What a control calls: what changed, the edit, and whether a drag goes on.
OnEdit: TypeAlias = Callable[[str, Edit], None]

_AXES: dict[str, tuple[Slot, ...]] = {"x": ("x",), "y": ("y",), "x and y": ("x", "y")}
_CM = 100.0
_DEGREE, _CUBED = "\N{DEGREE SIGN}", "\N{SUPERSCRIPT THREE}"


@dataclass(eq=False)
class NodeControls:
    """Sliders and lists for the selected node.

    Args:
        client: The tab.
        on_edit: Called when a user changes something.

    The controls are made anew when the node has others, and get new values otherwise.
    """

    client: viser.ClientHandle
    on_edit: OnEdit
    _made: list[Any] = field(default_factory=list[Any])
    _setters: dict[str, Callable[[NodeFacts], None]] = field(
        default_factory=dict[str, Callable[[NodeFacts], None]]
    )
    _signature: object = None
    _mirrored: bool = True
    _space: Space = GRID
    _angles: tuple[float, float] = (0.0, 0.0)
    _name: str = ""

    def show(
        self,
        graph: nx.DiGraph[str],
        name: str,
        *,
        space: Space,
        mirrored: bool,
        container: viser.GuiFolderHandle,
    ) -> None:
        """Show the values of a node.

        Args:
            graph: The body.
            name: Name of the node.
            space: The values to offer.
            mirrored: Whether edits are mirrored.
            container: Folder of the controls.
        """
        seen = facts(graph, name, space=space)
        slots = tuple(joint.slot for joint in seen.joints)
        signature = (name, slots, id(space), mirrored, seen.locked, seen.in_plane)
        self._angles = (seen.azimuth, seen.tilt)
        if signature != self._signature:
            self._signature, self._space, self._mirrored = signature, space, mirrored
            self._name = name
            for handle in self._made:
                handle.remove()
            self._made, self._setters = [], {}
            with container:
                if not seen.locked:
                    self._make(seen)
        container.label = _title(seen)
        for set_value in self._setters.values():
            set_value(seen)

    def _make(self, seen: NodeFacts) -> None:
        name, space = seen.name, self._space
        if seen.is_torso:
            self._slider(
                seen,
                "Radius (cm)",
                space.torso_radii,
                lambda s: s.radius,
                self._radius(name),
                _CM,
                help_text="Radius of the torso, a sphere; its limbs move along.",
            )
            self._slider(
                seen,
                f"Density (kg/m{_CUBED})",
                space.torso_densities,
                lambda s: s.density,
                self._density(name),
                help_text="Mass of the torso per volume; water has 1000.",
            )
            return
        self._slider(
            seen,
            "Length (cm)",
            space.limb_heights,
            lambda s: s.length,
            lambda v: lambda g: editing.set_length(g, name, v, **self._options),
            _CM,
            help_text="Length of the straight part of the limb, without its round ends.",
        )
        self._slider(
            seen,
            "Radius (cm)",
            space.limb_radii,
            lambda s: s.radius,
            self._radius(name),
            _CM,
            help_text="Radius of the limb and of its round ends.",
        )
        self._make_direction(seen)
        everywhere = space is GRID
        self._slider(
            seen,
            f"Density{' of all limbs' * everywhere} (kg/m{_CUBED})",
            space.limb_densities,
            lambda s: s.density,
            self._density(name, all_limbs=everywhere),
            help_text="Mass per volume; water has 1000. "
            + "In the UNIMAL space all limbs have one density." * everywhere,
        )
        self._make_hinges(seen)

    @property
    def _options(self) -> dict[str, Any]:
        return {"mirrored": self._mirrored, "space": self._space}

    def _radius(self, name: str) -> Callable[[float], Edit]:
        return lambda value: lambda g: editing.set_radius(g, name, value, **self._options)

    def _density(self, name: str, *, all_limbs: bool = False) -> Callable[[float], Edit]:
        return lambda value: (
            lambda g: editing.set_density(g, name, value, all_limbs=all_limbs, **self._options)
        )

    def _make_direction(self, seen: NodeFacts) -> None:
        name = seen.name
        azimuths: Sequence[float] = self._space.azimuths_deg
        if seen.in_plane and self._mirrored:
            azimuths = (0.0, 180.0)
        tilts = sorted(polar - 90.0 for polar in self._space.polars_deg)

        def turn(azimuth: float, tilt: float) -> Edit:
            self._angles = (azimuth, tilt)
            return lambda g: redirect(g, name, direction_of(azimuth, tilt), **self._options)

        self._slider(
            seen,
            f"Direction ({_DEGREE})",
            azimuths,
            lambda s: s.azimuth,
            lambda value: turn(value, self._angles[1]),
            help_text="Seen from above: 0 is forward, 90 is left, 180 is backward.",
        )
        self._slider(
            seen,
            f"Tilt down ({_DEGREE})",
            tilts,
            lambda s: s.tilt,
            lambda value: turn(self._angles[0], value),
            help_text="0 is level, 90 is straight down.",
        )

    def _make_hinges(self, seen: NodeFacts) -> None:
        name = seen.name
        now = next(
            (text for text, slots in _AXES.items() if slots == tuple(j.slot for j in seen.joints)),
            "y",
        )
        axes = self.client.gui.add_dropdown("Hinge axes", tuple(_AXES), initial_value=now)
        self._keep(axes, "y swings a leg forward and backward, x to its side; each has a motor.")

        def set_axes(text: str) -> None:
            slots = _AXES[text]
            self.on_edit(
                f"hinges of {name}",
                lambda g: editing.set_hinges(g, name, slots, **self._options),
            )

        when_changed(axes, set_axes)
        for joint in seen.joints:
            self._make_range(name, joint)
            self._slider(
                seen,
                f"Motor {joint.slot} (N m)",
                self._space.gears,
                lambda s, slot=joint.slot: _hinge(s, slot).gear,
                lambda value, slot=joint.slot: (
                    lambda g: editing.set_gear(g, name, slot, value, **self._options)
                ),
                help_text="Largest torque of the motor, in newton meters.",
            )

    def _make_range(self, name: str, joint: Joint) -> None:
        slot = joint.slot

        def send(low: float, high: float) -> None:
            self.on_edit(
                f"range {slot} of {name}",
                lambda g: editing.set_range(g, name, slot, (low, high), **self._options),
            )

        label = f"Range {slot} ({_DEGREE})"
        help_text = "Angles between which the hinge turns; at 0 the limb has its direction above."
        if self._space is not GRID:
            limit = max(max(abs(v) for v in pair) for pair in self._space.ranges_deg)
            limit = max(limit, *(abs(value) for value in joint.range_deg))
            step = 15.0
            slider = self.client.gui.add_multi_slider(
                label, -limit, limit, step, joint.range_deg, min_range=step
            )
            when_changed(slider, lambda pair: send(*pair))
            self._keep(slider, f"{help_text} {_offered((-limit, limit, step), _DEGREE)}")
            self._setters[label] = lambda s: _set(
                slider, tuple(map(float, _hinge(s, slot).range_deg))
            )
            return
        pairs = sorted({*self._space.ranges_deg, joint.range_deg}, key=lambda p: (p[1] - p[0], p))
        texts = {_range_text(pair): pair for pair in pairs}
        picker = self.client.gui.add_dropdown(
            label, tuple(texts), initial_value=_range_text(joint.range_deg)
        )
        when_changed(picker, lambda text: send(*texts[text]))
        self._keep(picker, help_text)

        def set_value(seen: NodeFacts) -> None:
            text = _range_text(_hinge(seen, slot).range_deg)
            if text not in texts:
                texts[text] = _hinge(seen, slot).range_deg
                picker.options = tuple(texts)
            _set(picker, text)

        self._setters[label] = set_value

    def _slider(
        self,
        seen: NodeFacts,
        label: str,
        values: Sequence[float],
        get: Callable[[NodeFacts], float],
        edit: Callable[[float], Edit],
        scale: float = 1.0,
        *,
        help_text: str,
    ) -> None:
        """A slider over values of the space; none where the space has one value alone."""
        if len(values) < 2:
            return
        ordered = sorted(values)
        step = min(b - a for a, b in pairwise(ordered))
        low, high, step, value = (
            round(each * scale, 4) for each in (ordered[0], ordered[-1], step, get(seen))
        )
        # A value off the grid, such as that of an opened robot, widens the slider.
        slider = self.client.gui.add_slider(
            label, min=min(low, value), max=max(high, value), step=step, initial_value=value
        )
        unit = label.rpartition("(")[2].rstrip(")")
        self._keep(slider, f"{help_text} {_offered((low, high, step), unit)}")

        def set_value(seen: NodeFacts) -> None:
            value = round(get(seen) * scale, 4)
            if value < slider.min:
                slider.min = value
            if value > slider.max:
                slider.max = value
            _set(slider, value)

        self._setters[label] = set_value
        name = self._name
        when_changed(slider, lambda value: self.on_edit(f"{label} of {name}", edit(value / scale)))

    def _keep(self, handle: Any, help_text: str) -> None:
        self._made.append(handle)
        explain(self.client, handle, help_text)


def when_changed(handle: Any, act: Callable[[Any], None]) -> None:
    """Call a function with the value of an input whenever a user changes it.

    Args:
        handle: The input. Values that the program sets call nothing.
        act: The function.
    """

    def changed(event: viser.GuiEvent[Any]) -> None:
        if event.client_id is not None:
            act(event.target.value)

    handle.on_update(changed)


def _set(handle: Any, value: Any) -> None:
    """Set an input to a value that it does not have yet.

    A value for an input that goes at the same time is an error in the page.
    """
    if handle.value != value:
        handle.value = value


def _hinge(seen: NodeFacts, slot: Slot) -> Joint:
    return next(joint for joint in seen.joints if joint.slot == slot)


def _range_text(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} to {pair[1]:g}"


def _offered(values: tuple[float, float, float], unit: str) -> str:
    """What a slider offers, for its help."""
    low, high, step = values
    space = "" if unit == _DEGREE else " "
    return f"{low:g} to {high:g}{space}{unit} in steps of {step:g}."


def _title(seen: NodeFacts) -> str:
    """What is selected, and where it hangs."""
    name = in_words(seen.name)
    if seen.locked:
        return f"{name}: came with the file, stays as it is"
    if seen.parent is None:
        return name
    mirrored = "" if seen.mirrored_limb is None else f", mirrors {in_words(seen.mirrored_limb)}"
    return f"{name}: on {in_words(seen.parent)}{mirrored}"
