"""Which bodies touch each other in the rest pose, and the contact excludes that follow.

Distances between capsules are computed in closed form for all pairs at once; they agree
with the contacts that MuJoCo finds.
"""

from __future__ import annotations

from functools import lru_cache

import networkx as nx
import numpy as np

from morph_ops.geometry import TOLERANCE, Frames, rest_frames
from morph_ops.graph import Pair, with_excludes

_PARALLEL = 1e-12


def gaps(frames: Frames) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances between the surfaces of all pairs of bodies; negative where they overlap.

    Returns:
        Rows of the first body and of the second, larger one, shape (n (n - 1) / 2,) each,
        and the distances (m), same shape.
    """
    first, second = _pairs(len(frames))
    axes = frames.end - frames.start
    apart = _segment_distance(frames.start[first], axes[first], frames.start[second], axes[second])
    return first, second, apart - frames.radius[first] - frames.radius[second]


def touching(
    graph: nx.DiGraph[str], *, deeper_than: float = -TOLERANCE, frames: Frames | None = None
) -> list[tuple[Pair, float]]:
    """Pairs of bodies in contact in the rest pose, parents with their children left out.

    Args:
        graph: a body.
        deeper_than: least overlap that counts (m). By default pairs that touch exactly
            count too, whatever the noise in the last digits says.
        frames: the body's rest pose in any frame, if it is at hand already.

    Returns:
        Each pair, its names sorted, with its overlap (m), in the order of the bodies.
    """
    frames = frames or rest_frames(graph)
    first, second, gap = gaps(frames)
    found = []
    for pair in np.flatnonzero(-gap > deeper_than):
        a, b = frames.names[first[pair]], frames.names[second[pair]]
        if not (graph.has_edge(a, b) or graph.has_edge(b, a)):
            found.append(((min(a, b), max(a, b)), float(-gap[pair])))
    return found


def exclude_touching(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> nx.DiGraph[str]:
    """A copy of a body whose contact excludes are the pairs in contact in the rest pose."""
    return with_excludes(graph, (pair for pair, _ in touching(graph, frames=frames)))


@lru_cache
def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(count, k=1)


def _segment_distance(
    start_a: np.ndarray, axis_a: np.ndarray, start_b: np.ndarray, axis_b: np.ndarray
) -> np.ndarray:
    """Smallest distance between segments, row by row, shape (m,).

    Minimizes |start_a + s axis_a - start_b - t axis_b| over s and t in 0..1: s of the
    two lines' closest points, clamped, then the best t for it, clamped, then the best s
    for that t. Points are segments without length.
    """
    between = start_a - start_b
    aa, bb, ab = _dot(axis_a, axis_a), _dot(axis_b, axis_b), _dot(axis_a, axis_b)
    ac, bc = _dot(axis_a, between), _dot(axis_b, between)
    determinant = aa * bb - ab * ab
    # Parallel lines have no single closest point: any s will do, the clamps find the rest.
    s = np.clip(_divide(ab * bc - bb * ac, determinant), 0.0, 1.0)
    t = np.clip(_divide(ab * s + bc, bb), 0.0, 1.0)
    s = np.clip(_divide(ab * t - ac, aa), 0.0, 1.0)
    gap = between + s[:, None] * axis_a - t[:, None] * axis_b
    return np.sqrt(_dot(gap, gap))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """The quotient, 0 where the denominator is."""
    safe = denominator > _PARALLEL
    return np.where(safe, numerator / np.where(safe, denominator, 1.0), 0.0)
