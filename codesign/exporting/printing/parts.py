"""The printable parts of a design: one for each node, and a knuckle where a limb has two hinges.

A part is the capsule of its node, cut free of everything that moves against it, and its
*skeleton*: the tongue of the hinge at its parent, the forks of the hinges at its children, and the
rod between them. Nothing cuts the skeleton. Where it would meet another part, the hinge gets less
than the range of the design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import networkx as nx
import numpy as np
from manifold3d import Manifold
from numpy.typing import NDArray

from codesign.exporting.printing.engraving import engravings
from codesign.exporting.printing.layout import Hinge, Layout, layout, node_of
from codesign.exporting.printing.mesh import Mesh, closed_mesh
from codesign.exporting.printing.motion import clear_of, free_range, free_ranges
from codesign.exporting.printing.settings import SERVOS, PrintSettings
from codesign.exporting.printing.shapes import (
    COARSE_SIDES,
    SIDES,
    capsule_of,
    drilled,
    pocket,
    skeleton,
    skeleton_solid,
    solid,
    union,
)
from codesign.exporting.printing.spacing import spaced
from morph_ops.errors import BodyError

FreeT = TypeVar("FreeT")

#: Gap that the search for free ranges keeps, as a share of the clearance that parts are cut by.
_FREE_SHARE = 0.9
#: Clearances of capsules, as shares of that of the settings, one after the other. Where two cuts
#: meet by chance, a surface touches itself; a little beside, it does not.
_CLEARANCE_SHARES = (1.0, 1.2, 1.5, 1.9)
#: Direction in which the capsule moves for that; less than 1 long.
_NUDGE = np.array((0.3, 0.5, 0.4))
_LARGER = "choose a larger scale, or a smaller shaft, wall or servo"


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A part to print.

    Attributes:
        name: Name of its node, with " knuckle" for the part between two hinges.
        solid: The part in the rest pose of the design (mm).
        mesh: Its closed surface.
        mark: The text that is engraved in it; None without one.
    """

    name: str
    solid: Manifold
    mesh: Mesh
    mark: str | None

    @property
    def node(self) -> str:
        """Name of its node."""
        return node_of(self.name)

    @property
    def file_name(self) -> str:
        """Name of its STL file: that of the part, with "-" for what a file name cannot have."""
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in self.name) + ".stl"


@dataclass(frozen=True, kw_only=True, eq=False)
class PrintedDesign:
    """All parts of a design.

    Attributes:
        parts: The parts, depth first; a knuckle comes before its limb.
        layout: Nodes and hinges, with the ranges that the parts allow.
        notes: What differs from the design, by joint or node.
    """

    parts: tuple[Part, ...]
    layout: Layout
    notes: dict[str, str]


def printed(graph: nx.DiGraph[str], settings: PrintSettings) -> PrintedDesign:
    """The printable parts of a design.

    Args:
        graph: The body.
        settings: Settings of the print.

    Raises:
        BodyError: The body is a robot with shapes of its own, or a limb has no hinge.
        BodyError: A hinge does not fit, or a limb has no room to move.
        BodyError: A part would fall into pieces.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> [part.name for part in printed(body, PrintSettings()).parts]
        ['torso/0', 'limb/0 knuckle', 'limb/0', 'limb/1', 'limb/2']
    """
    wanted = layout(graph, settings)
    placed = _with_free_ranges(wanted)
    capsules = spaced(placed)
    parts: list[Part] = []
    for name in placed.parts:
        part = _part(placed, name, capsules.get(name), settings)
        parts.append(_marked(part, placed) if settings.text else part)
    return PrintedDesign(parts=tuple(parts), layout=placed, notes=_notes(wanted, placed))


def moving_pairs(placed: Layout) -> Iterator[tuple[str, str, tuple[Hinge, ...]]]:
    """Every two parts that move against each other, with the hinges from the first to the second.

    Args:
        placed: Nodes and hinges.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> placed = layout(sample_body(np.random.default_rng(11)), PrintSettings())
        >>> [pair[:2] for pair in moving_pairs(placed)][:3]
        [('torso/0', 'limb/0 knuckle'), ('limb/0 knuckle', 'limb/0'), ('torso/0', 'limb/0')]
    """
    for name, shape in placed.nodes.items():
        for hinge in shape.hinges:
            yield hinge.parent, hinge.child, (hinge,)
        if shape.parent is not None and shape.knuckle:
            yield shape.parent, name, shape.hinges


