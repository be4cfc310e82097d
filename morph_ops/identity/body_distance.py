"""A distance between bodies: how much of one must change to turn it into the other."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops import graph as body_graph
from morph_ops.graph import SLOTS, Vec3
from morph_ops.identity.assignment import largest_sum
from morph_ops.identity.canonical_form import node_form

__all__ = ["BodyFeatures", "body_features", "distance"]

SHAPE_WEIGHT = 0.6
"""Share of the shape in the difference of two nodes; the hinges have the rest."""

# Each quantity: number of components, weight, and the difference that counts in full.
_SHAPE = {
    "pos": (3, 0.25, 0.5),
    "quat": (4, 0.05, 1.0),
    "center": (3, 0.25, 0.3),
    "span": (6, 0.15, 0.5),
    "radius": (1, 0.1, 0.05),
    "density": (1, 0.15, 500.0),
    "friction, condim": (4, 0.05, 1.0),
}
_HINGE = {
    "pos": (3, 0.05, 0.1),
    "axis": (3, 0.3, 1.0),
    "range": (2, 0.3, 90.0),
    "gear": (1, 0.2, 150.0),
    "ctrl_range": (2, 0.05, 1.0),
    "stiffness, damping, armature": (3, 0.05, 1.0),
    "solref, solimp": (7, 0.05, 1.0),
}
_ORIGIN = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class BodyFeatures:
    """The numbers of a body with n nodes that :func:`distance` compares.

    Attributes:
        shapes: (n, 22) shape of each node, depth first.
        hinges: (n, 2, 21) values of each joint slot; zero where there is no hinge.
        present: (n, 2) whether each slot has a hinge.
        children: Rows of the children of each node.
        sizes: Number of nodes in the subtree of each node, itself included.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body_features(sample_body(np.random.default_rng(11))).sizes
        (4, 3, 1, 1)
    """

    shapes: NDArray[np.float64]
    hinges: NDArray[np.float64]
    present: NDArray[np.bool_]
    children: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]


def body_features(graph: nx.DiGraph[str]) -> BodyFeatures:
    """The features of a body; compute them once to compare it with many others.

    Args:
        graph: A body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(1))
        >>> body_features(body).shapes.shape == (len(body), 22)
        True
    """
    names = body_graph.node_names(graph)
    rows = {name: row for row, name in enumerate(names)}
    children = tuple(
        tuple(rows[child] for child in body_graph.children(graph, name)) for name in names
    )
    sizes = [1] * len(names)
    for row in reversed(range(len(names))):
        sizes[row] += sum(sizes[child] for child in children[row])
    shapes = np.zeros((len(names), _length(_SHAPE)))
    hinges = np.zeros((len(names), len(SLOTS), _length(_HINGE)))
    present = np.zeros((len(names), len(SLOTS)), dtype=bool)
    for row, name in enumerate(names):
        *shape, joints = node_form(body_graph.node(graph, name))
        pos, quat, ends, *rest = shape
        shapes[row] = np.hstack((pos, quat, *_capsule(*ends or (_ORIGIN, _ORIGIN)), *rest))
        for slot, *numbers in joints:
            hinges[row, SLOTS.index(slot)] = np.hstack(numbers)
            present[row, SLOTS.index(slot)] = True
    return BodyFeatures(shapes, hinges, present, children, tuple(sizes))


def distance(body: nx.DiGraph[str] | BodyFeatures, other: nx.DiGraph[str] | BodyFeatures) -> float:
    """The difference between two bodies, from 0 (equal) to 1.

    It is a tree edit distance. A limb is added or removed at the tips, at a cost of 1. Two
    nodes that are matched cost their own difference, 0 to 1. The torso is matched with the
    torso, and a limb with a limb only if their parents are matched. The cheapest edits count,
    whatever the order of children. With their cost d and n and m nodes, the distance is
    2 d / (n + m + d) [Steinhaus transform].

    The difference of two nodes is 0.6 times that of their shapes (place, capsule, radius,
    density, friction) plus 0.4 times that of their hinges. Each joint slot is half of the
    latter. A hinge that only one of them has counts in full; otherwise axis, range, gear, and
    the other values count. Each quantity counts by its difference over a full-scale
    difference, at most 1. Numbers are rounded as in :func:`body_hash`. Contact excludes follow
    from the shapes and do not count.

    The distance is a metric: it is symmetric, it satisfies the triangle inequality, and it is
    0 exactly for bodies that agree in all but their contact excludes.

    Args:
        body: A body, or its features.
        other: Another body, or its features.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.operators import gear, grow_limb
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> 0.0 < distance(body, gear(body, rng)) < distance(body, grow_limb(body, rng)) < 1.0
        True
    """
    mine = body if isinstance(body, BodyFeatures) else body_features(body)
    theirs = other if isinstance(other, BodyFeatures) else body_features(other)
    # One direction for both orders, so that the rounding is the same too.
    mine, theirs = sorted((mine, theirs), key=_sort_key)
    cost = _edit_cost(mine, theirs, _node_costs(mine, theirs).tolist(), 0, 0)
    return 2.0 * cost / (mine.sizes[0] + theirs.sizes[0] + cost)


def _sort_key(body: BodyFeatures) -> tuple[tuple[int, ...], bytes, bytes]:
    return body.sizes, body.shapes.tobytes(), body.hinges.tobytes()


def _length(table: dict[str, tuple[int, float, float]]) -> int:
    return sum(count for count, _, _ in table.values())


def _capsule(start: Vec3, end: Vec3) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Center (3,) and extent (6,) of a capsule's axis (m), the same from either end."""
    axis = np.subtract(end, start)
    length = float(np.linalg.norm(axis))
    extent = np.outer(axis, axis) / length if length else np.zeros((3, 3))
    return np.add(start, end) / 2.0, extent[np.triu_indices(3)]


