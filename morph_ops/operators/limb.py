"""Changes of the height and radius of a limb and its twin."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.geometry import limb_groups
from morph_ops.graph import Limb, Vec3, children, limb, with_nodes
from morph_ops.grid import add, subtract, to_grid
from morph_ops.operators.common import draw, first_valid
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, attachment, axis_share, height, resized, site_position

#: Steps of :func:`limb_length` along the heights of the space.
_STEPS = (-3, -2, -1, 1, 2, 3)


def limb_params(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child in which one limb, or a pair of twins, has another height or radius.

    The limb keeps its origin and direction. The limbs that hang on it move with their sites.
    Hinge axes follow the rounded direction, which changes their fourth decimal.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has no limbs.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.graph import limbs
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> child = limb_params(body, rng)
        >>> heights = [[height(limb(each, name)) for name in limbs(each)] for each in (body, child)]
        >>> heights[0] == heights[1]
        False
    """
    groups = limb_groups(graph)
    if not groups:
        raise OperatorError("limb_params: the body has no limbs")
    pose = Pose.of(graph, space=space)
    sizes = [(radius, height_m) for radius in space.limb_radii for height_m in space.limb_heights]

    def propose() -> nx.DiGraph[str] | None:
        group = draw(rng, groups)
        first = limb(graph, group[0])
        current = (first.radius, height(first, space=space))
        others = [size for size in sizes if size != current]
        if not others:
            return None
        radius, height_m = draw(rng, others)
        child = graph
        for name in group:
            child = resize(child, pose, name, radius=radius, height_m=height_m, space=space)
        return child

    return first_valid("limb_params", graph, propose, space=space)


def limb_length(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child in which one limb, or a pair of twins, is a little longer or shorter.

    The new height is one to three values away in the sorted heights of the space, counted from the
    nearest one. In the UNIMAL
    space with its three heights :func:`limb_params` does as much; this is for spaces with fine
    steps. It keeps what :func:`limb_params` keeps.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has no limbs.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.graph import limbs
        >>> from morph_ops.sampling import sample_body
        >>> fine = Space(limb_heights=tuple(round(0.2 + 0.01 * step, 2) for step in range(21)))
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng, space=fine)
        >>> child = limb_length(body, rng, space=fine)
        >>> changes = [
        ...     height(limb(child, name), space=fine) - height(limb(body, name), space=fine)
        ...     for name in limbs(body)
        ... ]
        >>> 0.009 < max(map(abs, changes)) < 0.031
        True
    """
    groups = limb_groups(graph)
    if not groups:
        raise OperatorError("limb_length: the body has no limbs")
    pose = Pose.of(graph, space=space)
    heights = sorted(space.limb_heights)

    def propose() -> nx.DiGraph[str] | None:
        group = draw(rng, groups)
        first = limb(graph, group[0])
        # (a starting body may have heights that the space lacks)
        current = height(first, space=space)
        nearest = min(range(len(heights)), key=lambda index: abs(heights[index] - current))
        place = nearest + draw(rng, _STEPS)
        if not 0 <= place < len(heights):
            return None
        child = graph
        for name in group:
            child = resize(
                child, pose, name, radius=first.radius, height_m=heights[place], space=space
            )
        return child

    return first_valid("limb_length", graph, propose, space=space)


def can_lengthen(space: Space) -> bool:
    """Whether a space has finer steps of heights than the UNIMAL space.

    Args:
        space: The design space.

    Examples:
        >>> can_lengthen(UNIMAL)
        False
    """
    return len(space.limb_heights) > len(UNIMAL.limb_heights)


def resize(
    graph: nx.DiGraph[str],
    pose: Pose,
    name: str,
    *,
    radius: float,
    height_m: float,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which one limb has another size, and its children follow.

    Contact excludes and rest height stay as they are: :func:`limb_params` recomputes them.

    Args:
        graph: A body; it stays untouched.
        pose: Rest pose of the body. It may be that before an earlier change of size, since only
            its rotations and directions are used.
        name: Name of the limb.
        radius: The new radius (m).
        height_m: The new height (m).
        space: The design space.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> longer = resize(body, Pose.of(body), "limb/0", radius=0.05, height_m=0.4)
        >>> height(limb(longer, "limb/0"))
        0.4
    """
    old = limb(graph, name)
    direction = pose.in_frame_of(name, pose.direction(name))
    new = resized(old, radius=radius, height_m=height_m, direction=direction)
    moved: list[tuple[str, Limb]] = [(name, new)]
    for child_name in children(graph, name):
        child = limb(graph, child_name)
        child_direction = pose.in_frame_of(name, pose.direction(child_name))
        outwards = subtract(
            to_grid(child_direction, scale=new.radius), to_grid(child_direction, scale=old.radius)
        )
        site = attachment(graph, pose, child_name, space=space)
        if site is None:
            along = _share_of_growth(old, new, child)
        else:
            ends = [
                site_position(size, site.place, direction=direction, space=space)
                for size in (new, old)
            ]
            along = subtract(*ends)
        moved.append((child_name, replace(child, pos=add(child.pos, along, outwards))))
    return with_nodes(graph, moved)


def _share_of_growth(old: Limb, new: Limb, child: Limb) -> Vec3:
    """Shift of a child at no growth site: it keeps its relative position along the parent."""
    return add((axis_share(old, child.pos) * np.subtract(new.end, old.end)).tolist())
