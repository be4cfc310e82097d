"""A distance between bodies: how much of one must change to make the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from morph_ops import graph as body_graph
from morph_ops.graph import SLOTS, Vec3
from morph_ops.identity.canonical_form import node_form

SHAPE_WEIGHT = 0.6
"""Share of a part's shape in its own difference; its hinges have the rest."""

# quantity: how many numbers, its weight, and the difference that counts in full
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
    """What :func:`distance` needs of a body; make it once where many pairs are compared.

    Attributes:
        shapes: numbers of every part, depth first (n, 22).
        hinges: numbers of every joint slot, zero where there is no hinge (n, 2, 21).
        present: which slots have a hinge (n, 2).
        children: every part's children, as rows.
        sizes: number of parts in every part's subtree, itself included.
    """

    shapes: np.ndarray
    hinges: np.ndarray
    present: np.ndarray
    children: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]


def body_features(graph: nx.DiGraph[str]) -> BodyFeatures:
    """The numbers of a body that :func:`distance` compares.

    Args:
        graph: a body.
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
    """How different two bodies are, from 0 (equal) to 1.

    A tree edit distance with the tree's edits: limbs are grown and cut off from the tips,
    at a cost of 1 each, and parts that stand for one another cost their own difference,
    0 to 1. The cheapest way counts, whatever the order of children. Torso stands for
    torso, and a limb for a limb only where their parents do. The sum d of the costs is
    scaled by the numbers of parts, as 2 d / (n + m + d) [Steinhaus transform].

    A part's own difference is 0.6 of shape (place, capsule, radius, density, friction)
    and 0.4 of hinges (half a slot; a hinge that the other lacks counts in full: else
    axis, range, gear and the rest). Every quantity counts by its difference over a
    full-scale one, at most 1. Numbers are rounded as in :func:`body_hash`; contact
    excludes, which follow from the shapes, do not count.

    It is a metric: symmetric, it keeps the triangle inequality, and it is 0 just for
    bodies that agree in all but their excludes.

    Args:
        body: a body, or its descriptor.
        other: another.
    """
    mine = body if isinstance(body, BodyFeatures) else body_features(body)
    theirs = other if isinstance(other, BodyFeatures) else body_features(other)
    # one direction for both orders, so that rounding is the same too
    mine, theirs = sorted((mine, theirs), key=_sort_key)
    cost = _edit_cost(mine, theirs, _part_costs(mine, theirs).tolist(), 0, 0)
    return 2.0 * cost / (mine.sizes[0] + theirs.sizes[0] + cost)


def _sort_key(body: BodyFeatures) -> tuple[tuple[int, ...], bytes, bytes]:
    return body.sizes, body.shapes.tobytes(), body.hinges.tobytes()


def _length(table: dict[str, tuple[int, float, float]]) -> int:
    return sum(count for count, _, _ in table.values())


def _capsule(start: Vec3, end: Vec3) -> tuple[np.ndarray, np.ndarray]:
    """Center (3,) and extent (6,) of a capsule's axis (m), the same from either end."""
    axis = np.subtract(end, start)
    length = float(np.linalg.norm(axis))
    extent = np.outer(axis, axis) / length if length else np.zeros((3, 3))
    return np.add(start, end) / 2.0, extent[np.triu_indices(3)]


def _part_costs(mine: BodyFeatures, theirs: BodyFeatures) -> np.ndarray:
    """Difference of every part of one body and every part of the other (n, m)."""
    shape = _differences(mine.shapes[:, None], theirs.shapes[None], _SHAPE)
    hinge = _differences(mine.hinges[:, None], theirs.hinges[None], _HINGE)
    both = mine.present[:, None] & theirs.present[None]
    either = mine.present[:, None] ^ theirs.present[None]
    slots = np.where(both, hinge, either).mean(axis=-1)
    return SHAPE_WEIGHT * shape + (1.0 - SHAPE_WEIGHT) * slots


def _differences(
    mine: np.ndarray, theirs: np.ndarray, table: dict[str, tuple[int, float, float]]
) -> np.ndarray:
    """Weighted differences of the last axis' quantities, each at most its weight."""
    apart = np.square(mine - theirs)
    counts = [count for count, _, _ in table.values()]
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    weights = np.array([weight for _, weight, _ in table.values()])
    full = np.array([scale for _, _, scale in table.values()])
    lengths = np.sqrt(np.add.reduceat(apart, starts, axis=-1))
    return np.minimum(lengths / full, 1.0) @ weights


def _edit_cost(
    mine: BodyFeatures, theirs: BodyFeatures, parts: list[list[float]], row: int, column: int
) -> float:
    """Cost of turning the subtree at ``row`` into the other's at ``column``."""
    few, many = mine.children[row], theirs.children[column]
    costs = [[_edit_cost(mine, theirs, parts, a, b) for b in many] for a in few]
    # what pairing two subtrees saves against cutting one and growing the other; always
    # positive, since their tops cost 1 at most, so that as many as possible are paired
    savings = [
        [mine.sizes[a] + theirs.sizes[b] - cost for b, cost in zip(many, line, strict=True)]
        for a, line in zip(few, costs, strict=True)
    ]
    grown_and_cut = mine.sizes[row] + theirs.sizes[column] - 2
    return parts[row][column] + grown_and_cut - _best_sum(savings)


def _best_sum(gains: Sequence[Sequence[float]]) -> float:
    """Largest sum of gains, at most one a row and a column."""
    if not gains or not gains[0]:
        return 0.0
    if len(gains) > len(gains[0]):
        gains = list(zip(*gains, strict=True))
    if len(gains) == 1:
        return max(gains[0])
    return sum(gains[row][column] for column, row in _assignment(gains).items())


def _assignment(gains: Sequence[Sequence[float]]) -> dict[int, int]:
    """Row of every used column in the best assignment; no more rows than columns.

    Rows enter one after the other, each along the cheapest chain of changes [Kuhn 1955];
    prices keep the reduced costs of all pairs at 0 or above.
    """
    columns = range(len(gains[0]))
    row_price = [-max(line) for line in gains]
    column_price = [0.0 for _ in columns]
    owner: dict[int, int] = {}
    for newcomer in range(len(gains)):
        reach = dict.fromkeys(columns, math.inf)
        came_from: dict[int, int | None] = {}
        settled: dict[int, float] = {}
        row, so_far, last = newcomer, 0.0, None
        while True:
            for column in columns:
                slack = -gains[row][column] - row_price[row] - column_price[column]
                if column not in settled and so_far + slack < reach[column]:
                    reach[column], came_from[column] = so_far + slack, last
            last = min((c for c in columns if c not in settled), key=reach.__getitem__)
            so_far = settled[last] = reach[last]
            if last not in owner:
                break
            row = owner[last]
        row_price[newcomer] += so_far
        for column, cost in settled.items():
            column_price[column] -= so_far - cost
            if column in owner:
                row_price[owner[column]] += so_far - cost
        while last is not None:
            before = came_from[last]
            owner[last] = newcomer if before is None else owner[before]
            last = before
    return owner
