"""Errors that users can fix; importing them costs nothing."""

from __future__ import annotations

from typing import NamedTuple


class Complaint(NamedTuple):
    """What is wrong with one setting.

    Attributes:
        setting: Dotted name of the setting; empty where no single one is wrong.
        message: What was expected and what was found.
    """

    setting: str
    message: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.message}" if self.setting else self.message

    def inside(self, table: str) -> Complaint:
        """The same complaint, named from outside of the table that holds the setting."""
        if not table:
            return self
        return Complaint(f"{table}.{self.setting}" if self.setting else table, self.message)


class SettingsError(ValueError):
    """Settings that cannot be used; the message is one line.

    Args:
        complaints: One for each setting that is wrong.

    Example:
        >>> print(SettingsError.of("seed", "expected at least 0, got -1"))
        seed: expected at least 0, got -1
    """

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__(*complaints)
        self.complaints = complaints

    @classmethod
    def of(cls, setting: str, message: str) -> SettingsError:
        """The error of one setting."""
        return cls(Complaint(setting, message))

    def __str__(self) -> str:
        return "; ".join(map(str, self.complaints))


class TrainingError(ValueError):
    """Settings, bodies or data that a training cannot use. One line for people."""


class CheckpointError(TrainingError):
    """A file that is no checkpoint of the expected kind. One line for people."""
