"""Contacts between the nodes of a body in its rest pose, and the contact excludes.

Distances between capsules are computed in closed form, for all pairs at once. They agree with
the contacts that MuJoCo finds.
"""

from __future__ import annotations

from functools import lru_cache

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry import TOLERANCE, Frames, rest_frames
from morph_ops.graph import Pair, excludes, own_nodes, with_excludes

__all__ = ["exclude_touching", "gaps", "touching"]

_PARALLEL = 1e-12


def gaps(frames: Frames) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Distances between the surfaces of all pairs of nodes; negative where they overlap.

    Args:
        frames: Rest pose of a body with n nodes.

    Returns:
        Three arrays of shape (n (n - 1) / 2,): the row of the first node, the row of the
        second node (the larger one), and the distance (m).

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> frames = rest_frames(sample_body(np.random.default_rng(11)))
        >>> [len(each) for each in gaps(frames)]
        [6, 6, 6]
    """
    first, second = _pairs(len(frames))
    axes = frames.end - frames.start
    apart = _segment_distance(frames.start[first], axes[first], frames.start[second], axes[second])
    return first, second, apart - frames.radius[first] - frames.radius[second]


def touching(
    graph: nx.DiGraph[str], *, deeper_than: float = -TOLERANCE, frames: Frames | None = None
) -> list[tuple[Pair, float]]:
    """Pairs of nodes in contact in the rest pose; a parent and its child are no pair.

    Args:
        graph: A body.
        deeper_than: Smallest overlap that counts (m). The default includes pairs that touch
            exactly, whatever the noise in the last digits.
        frames: Rest pose of the body in any frame; None computes it.

    Returns:
        Each pair with its overlap (m). The names of a pair are sorted, and the pairs are in
        the order of the nodes.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.graph import excludes
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(3))
        >>> tuple(sorted(pair for pair, overlap in touching(body))) == excludes(body)
        True
    """
    frames = frames or rest_frames(graph)
    first, second, gap = gaps(frames)
    found: list[tuple[Pair, float]] = []
    close = -gap > deeper_than
    ones: list[int] = first[close].tolist()
    twos: list[int] = second[close].tolist()
    for one, two, overlap in zip(ones, twos, (-gap[close]).tolist(), strict=True):
        a, b = frames.names[one], frames.names[two]
        if not (graph.has_edge(a, b) or graph.has_edge(b, a)):
            found.append(((min(a, b), max(a, b)), overlap))
    return found


def exclude_touching(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> nx.DiGraph[str]:
    """A copy of a body whose contact excludes are the pairs in contact in the rest pose.

    Pairs of the own nodes of a robot from elsewhere stay as they are.

    Args:
        graph: A body; it stays untouched.
        frames: Rest pose of the body in any frame; None computes it.

    Examples:
        >>> from morph_ops.graph import excludes
        >>> from morph_ops.sampling import sample_body
        >>> body = with_excludes(sample_body(np.random.default_rng(11)), [])
        >>> excludes(exclude_touching(body))
        (('limb/1', 'limb/2'),)
    """
    own = own_nodes(graph)
    kept = [pair for pair in excludes(graph) if own.issuperset(pair)]
    new = (pair for pair, _ in touching(graph, frames=frames) if not own.issuperset(pair))
    return with_excludes(graph, [*kept, *new])


@lru_cache
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(count, k=1)


def _segment_distance(
    start_a: NDArray[np.float64],
    axis_a: NDArray[np.float64],
    start_b: NDArray[np.float64],
    axis_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Smallest distance between two segments, row by row, shape (m,).

    Minimizes |start_a + s axis_a - start_b - t axis_b| over s and t in 0..1. It takes the s
    of the closest points of the two lines, clamped, then the best t for this s, clamped, then
    the best s for this t. A point is a segment of length 0.
    """
    between = start_a - start_b
    aa, bb, ab = _dot(axis_a, axis_a), _dot(axis_b, axis_b), _dot(axis_a, axis_b)
    ac, bc = _dot(axis_a, between), _dot(axis_b, between)
    determinant = aa * bb - ab * ab
    # Parallel lines have no single closest point: any s will do, since t and s follow.
    s = np.clip(_divide(ab * bc - bb * ac, determinant), 0.0, 1.0)
    t = np.clip(_divide(ab * s + bc, bb), 0.0, 1.0)
    s = np.clip(_divide(ab * t - ac, aa), 0.0, 1.0)
    gap = between + s[:, None] * axis_a - t[:, None] * axis_b
    return np.sqrt(_dot(gap, gap))


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("ij,ij->i", a, b)


def _divide(
    numerator: NDArray[np.float64], denominator: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The quotient, or 0 where the denominator is 0."""
    safe = denominator > _PARALLEL
    return np.where(safe, numerator / np.where(safe, denominator, 1.0), 0.0)
