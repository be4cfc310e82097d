"""Checks of the arguments of the Python interface."""

from __future__ import annotations

from codesign.errors import UsageError, require_integers


def require_arguments_at_least(
    least: int, *, most: int | None = None, **values: int | None
) -> None:
    """Refuse what is no integer, and numbers that are too small or too large.

    Args:
        least: The smallest number that is allowed.
        most: The largest one; None for no limit.
        values: Numbers by the name of their argument; None stands for a default.

    Raises:
        UsageError: A value is no integer, or below ``least``, or above ``most``.

    Examples:
        >>> require_arguments_at_least(1, steps=0)
        Traceback (most recent call last):
        codesign.errors.UsageError: steps: expected at least 1, got 0
    """
    given = {name: value for name, value in values.items() if value is not None}
    require_integers(**given)
    for name, value in given.items():
        if value < least:
            raise UsageError(f"{name}: expected at least {least}, got {value}")
        if most is not None and value > most:
            raise UsageError(f"{name}: expected at most {most}, got {value}")


def require_variant(variant: int, *, known: int, controller: object) -> None:
    """Refuse a controller variant that there is not.

    Args:
        variant: Number of the variant.
        known: Number of variants that the controller has.
        controller: Name of the controller, for the message.

    Raises:
        UsageError: The controller has no such variant.

    Examples:
        >>> require_variant(9, known=8, controller="a")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        codesign.errors.UsageError: variant: expected 0 .. 7, because ...
    """
    if not 0 <= variant < known:
        raise UsageError(
            f"variant: expected 0 .. {known - 1}, because the controller {controller} has "
            f"{known} variant{'s' * (known > 1)}, got {variant}"
        )
