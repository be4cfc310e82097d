"""Mirror images of limbs, by geometry alone.

The mirror plane of a body is the xz plane of its torso's frame. Mirror images are therefore
computed in the *torso frame*: its origin is the torso's center, and its axes are the torso's.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry.frames import TOLERANCE, Frames, rest_frames
from morph_ops.graph import children, limbs, root

__all__ = ["MIRROR", "limb_groups", "twins"]

MIRROR: NDArray[np.float64] = np.array([1.0, -1.0, 1.0])
"""The factors that turn a vector of the torso frame into its mirror image, shape (3,)."""


def twins(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> dict[str, str]:
    """The mirror image of every node that has one, by geometry alone.

    The torso and a limb in the mirror plane are their own images. Two limbs are twins if
    their parents are, and if their capsules mirror each other to within a micrometer.

    Args:
        graph: A body.
        frames: Rest pose of the body in the torso frame; None computes it.

    Returns:
        Names of nodes with the names of their images. Limbs without an image are missing, and
        so are all limbs that hang on them.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> twins(body)
        {'torso/0': 'torso/0', 'limb/0': 'limb/0', 'limb/1': 'limb/2', 'limb/2': 'limb/1'}
    """
    frames = frames or rest_frames(graph, in_torso=True)
    row = {name: index for index, name in enumerate(frames.names)}
    shapes = np.concatenate([frames.start, frames.end, frames.radius[:, None]], axis=1)
    images = np.concatenate(
        [frames.start * MIRROR, frames.end * MIRROR, frames.radius[:, None]], axis=1
    )
    same = np.abs(images[:, None] - shapes[None, :]).max(axis=-1) < TOLERANCE
    found = {root(graph): root(graph)}
    for name in frames.names[1:]:
        if name in found:
            continue
        image_parent = found.get(next(iter(graph.pred[name])))
        if image_parent is None:
            continue
        candidates = [
            other
            for other in children(graph, image_parent)
            if other not in found and same[row[name], row[other]]
        ]
        if candidates:
            # A limb in the plane must not be paired with another limb at the same place.
            image = name if name in candidates else candidates[0]
            found[name], found[image] = image, name
    return found


def limb_groups(graph: nx.DiGraph[str]) -> list[tuple[str, ...]]:
    """The limbs, grouped with their mirror images: operators change one group at once.

    Returns:
        One name for a limb in the mirror plane (or without an image), and two for a limb and
        its twin; in depth-first order of the first limb of each group.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> limb_groups(body)
        [('limb/0',), ('limb/1', 'limb/2')]
    """
    image = twins(graph)
    groups: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for name in limbs(graph):
        if name not in seen:
            other = image.get(name, name)
            groups.append((name,) if other == name else (name, other))
            seen.update((name, other))
    return groups
