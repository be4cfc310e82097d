"""New limbs by hand: a limb, or a mirrored pair, in the first direction that fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.errors import UsageError
from codesign.studio.editing import NEW_GEAR, NEW_RANGE, finished
from codesign.studio.facts import direction_of, group_of
from morph_ops.geometry import MIRROR, density
from morph_ops.graph import grown_limbs, limb, root
from morph_ops.operators.common import HingeDraw
from morph_ops.operators.grow import LimbDesign, attach
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, Site, in_mirror_plane, runs_inside

__all__ = ["Where", "add_limb"]

Where = Literal["end", "middle"]
Direction = NDArray[np.float64]

#: Directions (azimuth and tilt in deg) of pairs beside the middle, best first.
_BESIDE = ((90.0, 45.0), (45.0, 45.0), (135.0, 45.0), (90.0, 0.0), (45.0, 0.0), (135.0, 0.0))
#: Directions of single limbs in the middle.
_MIDDLE = ((0.0, 90.0), (180.0, 45.0), (0.0, 45.0), (180.0, 0.0), (0.0, 0.0))


def add_limb(
    graph: nx.DiGraph[str],
    name: str,
    *,
    where: Where = "end",
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> tuple[nx.DiGraph[str], str]:
    """A copy of a body with one more limb, or a mirrored pair, in the first direction that fits.

    On a node in the middle of the body a pair grows where there is room for one, otherwise a single
    limb. On a limb with a mirror image, one grows on each of the two.

    Args:
        graph: A body.
        name: Name of the node that the limb grows on.
        where: Place on a limb; on the torso it has no effect.
        mirrored: Whether left and right stay alike.
        space: The design space, whose first values the limb has.

    Returns:
        The body, and the name of the new limb.

    Raises:
        UsageError: The body has as many limbs as the space allows, or there is no room.

    Examples:
        >>> from morph_ops.graph import limbs
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> more, new = add_limb(body, "limb/1")
        >>> len(more) - len(body), new
        (2, 'limb/3')
    """
    room = space.max_limbs - len(grown_limbs(graph))
    if room < 1:
        raise UsageError(
            f"the body has {space.max_limbs} limbs, the most that are possible: remove one first"
        )
    pose = Pose.of(graph, space=space)
    site = Site(name, "center" if name == root(graph) else where)
    group = group_of(graph, name) if mirrored else (name,)
    reason = f"there is no room on {name}: select another limb, or the other place on it"
    for directions in _proposals(pose, name, group, mirrored=mirrored):
        if len(directions) > room:
            reason = f"there is room for {room} more limb, and a mirrored pair has two"
            continue
        if runs_inside(pose, site, directions[0]):
            continue
        child, design = graph, _design(graph, space)
        for index, direction in enumerate(directions):
            on = site if len(group) == 1 else Site((name, _other(group, name))[index], site.place)
            child = attach(child, pose, on, direction, design, space=space)
        try:
            done = finished(graph, child, space=space)
        except UsageError:
            continue
        new = [each for each in child if each not in graph]
        return done, new[0]
    raise UsageError(reason)


def _proposals(
    pose: Pose, name: str, group: tuple[str, ...], *, mirrored: bool
) -> Iterator[tuple[Direction, ...]]:
    """Directions of the limbs to add, best first: one, or one and its mirror image."""
    beside = [direction_of(*angles) for angles in _BESIDE]
    middle = [direction_of(*angles) for angles in _MIDDLE]
    onward = pose.direction(name)
    if len(group) == 2:
        for direction in (onward, *middle[:1], *beside, *(d * MIRROR for d in beside), *middle[1:]):
            if direction.any():
                yield direction, direction * MIRROR
    elif mirrored:
        yield from ((direction, direction * MIRROR) for direction in beside)
        if in_mirror_plane(onward) and onward.any():
            yield (onward,)
        yield from ((direction,) for direction in middle)
    else:
        first = [onward] if onward.any() else []
        yield from ((direction,) for direction in (*first, *middle, *beside))
        yield from ((direction * MIRROR,) for direction in beside)


def _design(graph: nx.DiGraph[str], space: Space) -> LimbDesign:
    """Values of a new limb: those of the other limbs, else the space's in the middle."""
    names = grown_limbs(graph)
    radii, densities = space.limb_radii, space.limb_densities
    return LimbDesign(
        radius=limb(graph, names[0]).radius if names else radii[len(radii) // 2],
        height=0.2 if 0.2 in space.limb_heights else space.limb_heights[0],
        density=density(limb(graph, names[0])) if names else densities[len(densities) // 2],
        hinges=[HingeDraw("y", NEW_RANGE, NEW_GEAR)],
    )


def _other(group: tuple[str, ...], name: str) -> str:
    return group[1] if group[0] == name else group[0]
