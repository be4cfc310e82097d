"""Errors that end a command early."""

from __future__ import annotations

from numbers import Integral

from hyperdistill_core.controller.checkpoints import ControllerError
from hyperdistill_core.errors import SettingsError, TrainingError
from morph_ops._messages import shown
from morph_ops.errors import BodyError, UnknownNameError


class UsageError(ValueError):
    """Wrong input: a file, name, key or value. The message is one line; the exit code is 2."""


class RunLockedError(UsageError):
    """Another process works on the run."""


class RunError(RuntimeError):
    """Work that failed. The message is one line; the exit code is 1."""


#: Every error about wrong input; all of them have messages of one line.
WRONG_INPUT = (
    UsageError,
    SettingsError,
    BodyError,
    UnknownNameError,
    TrainingError,
    ControllerError,
)


def require_integers(**values: object) -> None:
    """Refuse what is no integer, of Python or of numpy; truth values are none.

    Args:
        values: Values by the name of their argument.

    Raises:
        UsageError: A value is no integer.

    Examples:
        >>> require_integers(seed=1.5)
        Traceback (most recent call last):
        codesign.errors.UsageError: seed: expected an integer, got 1.5
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise UsageError(f"{name}: expected an integer, got {shown(value)}")
