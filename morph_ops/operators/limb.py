"""Change the height and radius of a limb and its twin."""

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
from morph_ops.unimal import Pose, attachment, height, resized, site_position


def limb_params(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A body in which one limb, or a pair of twins, has another height or radius.

    The limb keeps its place and direction; what hangs on it moves along with the site it
    is attached to. Hinge axes follow the rounded direction, in the fourth decimal.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that the parent keeps.
    Recomputes contact excludes and rest height; all other values stay number for number.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: the body has no limbs.
        OperatorError: no valid child in 50 tries.
    """
    groups = limb_groups(graph)
    if not groups:
        raise OperatorError("limb_params: the body has no limbs")
    pose = Pose.of(graph, space=space)
    sizes = [(radius, tall) for radius in space.limb_radii for tall in space.limb_heights]

    def propose() -> nx.DiGraph[str] | None:
        group = draw(rng, groups)
        record = limb(graph, group[0])
        now = (record.radius, height(record, space=space))
        others = [size for size in sizes if size != now]
        if not others:
            return None
        radius, tall = draw(rng, others)
        child = graph
        for name in group:
            child = _resize(child, pose, name, radius, tall, space)
        return child

    return first_valid("limb_params", graph, propose, space=space)


def _resize(
    graph: nx.DiGraph[str], pose: Pose, name: str, radius: float, tall: float, space: Space
) -> nx.DiGraph[str]:
    """A copy of ``graph`` in which ``name`` has another size and its children follow.

    ``pose`` may be the one from before: it serves for rotations and directions, which a
    change of size leaves alone.
    """
    old = limb(graph, name)
    direction = pose.in_frame_of(name, pose.direction(name))
    new = resized(old, radius=radius, height_m=tall, direction=direction)
    moved: list[tuple[str, Limb]] = [(name, new)]
    for child in children(graph, name):
        record = limb(graph, child)
        child_aim = pose.in_frame_of(name, pose.direction(child))
        outwards = subtract(
            to_grid(child_aim, scale=new.radius), to_grid(child_aim, scale=old.radius)
        )
        site = attachment(graph, pose, child, space=space)
        if site is None:
            along = _share_of_growth(old, new, record)
        else:
            ends = [
                site_position(size, site.place, direction=direction, space=space)
                for size in (new, old)
            ]
            along = subtract(*ends)
        moved.append((child, replace(record, pos=add(record.pos, along, outwards))))
    return with_nodes(graph, moved)


def _share_of_growth(old: Limb, new: Limb, child: Limb) -> Vec3:
    """How far a child at no growth site moves: it keeps its share of the way along."""
    axis = np.subtract(old.end, old.start)
    share = np.clip((np.subtract(child.pos, old.start) @ axis) / (axis @ axis), 0.0, 1.0)
    return add((share * np.subtract(new.end, old.end)).tolist())
