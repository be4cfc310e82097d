"""Convex shapes, as points whose hull they are: capsules, and what hinges consist of.

All of them can be grown by a margin, so that other parts keep clear of them.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from manifold3d import Manifold, OpType
from numpy.typing import NDArray

from codesign.exporting.printing.layout import Hinge, Layout, NodeShape
from codesign.exporting.printing.settings import HingeSize, ServoSize

Array = NDArray[np.float64]

#: Sides of a circle in parts, and in the shapes that only keep other parts clear.
SIDES, COARSE_SIDES = 32, 20
#: Roll of a capsule about its axis (rad).
_ROLL = 0.05


def solid(points: Array) -> Manifold:
    """The hull of points."""
    return Manifold.hull_points(points)


def union(solids: list[Manifold]) -> Manifold:
    """All solids in one."""
    return Manifold.batch_boolean(solids, OpType.Add)


@cache
def _ball(sides: int) -> Array:
    """Points of a sphere of radius 1; with few sides it holds the round one."""
    larger = 1.0 / np.cos(np.pi / sides) ** 2 if sides < SIDES else 1.0
    return larger * np.asarray(Manifold.sphere(1.0, sides).to_mesh64().vert_properties)[:, :3]


def capsule(start: Array, end: Array, radius: float, *, sides: int = SIDES) -> Array:
    """Points of a capsule; with few sides it holds the round one."""
    ball = radius * _ball(sides) @ _around(end - start).T
    return np.concatenate([ball + start, ball + end])


def _around(axis: Array) -> Array:
    """(3, 3) rotation of z to a direction, with a roll.

    The roll keeps faces away from planes of symmetry: cuts along a face leave slits.
    """
    length = float(np.linalg.norm(axis))
    z = axis / length if length else np.array((0.36, 0.48, 0.8))
    across = np.cross(z, np.eye(3)[int(np.argmin(np.abs(z)))]).astype(np.float64)
    side = across / np.linalg.norm(across)
    x = math.cos(_ROLL) * side + math.sin(_ROLL) * np.cross(z, side)
    return np.stack([x, np.cross(z, x), z], axis=1)


def capsule_of(shape: NodeShape, *, margin: float = 0.0, sides: int = SIDES) -> Array:
    """Points of the capsule or sphere of a node."""
    return capsule(shape.start, shape.end, shape.radius + margin, sides=sides)


def fork(hinge: Hinge, size: HingeSize, margin: float, *, sides: int) -> list[Array]:
    """Two cheeks and the base below them."""
    inner, outer = size.slot - margin, size.fork + margin
    y, floor = size.cheek + margin, margin - size.depth
    outline = _fork_outline(hinge, size, margin, sides=sides)
    base = np.array([(-y, floor), (y, floor), *outline[-2:]])
    shapes = [
        _extruded(outline, inner, outer),
        _extruded(outline, -outer, -inner),
        _extruded(base, -outer, outer),
    ]
    return [_placed(points, hinge) for points in shapes]


def _fork_outline(hinge: Hinge, size: HingeSize, margin: float, *, sides: int) -> Array:
    """Outline of a fork in y and z: round at the pivot, and two corners at the bottom."""
    y, bottom = size.cheek + margin, -hinge.base - margin
    return np.concatenate([_round(y, sides), [(-y, bottom), (y, bottom)]])


def fork_solid(hinge: Hinge, size: HingeSize) -> Manifold:
    """A fork: a block with a slot."""
    outline = _fork_outline(hinge, size, 0.0, sides=SIDES)
    beyond = size.eye + 1.0
    slot = _box((-size.slot, -beyond, -size.depth), (size.slot, beyond, beyond))
    block = solid(_placed(_extruded(outline, -size.fork, size.fork), hinge))
    return block - solid(_placed(slot, hinge))


def tongue(hinge: Hinge, size: HingeSize, margin: float, *, sides: int) -> Array:
    """The end that turns between the cheeks."""
    outline, y = _round(size.eye + margin, sides), size.eye + margin
    if size.bone_start:
        # Into the fork that a knuckle has there.
        end = size.top + 2.0 * size.clearance + margin
        outline = np.concatenate([outline, [(-y, end), (y, end)]])
    low, high = size.tongue
    return _placed(_extruded(outline, low - margin, high + margin), hinge)


def skeleton(layout: Layout, part: str, margin: float, *, sides: int) -> list[Array]:
    """The shapes of a part that must stay whole: its tongue, its forks, and the rod between them.

    Args:
        layout: Nodes and hinges.
        part: Name of a node or a knuckle.
        margin: What they grow by (mm).
        sides: Number of sides of their circles.
    """
    forks = layout.forks(part)
    shapes = [piece for hinge in forks for piece in fork(hinge, layout.size, margin, sides=sides)]
    return [*shapes, *_tongue_and_rod(layout, part, margin, sides=sides)]


def skeleton_solid(layout: Layout, part: str) -> Manifold:
    """The skeleton of a part as one solid.

    Args:
        layout: Nodes and hinges.
        part: Name of a node or a knuckle.
    """
    forks = [fork_solid(hinge, layout.size) for hinge in layout.forks(part)]
    rest = [solid(points) for points in _tongue_and_rod(layout, part, 0.0, sides=SIDES)]
    return union([*forks, *rest])


def _tongue_and_rod(layout: Layout, part: str, margin: float, *, sides: int) -> list[Array]:
    size, own = layout.size, layout.hinge_at(part)
    if own is None:
        return []
    start = own.pivot + size.bone_start * own.frame[:, 2]
    if part in layout.nodes:
        end = layout.nodes[part].end
    else:
        [outer] = layout.forks(part)
        end = outer.pivot - (size.depth + size.wall / 2.0) * outer.frame[:, 2]
    rod = capsule(start, end, size.bone + margin)
    if part not in layout.nodes:
        # A knuckle's fork stands on the rod, which must not fill the slot.
        below = (rod - end) @ layout.forks(part)[0].frame[:, 2] <= size.wall / 2.0 + margin
        rod = rod[below]
    return [rod, tongue(own, size, margin, sides=sides)]


def overlaps(part: Manifold, points: Array) -> bool:
    """Whether the boxes around a solid and around points overlap."""
    around = part.bounding_box()
    low, high = np.array(around[:3]), np.array(around[3:])
    return bool((points.min(axis=0) < high).all() and (points.max(axis=0) > low).all())


def drilled(part: Manifold, layout: Layout, name: str, shaft: float, hub: float | None) -> Manifold:
    """A part with holes for its shafts.

    Args:
        part: The part.
        layout: Nodes and hinges.
        name: Name of the part.
        shaft: Diameter of the shafts (mm).
        hub: Diameter of the hole for the hub of a servo's horn (mm); None without servos.
    """
    size = layout.size
    holes: list[Array] = []
    for hinge in layout.forks(name):
        for sign, diameter in ((-1.0, shaft), (1.0, hub or shaft)):
            ends = sorted((sign * (size.slot - size.clearance), sign * (size.fork + 1.0)))
            holes.append(_placed(_extruded(_round(diameter / 2.0, SIDES), *ends), hinge))
    own = layout.hinge_at(name)
    if own is not None:
        loose = _round((shaft + size.clearance) / 2.0, SIDES)
        low, high = size.tongue
        holes.append(_placed(_extruded(loose, low - 1.0, high + 1.0), own))
    return Manifold.batch_boolean([part, *map(solid, holes)], OpType.Subtract)


def pocket(part: Manifold, hinge: Hinge, size: HingeSize, servo: ServoSize) -> Manifold:
    """A part with room for a servo in its tongue.

    Args:
        part: The part.
        hinge: The hinge of the tongue.
        size: Size of the hinge.
        servo: Size of the servo.
    """
    low, high = size.tongue
    y, end = servo.width / 2.0, servo.length - servo.offset
    case = _box((low + size.wall, -y, -servo.offset), (high + 1.0, y, end))
    # The rod of a limb is wider than the tongue on the side where the servo goes in.
    way_in = _box((high, -size.fork, -size.eye), (high + servo.above, size.fork, size.top))
    rooms = [solid(_placed(points, hinge)) for points in (case, way_in)]
    return Manifold.batch_boolean([part, *rooms], OpType.Subtract)


def _box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Array:
    """Corners of a box."""
    return np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T


def _round(radius: float, sides: int) -> Array:
    """(n, 2) points of a circle in y and z; with few sides it holds the round one."""
    larger = 1.0 / np.cos(np.pi / sides) if sides < SIDES else 1.0
    angles = 2.0 * np.pi * np.arange(sides) / sides
    return larger * radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _extruded(outline: Array, low: float, high: float) -> Array:
    """An outline in y and z between two places along x."""
    faces = [np.insert(outline, 0, x, axis=1) for x in (low, high)]
    return np.concatenate(faces)


def _placed(points: Array, hinge: Hinge) -> Array:
    """Points in the frame of a hinge, in the world."""
    return points @ hinge.frame.T + hinge.pivot
