"""Formats that need a package or a command that is not always installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypeAlias

from codesign.errors import UsageError

#: The command that writes USD. It needs a MuJoCo of its own, so it lives in its own environment.
USD_COMMAND = "mujoco_usd_converter"


@dataclass(frozen=True)
class Extra:
    """A package that a format needs.

    Attributes:
        name: The package.
        extra: Name of the optional dependencies of this project that hold it.
    """

    name: str
    extra: str

    @property
    def installed(self) -> bool:
        """Whether the package is installed."""
        return find_spec(self.name) is not None

    @property
    def remedy(self) -> str:
        """The command that installs it."""
        return f"pip install 'codesign[{self.extra}]'"


@dataclass(frozen=True)
class Command:
    """A command that a format needs.

    Attributes:
        name: The command.
        package: Package that has it.
    """

    name: str
    package: str

    @property
    def installed(self) -> bool:
        """Whether the command is found."""
        return shutil.which(self.name) is not None

    @property
    def remedy(self) -> str:
        """The command that installs it."""
        return f"pipx install {self.package}"


Need: TypeAlias = Extra | Command

#: What each of these formats needs; all others can be written everywhere.
NEEDS: dict[str, Need] = {
    "onnx": Extra("onnx", "onnx"),
    "parquet": Extra("pyarrow", "tables"),
    "usd": Command(USD_COMMAND, "mujoco-usd-converter"),
    "print": Extra("manifold3d", "print"),
}


def missing(formats: Iterable[str]) -> dict[str, Need]:
    """Formats that cannot be written here, with what they need.

    Args:
        formats: Names of formats.

    Examples:
        >>> missing(["mjcf", "json"])
        {}
    """
    return {name: NEEDS[name] for name in formats if name in NEEDS and not NEEDS[name].installed}


def require_packages(formats: Iterable[str]) -> None:
    """Refuse formats that cannot be written here.

    Args:
        formats: Names of formats.

    Raises:
        UsageError: A package or a command is not installed.
    """
    for name, need in missing(formats).items():
        raise UsageError(
            f"the format {name} requires {need.name}: run {need.remedy}, or choose another format"
        )