def _node_costs(mine: BodyFeatures, theirs: BodyFeatures) -> NDArray[np.float64]:
    """Difference of every node of one body and every node of the other, (n, m)."""
    shape = _differences(mine.shapes[:, None], theirs.shapes[None], _SHAPE)
    hinge = _differences(mine.hinges[:, None], theirs.hinges[None], _HINGE)
    both = mine.present[:, None] & theirs.present[None]
    either = mine.present[:, None] ^ theirs.present[None]
    slots = np.where(both, hinge, either).mean(axis=-1)
    return SHAPE_WEIGHT * shape + (1.0 - SHAPE_WEIGHT) * slots


def _differences(
    mine: NDArray[np.float64],
    theirs: NDArray[np.float64],
    table: dict[str, tuple[int, float, float]],
) -> NDArray[np.float64]:
    """Weighted differences of the last axis' quantities, each at most its weight."""
    apart = np.square(mine - theirs)
    counts = [count for count, _, _ in table.values()]
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    weights = np.array([weight for _, weight, _ in table.values()])
    full = np.array([scale for _, _, scale in table.values()])
    lengths = np.sqrt(np.add.reduceat(apart, starts, axis=-1))
    return np.minimum(lengths / full, 1.0) @ weights


def _edit_cost(
    mine: BodyFeatures,
    theirs: BodyFeatures,
    node_costs: list[list[float]],
    row: int,
    column: int,
) -> float:
    """Cost of turning the subtree at ``row`` into the other's at ``column``."""
    few, many = mine.children[row], theirs.children[column]
    costs = [[_edit_cost(mine, theirs, node_costs, a, b) for b in many] for a in few]
    # The saving of matching two subtrees against removing one and adding the other. It is
    # always positive, since the two roots cost at most 1, so as many as possible are matched.
    savings = [
        [mine.sizes[a] + theirs.sizes[b] - cost for b, cost in zip(many, line, strict=True)]
        for a, line in zip(few, costs, strict=True)
    ]
    all_removed_and_added = mine.sizes[row] + theirs.sizes[column] - 2
    return node_costs[row][column] + all_removed_and_added - largest_sum(savings)
