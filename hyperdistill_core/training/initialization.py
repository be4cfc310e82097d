"""Checks of the network that a training is initialized from."""

from __future__ import annotations

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.tasks.sight import describe


def require_clock(wanted: int, found: int) -> None:
    """Refuse settings that change the harmonics of an existing clock phase input.

    Args:
        wanted: Harmonics in the settings; 0 accepts any.
        found: Harmonics of the network that the training is initialized from.

    Raises:
        TrainingError: The numbers differ.

    Examples:
        >>> require_clock(0, 2)
        >>> require_clock(2, 2)
    """
    if wanted not in (0, found):
        raise TrainingError(
            f"clock_harmonics: expected {found} as in the network that the training is "
            f"initialized from, got {wanted}; set clock_harmonics=0 to keep its input"
        )


def require_sight(wanted: int, found: int) -> None:
    """Refuse settings that change what a network sees.

    Args:
        wanted: Number of numbers that it would see after the settings; 0 accepts any.
        found: That of the network that the training is initialized from.

    Raises:
        TrainingError: The numbers differ.

    Examples:
        >>> require_sight(0, 195)
        >>> require_sight(195, 195)
    """
    if wanted not in (0, found):
        raise TrainingError(
            f"height_samples and target: expected {describe(found)}, as in the network that the "
            f"training is initialized from, got {describe(wanted)}; leave both out to keep them"
        )
