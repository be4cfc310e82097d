"""Capsules that keep apart in the rest pose, and make room for hinges."""

from __future__ import annotations

import itertools

import numpy as np
from manifold3d import Manifold
from numpy.typing import NDArray

from codesign.exporting.printing.layout import Layout, NodeShape, node_of
from codesign.exporting.printing.shapes import COARSE_SIDES, capsule_of, overlaps, skeleton, solid

Array = NDArray[np.float64]


def spaced(placed: Layout) -> dict[str, Manifold]:
    """The capsule of each node without what other nodes need.

    A capsule begins beyond its own hinges. Capsules of neighbors that overlap in the rest pose
    share the space between them by a plane.

    Args:
        placed: Nodes and hinges.
    """
    solids = {name: _beyond_hinges(placed, shape) for name, shape in placed.nodes.items()}
    gap = placed.size.clearance
    for one, two in itertools.combinations(placed.nodes, 2):
        first, second = placed.nodes[one], placed.nodes[two]
        if one in (second.parent, two) or two == first.parent:
            continue
        near, far = _nearest(_axis(first), _axis(second))
        between = far - near
        distance = float(np.linalg.norm(between))
        if 0.0 < distance < first.radius + second.radius + gap:
            normal = between / distance
            middle = float(near @ normal) + distance * first.radius / (first.radius + second.radius)
            solids[one] = solids[one].trim_by_plane((-normal).tolist(), gap / 2.0 - middle)
            solids[two] = solids[two].trim_by_plane(normal.tolist(), middle + gap / 2.0)
    for name, part in itertools.product(placed.nodes, placed.parts):
        if not _related(placed, name, part):
            for points in skeleton(placed, part, gap, sides=COARSE_SIDES):
                if overlaps(solids[name], points):
                    solids[name] -= solid(points)
    return solids


def _beyond_hinges(placed: Layout, shape: NodeShape) -> Manifold:
    capsule = solid(capsule_of(shape))
    if not shape.hinges:
        return capsule
    hinge = shape.hinges[-1]
    z = hinge.frame[:, 2]
    return capsule.trim_by_plane(z.tolist(), float(z @ hinge.pivot) + placed.size.body_start)


def _related(placed: Layout, name: str, part: str) -> bool:
    """Whether a part is of a node, its parent or its children: hinges decide about these."""
    node = node_of(part)
    return name in (node, placed.nodes[node].parent) or placed.nodes[name].parent == node


def _axis(shape: NodeShape) -> tuple[Array, Array]:
    return (shape.hinges[-1].pivot if shape.hinges else shape.start), shape.end


def _nearest(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
    """The nearest points of two line segments, by alternating projection."""
    point, other = first[0], second[0]
    for _ in range(100):
        before, other = other, _projected(point, *second)
        point = _projected(other, *first)
        if np.allclose(before, other, atol=1e-6):
            break
    return point, other


def _projected(point: Array, start: Array, end: Array) -> Array:
    axis = end - start
    share = np.clip((point - start) @ axis / max(float(axis @ axis), 1e-9), 0.0, 1.0)
    return start + share * axis
