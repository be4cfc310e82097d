"""Action noise that is correlated in time."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor


class CorrelatedNoise:
    """Gaussian noise of unit variance, each sample correlated with the one before.

    See Korenkevych 2019. White noise at the control rate averages out before it moves a joint.

    Args:
        shape: Shape of a sample.
        correlation: Correlation of consecutive samples, in [0, 1).
        draw: Function that returns independent standard normal samples of a shape.

    Examples:
        >>> import torch
        >>> noise = CorrelatedNoise((4, 2), 0.7, torch.randn)
        >>> sample, carried = noise.step(0.5)
        >>> sample.shape, carried.shape
        (torch.Size([4, 2]), torch.Size([4, 2]))
    """

    def __init__(
        self, shape: tuple[int, ...], correlation: float, draw: Callable[[tuple[int, ...]], Tensor]
    ) -> None:
        self._shape, self._draw = shape, draw
        self._correlation, self._new = correlation, math.sqrt(1.0 - correlation**2)
        self._noise = draw(shape)

    def step(self, std: float) -> tuple[Tensor, Tensor]:
        """The next sample.

        Args:
            std: Standard deviation of the noise.

        Returns:
            The scaled sample, and the part of it that follows from the sample before. That part
            belongs to the situation in which the policy chooses, not to its choice.
        """
        carried = std * self._correlation * self._noise
        self._noise = self._correlation * self._noise + self._new * self._draw(self._shape)
        return std * self._noise, carried
