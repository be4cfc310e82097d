"""Checks of the network that a training is initialized from."""

from __future__ import annotations

from hyperdistill_core.errors import TrainingError


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


def require_heights(wanted: int, found: int) -> None:
    """Refuse settings that change the number of height samples of a network.

    Args:
        wanted: Height samples in the settings; 0 accepts any.
        found: Height samples of the network that the training is initialized from.

    Raises:
        TrainingError: The numbers differ.

    Examples:
        >>> require_heights(0, 195)
        >>> require_heights(195, 195)
    """
    if wanted not in (0, found):
        raise TrainingError(
            f"height_samples: expected {found} as in the network that the training is "
            f"initialized from, got {wanted}; set height_samples=0 to keep its samples"
        )
