"""What the settings of all networks share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Settings of a network: a frozen dataclass of numbers and names.

    Attributes:
        state_dim: Number of state features of a node.
    """

    state_dim: int

    def with_clock(self, harmonics: int) -> Self:
        """The settings with a clock phase input added, if the network can have one and has none.

        Args:
            harmonics: Number of harmonics of the new input; 0 adds none.
        """
        del harmonics
        return self

    def with_terrain(self, points: int) -> Self:
        """The settings with a height field added, if the network can have one and has none.

        Args:
            points: Number of points of the new height field; 0 adds none.
        """
        del points
        return self


@dataclass(frozen=True, kw_only=True)
class ClockedConfig(NetworkConfig):
    """Settings of a network that can take the clock phase as an input.

    Attributes:
        clock_harmonics: Number of harmonics of the clock phase input; 0 for none.

    Examples:
        >>> from hyperdistill_core.nets.hypernet_config import HypernetConfig
        >>> HypernetConfig(context_dim=25).with_clock(2).clock_dim
        4
    """

    clock_harmonics: int = 0

    @property
    def clock_dim(self) -> int:
        """Number of features of the clock phase input."""
        return NUMBERS_PER_HARMONIC * self.clock_harmonics

    def with_clock(self, harmonics: int) -> Self:
        """See :meth:`NetworkConfig.with_clock`."""
        return replace(self, clock_harmonics=self.clock_harmonics or harmonics)


def require_at_least(config: NetworkConfig, bound: int, *names: str) -> None:
    """Check that settings are not below a bound.

    Args:
        config: Settings of a network.
        bound: Smallest allowed value.
        names: Names of the settings to check.

    Raises:
        ValueError: A setting is below the bound.

    Examples:
        >>> from hyperdistill_core.nets.hypernet_config import HypernetConfig
        >>> require_at_least(HypernetConfig(context_dim=25), 1, "hidden", "embed")
    """
    for name in names:
        if getattr(config, name) < bound:
            raise ValueError(f"{name}: expected at least {bound}, got {getattr(config, name)}")