def _with_free_ranges(placed: Layout) -> Layout:
    """The layout with the ranges in which no skeleton meets another part."""
    nodes = dict(placed.nodes)
    for name, shape in placed.nodes.items():
        hinges: list[Hinge] = []
        for hinge in shape.hinges:
            moving, fixed = skeleton_solid(placed, hinge.child), _keep_out(placed, hinge.parent)
            hinges.append(_free(name, free_range(hinge, moving, fixed)))
        if shape.knuckle and shape.parent is not None:
            moving, fixed = skeleton_solid(placed, name), _keep_out(placed, shape.parent)
            hinges[:] = _free(name, free_ranges((hinges[0], hinges[1]), moving, fixed))
        nodes[name] = replace(shape, hinges=tuple(hinges))
    return replace(placed, nodes=nodes)


def _free(name: str, found: FreeT | None) -> FreeT:
    """What is free to move; refuse what is not."""
    if found is None:
        raise BodyError(f"{name}: the parts around its hinge leave it no room to move: {_LARGER}")
    return found


def _shapes(
    placed: Layout, part: str, margin: float, *, sides: int = SIDES
) -> list[NDArray[np.float64]]:
    """The convex shapes that hold a part and a margin around it."""
    shapes = skeleton(placed, part, margin, sides=COARSE_SIDES)
    if part in placed.nodes:
        shapes.append(capsule_of(placed.nodes[part], margin=margin, sides=sides))
    return shapes


def _keep_out(placed: Layout, part: str) -> Manifold:
    """What a skeleton that moves against a part must not meet."""
    shapes = _shapes(placed, part, _FREE_SHARE * placed.size.clearance)
    return union([solid(points) for points in shapes])


def _part(placed: Layout, name: str, capsule: Manifold | None, settings: PrintSettings) -> Part:
    """A part without its name."""
    for share in _CLEARANCE_SHARES:
        margin = share * settings.clearance_mm
        # What the capsule moves by is less than what the margin grows by.
        moved = (share - 1.0) * settings.clearance_mm * _NUDGE
        nudged = None if capsule is None else capsule.translate(moved.tolist())
        whole = _whole(placed, name, nudged, settings, margin=margin)
        mesh = closed_mesh(whole)
        if mesh is not None:
            return Part(name=name, solid=whole, mesh=mesh, mark=None)
    raise BodyError(f"{name}: its part falls into pieces: {_LARGER}")


def _whole(
    placed: Layout,
    name: str,
    capsule: Manifold | None,
    settings: PrintSettings,
    *,
    margin: float,
) -> Manifold:
    """A part in one piece, with holes and pockets; its capsule keeps a margin from others."""
    whole = bones = skeleton_solid(placed, name)
    if capsule is not None:
        for other, part, hinges in moving_pairs(placed):
            if part == name:
                shapes = _shapes(placed, other, margin, sides=COARSE_SIDES)
                capsule = clear_of(capsule, shapes, hinges)
        pieces = (capsule + bones).decompose()
        # A hinge may cut corners off a capsule.
        held = bones if placed.nodes[name].hinges else capsule
        whole = max(pieces, key=lambda piece: (piece ^ held).volume())
    servo = SERVOS.get(settings.servo)
    whole = drilled(whole, placed, name, settings.shaft_mm, servo.hub if servo else None)
    own = placed.hinge_at(name)
    return whole if own is None or servo is None else pocket(whole, own, placed.size, servo)


def _marked(part: Part, placed: Layout) -> Part:
    """A part with its name, where that leaves it closed; as it is where no text fits."""
    for engraved, text in engravings(part.solid, placed, part.name):
        mesh = closed_mesh(engraved)
        if mesh is not None:
            return replace(part, solid=engraved, mesh=mesh, mark=text)
    return part


def _notes(wanted: Layout, placed: Layout) -> dict[str, str]:
    """Hinges that move less than those of the design."""
    notes: dict[str, str] = {}
    for before, after in zip(wanted.hinges, placed.hinges, strict=True):
        if before.range_deg != after.range_deg:
            low, high = before.range_deg
            less_low, less_high = after.range_deg
            notes[before.joint] = (
                f"moves {less_low:.0f} .. {less_high:.0f} deg in print, not {low:.0f} .. "
                f"{high:.0f}: parts are in the way"
            )
    return notes
