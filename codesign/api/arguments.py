"""Checks of the arguments of the Python interface."""

from __future__ import annotations

from codesign.errors import UsageError


def require_arguments_at_least(least: int, **values: int | None) -> None:
    """Refuse numbers that are too small.

    Args:
        least: The smallest number that is allowed.
        values: Numbers by the name of their argument; None stands for a default.

    Raises:
        UsageError: A number is below ``least``.

    Examples:
        >>> require_arguments_at_least(1, steps=0)
        Traceback (most recent call last):
        codesign.errors.UsageError: steps: expected at least 1, got 0
    """
    for name, value in values.items():
        if value is not None and value < least:
            raise UsageError(f"{name}: expected at least {least}, got {value}")
