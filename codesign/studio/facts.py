"""What a node of a body is like, in the terms that the page shows and changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops import geometry
from morph_ops.graph import Joint, Limb, Torso, node, own_nodes, parent, root
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, height, in_mirror_plane
from morph_ops.validity import find_violations

__all__ = ["NodeFacts", "angles_of", "direction_of", "facts", "group_of", "notes"]


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """A node of a body.

    Attributes:
        name: Its name.
        is_torso: Whether it is the torso.
        locked: Whether it came with a robot's file, so that it stays as it is.
        length: Length of the straight part of a limb (m); 0 for the torso.
        radius: Radius (m).
        azimuth: Direction seen from above (deg): 0 is forward, 90 is left.
        tilt: Direction below level (deg): 0 is level, 90 is straight down.
        density: Density (kg/m^3).
        mass: Mass (kg).
        joints: Its hinges.
        mirrored_limb: Name of the limb that is its mirror image, None without one.
        in_plane: Whether it is its own mirror image.
        parent: What it hangs on, None for the torso.
    """

    name: str
    is_torso: bool
    locked: bool
    length: float
    radius: float
    azimuth: float
    tilt: float
    density: float
    mass: float
    joints: tuple[Joint, ...]
    mirrored_limb: str | None
    in_plane: bool
    parent: str | None


def facts(graph: nx.DiGraph[str], name: str, *, space: Space = UNIMAL) -> NodeFacts:
    """What a node is like.

    Args:
        graph: A body.
        name: Name of the node.
        space: The design space, whose directions and lengths count where they are near.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> leg = facts(body, "limb/1")
        >>> leg.mirrored_limb, leg.length, leg.tilt
        ('limb/2', 0.3, 0.0)
    """
    record = node(graph, name)
    azimuth, tilt = 0.0, 0.0
    limb = None if isinstance(record, Torso) else record
    if limb is not None:
        azimuth, tilt = angles_of(Pose.of(graph, space=space).direction(name))
    group = group_of(graph, name)
    image = next((other for other in group if other != name), None)
    return NodeFacts(
        name=name,
        is_torso=limb is None,
        locked=name in own_nodes(graph),
        length=0.0 if limb is None else height(limb, space=space),
        radius=record.radius,
        azimuth=azimuth,
        tilt=tilt,
        density=geometry.density(record),
        mass=geometry.mass(record),
        joints=() if limb is None else limb.joints,
        mirrored_limb=image,
        in_plane=limb is None or (image is None and _lies_in_plane(graph, name)),
        parent=parent(graph, name),
    )


def group_of(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """A limb and its mirror image, where it has one; the node alone otherwise.

    Args:
        graph: A body.
        name: Name of a node.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> group_of(body, "limb/2"), group_of(body, "torso/0")
        (('limb/1', 'limb/2'), ('torso/0',))
    """
    return next((group for group in geometry.limb_groups(graph) if name in group), (name,))


def direction_of(azimuth: float, tilt: float) -> NDArray[np.float64]:
    """The unit vector (3,) of a direction in the torso frame.

    Args:
        azimuth: Direction seen from above (deg).
        tilt: Direction below level (deg).

    Examples:
        >>> direction_of(90.0, 0.0).tolist(), direction_of(0.0, 90.0).tolist()
        ([0.0, 1.0, 0.0], [0.0, 0.0, -1.0])
    """
    around, down = math.radians(azimuth), math.radians(tilt)
    level = math.cos(down)
    # Rounded so that equal directions are equal numbers, and zero is zero.
    vector = (level * math.cos(around), level * math.sin(around), -math.sin(down))
    return np.round(vector, 12) + 0.0


def angles_of(direction: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Azimuth and tilt (deg) of a direction; the inverse of :func:`direction_of`.

    Args:
        direction: A unit vector in the torso frame, shape (3,).

    Examples:
        >>> angles_of((0.0, -1.0, 0.0)), angles_of((0.0, 0.0, -1.0))
        ((270.0, 0.0), (0.0, 90.0))
    """
    x, y, z = (float(value) for value in direction)
    tilt = round(math.degrees(math.asin(max(-1.0, min(1.0, -z)))), 1) + 0.0
    if math.hypot(x, y) < 1e-6:
        return 0.0, tilt
    return round(math.degrees(math.atan2(y, x)) % 360.0, 1) % 360.0, tilt


def notes(graph: nx.DiGraph[str]) -> list[str]:
    """Sentences on where a body leaves the UNIMAL space, which controllers are trained on.

    Args:
        graph: A body.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> from morph_ops.graph import with_excludes
        >>> body = with_excludes(sample_body(np.random.default_rng(11)), ())
        >>> body.remove_node("limb/2")
        >>> notes(body)
        ['left and right differ: the controller was trained on mirrored bodies']
    """
    broken = find_violations(graph)
    lines: list[str] = []
    if any(violation.check in ("symmetry", "balance") for violation in broken):
        lines.append("left and right differ: the controller was trained on mirrored bodies")
    outside = {v.where[0] if v.where else "all limbs" for v in broken if v.check == "ranges"}
    if outside:
        named = ", ".join(sorted(outside)[:4]) + (" and more" if len(outside) > 4 else "")
        lines.append(f"values off the UNIMAL grid: {named}")
    return lines


def _lies_in_plane(graph: nx.DiGraph[str], name: str) -> bool:
    """Whether a limb and all that it hangs on lie in the mirror plane."""
    pose, above = Pose.of(graph), name
    while above != root(graph):
        record = node(graph, above)
        beside = isinstance(record, Limb) and abs(record.pos[1]) > 1e-9
        if beside or not in_mirror_plane(pose.direction(above)):
            return False
        above = parent(graph, above) or root(graph)
    return True
