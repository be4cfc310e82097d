"""Errors that users can fix; importing them costs nothing."""

from __future__ import annotations

from typing import NamedTuple


class SettingProblem(NamedTuple):
    """What is wrong with one setting.

    Attributes:
        setting: Dotted name of the setting; empty where no single one is wrong.
        message: What was expected and what was found.

    Examples:
        >>> str(SettingProblem("steps", "expected at least 1, got 0").inside("task"))
        'task.steps: expected at least 1, got 0'
    """

    setting: str
    message: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.message}" if self.setting else self.message

    def inside(self, table: str) -> SettingProblem:
        """The same problem, with the name of the table before the setting.

        Args:
            table: Name of the table that holds the setting; empty for none.
        """
        if not table:
            return self
        return SettingProblem(f"{table}.{self.setting}" if self.setting else table, self.message)


class SettingsError(ValueError):
    """Settings that cannot be used; the message is one line.

    Args:
        problems: One for each setting that is wrong.

    Examples:
        >>> print(SettingsError.of("seed", "expected at least 0, got -1"))
        seed: expected at least 0, got -1
    """

    def __init__(self, *problems: SettingProblem) -> None:
        super().__init__(*problems)
        self.problems = problems

    @classmethod
    def of(cls, setting: str, message: str) -> SettingsError:
        """The error of one setting.

        Args:
            setting: Dotted name of the setting.
            message: What was expected, what was found, and what to do.
        """
        return cls(SettingProblem(setting, message))

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))


class TrainingError(ValueError):
    """Bodies or data that a training cannot use. The message is one line."""


class CheckpointError(TrainingError):
    """A file that is not a checkpoint of the expected kind. The message is one line."""
