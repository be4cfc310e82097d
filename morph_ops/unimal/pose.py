"""The rest pose of a body, with the directions of its limbs.

The *direction* of a limb is a unit vector in the torso frame, from the start to the end of
its capsule.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry import Frames, rest_frames
from morph_ops.graph import Vec3
from morph_ops.space import UNIMAL, Space

__all__ = ["SNAP_DIRECTION", "Pose"]

SNAP_DIRECTION = 0.08
"""Largest distance between the unit vector of a limb and the direction of the space that it
stands for. Rounding moves the end of a 25 cm limb by up to 9 mm, which is 0.036."""


@dataclass(frozen=True)
class Pose:
    """The rest pose of a body in the torso frame, in terms of a space.

    Attributes:
        frames: Frames of the n nodes in the torso frame.
        directions: (n, 3) directions of the limbs, on the space's grid if near; the row of
            the torso is zero.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> pose = Pose.of(sample_body(np.random.default_rng(1)))
        >>> pose.directions.shape == (len(pose.frames), 3)
        True
    """

    frames: Frames
    directions: NDArray[np.float64]

    @classmethod
    def of(cls, graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> Pose:
        """The rest pose of a body.

        Args:
            graph: A body.
            space: The design space.
        """
        exact = cls.exact(graph)
        gaps = ((exact.directions[:, None] - space.directions) ** 2).sum(axis=-1)
        nearest = gaps.argmin(axis=1)
        near = gaps.min(axis=1) < SNAP_DIRECTION**2
        directions = np.where(near[:, None], space.directions[nearest], exact.directions)
        return cls(exact.frames, directions)

    @classmethod
    def exact(cls, graph: nx.DiGraph[str]) -> Pose:
        """The rest pose of a body with the exact directions of its limbs, whatever the grid.

        Args:
            graph: A body.

        Examples:
            >>> from morph_ops.sampling import sample_body
            >>> body = sample_body(np.random.default_rng(1))
            >>> exact, on_grid = Pose.exact(body), Pose.of(body)
            >>> bool(np.abs(exact.directions - on_grid.directions).max() < SNAP_DIRECTION)
            True
        """
        frames = rest_frames(graph, in_torso=True)
        axes = frames.end - frames.start
        lengths = np.sqrt((axes**2).sum(axis=1, keepdims=True))
        return cls(frames, axes / np.where(lengths > 0, lengths, 1.0))

    def row(self, name: str) -> int:
        """Row of a node in the arrays."""
        return self.frames.names.index(name)

    def direction(self, name: str) -> NDArray[np.float64]:
        """Direction of a limb in the torso frame, shape (3,)."""
        return self.directions[self.row(name)]

    def in_frame_of(self, name: str, vector: NDArray[np.float64]) -> Vec3:
        """A vector of the torso frame, shape (3,), expressed in the frame of a node."""
        x, y, z = (vector @ self.frames.rot[self.row(name)]).tolist()
        return (x, y, z)
