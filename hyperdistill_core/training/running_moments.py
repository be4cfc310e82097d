"""Running mean and variance, and the normalization that they define."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.nets.mlp import Normalization


@dataclass
class RunningMoments:
    """Mean and variance of all samples so far, merged batch by batch (Chan 1979).

    Args:
        size: Number of features.
        count: Number of samples so far.

    Attributes:
        size: Number of features.
        count: Number of samples so far.
        mean: (size,) mean.
        var: (size,) population variance.

    Examples:
        >>> moments = RunningMoments(1)
        >>> moments.update(np.array([[1.0], [3.0]]))
        >>> moments.mean.tolist(), moments.var.tolist()
        ([2.0], [1.0])
    """

    size: int
    count: float = 0.0
    mean: NDArray[np.float64] = field(init=False)
    var: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.mean = np.zeros(self.size)
        self.var = np.ones(self.size)

    def update(self, samples: NDArray[np.floating]) -> None:
        """Add samples.

        Args:
            samples: (n, size) samples; n may be 0.
        """
        n = len(samples)
        if n == 0:
            return
        mean = samples.mean(axis=0, dtype=np.float64)
        var = samples.var(axis=0, dtype=np.float64)
        total = self.count + n
        delta = mean - self.mean
        squares = self.var * self.count + var * n + delta**2 * self.count * n / total
        self.mean = self.mean + delta * n / total
        self.var = squares / total
        self.count = total

    def to_dict(self) -> dict[str, Any]:
        """The moments in JSON's types."""
        mean, var = self.mean.tolist(), self.var.tolist()
        return {"size": self.size, "count": self.count, "mean": mean, "var": var}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RunningMoments:
        """Moments from the result of :meth:`to_dict`.

        Args:
            data: The result.
        """
        moments = cls(data["size"], data["count"])
        moments.mean, moments.var = np.array(data["mean"]), np.array(data["var"])
        return moments

    @classmethod
    def of(cls, normalization: Normalization) -> RunningMoments:
        """Moments that define a given normalization; they count as one sample.

        Args:
            normalization: Normalization with (size,) statistics.
        """
        moments = cls(len(normalization.mean), 1.0)
        moments.mean = np.array(normalization.mean, dtype=np.float64)
        moments.var = np.array(normalization.var, dtype=np.float64)
        return moments

    def normalization(self) -> Normalization:
        """The normalization that these moments define."""
        return Normalization(self.mean, self.var)
