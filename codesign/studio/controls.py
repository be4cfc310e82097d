"""The controls of one part of a design: sliders and lists that fit what is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx

from codesign.studio import editing
from codesign.studio.facts import NodeFacts, direction_of, facts
from codesign.studio.redirecting import redirect
from codesign.studio.spaces import GRID
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


@dataclass(eq=False)
class NodeControls:
    """Sliders and lists for the selected part.

    Args:
        gui: The interface of the tab.
        on_edit: Called when a user changes something.

    The controls are made anew when the part has others, and get new values otherwise.
    """

    gui: viser.GuiApi
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
        """Show the values of a part.

        Args:
            graph: The body.
            name: Name of the part.
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
        container.label = f"{name}, {_kind(seen)}"
        for set_value in self._setters.values():
            set_value(seen)

    def _make(self, seen: NodeFacts) -> None:
        name, space = seen.name, self._space
        if seen.is_torso:
            self._slider(
                "Radius (cm)", space.torso_radii, lambda s: s.radius, self._radius(name), _CM
            )
            self._slider(
                "Density (kg/m\N{SUPERSCRIPT THREE})",
                space.torso_densities,
                lambda s: s.density,
                self._density(name),
            )
            return
        self._slider(
            "Length (cm)",
            space.limb_heights,
            lambda s: s.length,
            lambda v: lambda g: editing.set_length(g, name, v, **self._options),
            _CM,
            hint="Length of the straight part of the limb.",
        )
        self._slider("Radius (cm)", space.limb_radii, lambda s: s.radius, self._radius(name), _CM)
        self._make_direction(seen)
        everywhere = space is GRID
        self._slider(
            f"Density{' of all limbs' * everywhere} (kg/m\N{SUPERSCRIPT THREE})",
            space.limb_densities,
            lambda s: s.density,
            self._density(name, all_limbs=everywhere),
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
            "Direction (\N{DEGREE SIGN})",
            azimuths,
            lambda s: s.azimuth,
            lambda value: turn(value, self._angles[1]),
            hint="Seen from above: 0 is forward, 90 is left, 180 is backward.",
        )
        self._slider(
            "Tilt down (\N{DEGREE SIGN})",
            tilts,
            lambda s: s.tilt,
            lambda value: turn(self._angles[0], value),
            hint="0 is level, 90 is straight down.",
        )

    def _make_hinges(self, seen: NodeFacts) -> None:
        name = seen.name
        now = next(
            (text for text, slots in _AXES.items() if slots == tuple(j.slot for j in seen.joints)),
            "y",
        )
        axes = self.gui.add_dropdown(
            "Hinge axes",
            tuple(_AXES),
            initial_value=now,
            hint="y swings a leg forward and backward, x to its side.",
        )
        self._made.append(axes)

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
                f"Motor {joint.slot} (N m)",
                self._space.gears,
                lambda s, slot=joint.slot: _hinge(s, slot).gear,
                lambda value, slot=joint.slot: (
                    lambda g: editing.set_gear(g, name, slot, value, **self._options)
                ),
                hint="Largest torque of the motor.",
            )

    def _make_range(self, name: str, joint: Joint) -> None:
        slot = joint.slot

        def send(low: float, high: float) -> None:
            self.on_edit(
                f"range {slot} of {name}",
                lambda g: editing.set_range(g, name, slot, (low, high), **self._options),
            )

        label = f"Range {slot} (\N{DEGREE SIGN})"
        if self._space is not GRID:
            limit = max(max(abs(v) for v in pair) for pair in self._space.ranges_deg)
            limit = max(limit, *(abs(value) for value in joint.range_deg))
            step = 15.0
            slider = self.gui.add_multi_slider(
                label, -limit, limit, step, joint.range_deg, min_range=step
            )
            when_changed(slider, lambda pair: send(*pair))
            self._made.append(slider)
            self._setters[label] = lambda s: setattr(
                slider, "value", tuple(map(float, _hinge(s, slot).range_deg))
            )
            return
        pairs = sorted({*self._space.ranges_deg, joint.range_deg}, key=lambda p: (p[1] - p[0], p))
        texts = {_range_text(pair): pair for pair in pairs}
        picker = self.gui.add_dropdown(
            label, tuple(texts), initial_value=_range_text(joint.range_deg)
        )
        when_changed(picker, lambda text: send(*texts[text]))
        self._made.append(picker)

        def set_value(seen: NodeFacts) -> None:
            text = _range_text(_hinge(seen, slot).range_deg)
            if text not in texts:
                texts[text] = _hinge(seen, slot).range_deg
                picker.options = tuple(texts)
            picker.value = text

        self._setters[label] = set_value

    def _slider(
        self,
        label: str,
        values: Sequence[float],
        get: Callable[[NodeFacts], float],
        edit: Callable[[float], Edit],
        scale: float = 1.0,
        *,
        hint: str | None = None,
    ) -> None:
        """A slider over values of the space; none where the space has one value alone."""
        if len(values) < 2:
            return
        ordered = sorted(values)
        step = min(b - a for a, b in pairwise(ordered)) * scale
        slider = self.gui.add_slider(
            label,
            min=round(ordered[0] * scale, 4),
            max=round(ordered[-1] * scale, 4),
            step=round(step, 4),
            initial_value=round(ordered[0] * scale, 4),
            hint=hint,
        )
        self._made.append(slider)

        def set_value(seen: NodeFacts) -> None:
            value = round(get(seen) * scale, 4)
            # A value off the grid, such as that of an opened robot, widens the slider.
            slider.min, slider.max = min(slider.min, value), max(slider.max, value)
            slider.value = value

        self._setters[label] = set_value
        name = self._name
        when_changed(slider, lambda value: self.on_edit(f"{label} of {name}", edit(value / scale)))


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


def _hinge(seen: NodeFacts, slot: Slot) -> Joint:
    return next(joint for joint in seen.joints if joint.slot == slot)


def _range_text(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} to {pair[1]:g}"


def _kind(seen: NodeFacts) -> str:
    if seen.locked:
        return "of the robot's file: stays as it is"
    if seen.is_torso:
        return "the torso"
    if seen.mirrored_limb is not None:
        return f"mirrored by {seen.mirrored_limb}"
    return f"on {seen.parent}"
