"""How near a body lies to the training bodies of a controller, in one number.

The hypernetwork turns the context of a body into an embedding, from which it generates the body's
network. Bodies with near embeddings get near networks, so the distance to the nearest training body
in this space says how far a controller has to generalize. It is counted in percentiles: 90 means
that nine of ten training bodies have a nearer neighbor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Familiarity"]

#: Number of directions of the embedding that count: those in which training bodies differ most.
DIRECTIONS = 16
#: Largest number of training bodies that a body is compared with.
REFERENCES = 512
#: Number of percentiles of a distance, from 0 to 100.
N_PERCENTILES = 101
_PERCENTILES = np.linspace(0.0, 100.0, N_PERCENTILES)


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Embeddings of training bodies, and how far such bodies lie from each other.

    Attributes:
        mean: (E,) mean of the embeddings.
        basis: (E, k) directions that count, each scaled to unit variance.
        references: (m, k) embeddings of training bodies in these directions.
        distances: (101,) percentiles of the distance of other training bodies to the nearest of
            them.

    Examples:
        >>> embeddings = np.random.default_rng(0).normal(size=(200, 8))
        >>> known = Familiarity.over(embeddings)
        >>> known.percentile(np.full(8, 9.0)), known.percentile(embeddings[0])
        (100.0, 0.0)
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    references: NDArray[np.float32]
    distances: NDArray[np.float32]

    @classmethod
    def over(cls, embeddings: NDArray[np.floating]) -> Self:
        """Familiarity with some bodies.

        Args:
            embeddings: (N, E) embeddings of the training bodies, at least two. Every second one is
                a reference, up to 512, and the others say how far bodies lie from these.

        Raises:
            ValueError: There are fewer than two embeddings.
        """
        if len(embeddings) < 2:
            raise ValueError(f"embeddings: expected at least 2, got {len(embeddings)}")
        mean = embeddings.mean(axis=0)
        spread, axes = np.linalg.svd(embeddings - mean, full_matrices=False)[1:]
        spread = spread / np.sqrt(len(embeddings))
        count = int((spread[:DIRECTIONS] > 1e-3 * max(spread[0], 1e-12)).sum())
        basis = axes[:count].T / np.maximum(spread[:count], 1e-12)
        places = (embeddings - mean) @ basis
        references = places[::2][:REFERENCES]
        distances = np.percentile(_nearest(places[1::2], references), _PERCENTILES)
        return cls(
            mean.astype(np.float32),
            basis.astype(np.float32),
            references.astype(np.float32),
            distances.astype(np.float32),
        )

    def percentile(self, embedding: NDArray[np.floating]) -> float:
        """Share of training bodies that lie nearer to a training body than this one (0..100).

        Args:
            embedding: (E,) embedding of the body.
        """
        place = (embedding - self.mean) @ self.basis
        distance = _nearest(place[None], self.references)
        found: NDArray[np.float64] = np.interp(distance, self.distances, _PERCENTILES)
        return float(found[0])


def _nearest(places: NDArray[np.floating], references: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) distance of each of N places (N, k) to the nearest of the references (m, k)."""
    nearest: list[float] = []
    for place in places:
        squares: NDArray[np.floating] = ((references - place) ** 2).sum(axis=1)
        nearest.append(float(squares.min()))
    return np.sqrt(np.array(nearest))
