"""The two ways in which a command ends early."""

from __future__ import annotations

from hyperdistill_core.controller.checkpoints import ControllerError
from hyperdistill_core.errors import SettingsError, TrainingError
from morph_ops.errors import BodyError, UnknownNameError


class UsageError(ValueError):
    """Wrong input: a file, name, key or value. One line for people; exit code 2."""


class RunLockedError(UsageError):
    """Another process works on the run."""


class RunError(RuntimeError):
    """Something failed while working. One line for people; exit code 1."""


WRONG_INPUT = (
    UsageError,
    SettingsError,
    BodyError,
    UnknownNameError,
    TrainingError,
    ControllerError,
)
"""Every error that tells users about what they gave."""
