"""Errors that end a command early."""

from __future__ import annotations

from hyperdistill_core.controller.checkpoints import ControllerError
from hyperdistill_core.errors import SettingsError, TrainingError
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
