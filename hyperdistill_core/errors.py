"""Errors that users can mend; importing them costs nothing."""

from __future__ import annotations


class TrainingError(ValueError):
    """Settings, bodies or data that a training cannot use. One line for people."""


class CheckpointError(TrainingError):
    """A file that is no checkpoint of the expected kind. One line for people."""
