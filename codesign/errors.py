"""The two ways in which a command ends early."""

from __future__ import annotations

from hyperdistill_core.checkpoints import ControllerError
from hyperdistill_core.errors import TrainingError
from morph_ops.choices import UnknownChoiceError
from morph_ops.graph import BodyError


class UsageError(ValueError):
    """Wrong input: a file, name, key or value. One line for people; exit code 2."""


class RunLockedError(UsageError):
    """Another process works on the run."""


class RunError(RuntimeError):
    """Something failed while working. One line for people; exit code 1."""


WRONG_INPUT = (UsageError, BodyError, UnknownChoiceError, TrainingError, ControllerError)
"""Every error that tells users about what they gave."""


def one_line(error: BaseException) -> str:
    """The message of an error without its line breaks, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def failure(error: BaseException) -> str:
    """The type and the message of an error, for records and logs."""
    return f"{type(error).__name__}: {one_line(error)}"


def reason(error: Exception) -> str:
    """Why a file could not be used, without its path and the error number."""
    return getattr(error, "strerror", None) or one_line(error)
