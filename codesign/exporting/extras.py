"""Formats that need a package that is not always installed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from codesign.errors import UsageError


@dataclass(frozen=True)
class Extra:
    """What a format needs.

    Attributes:
        package: Package that writes it.
        extra: Name of the optional dependencies of this project that hold the package.
    """

    package: str
    extra: str

    @property
    def installed(self) -> bool:
        """Whether the package is installed."""
        return find_spec(self.package) is not None


#: What each of these formats needs; all others can be written everywhere.
EXTRAS = {
    "onnx": Extra("onnx", "onnx"),
    "parquet": Extra("pyarrow", "tables"),
    "print": Extra("manifold3d", "print"),
}


def missing(formats: Iterable[str]) -> dict[str, Extra]:
    """Formats that cannot be written here, with what they need.

    Args:
        formats: Names of formats.

    Examples:
        >>> missing(["mjcf", "json"])
        {}
    """
    return {name: EXTRAS[name] for name in formats if name in EXTRAS and not EXTRAS[name].installed}


def require_packages(formats: Iterable[str]) -> None:
    """Refuse formats that cannot be written here.

    Args:
        formats: Names of formats.

    Raises:
        UsageError: A package is not installed.
    """
    for name, extra in missing(formats).items():
        raise UsageError(
            f"the format {name} requires {extra.package}: run pip install "
            f"'codesign[{extra.extra}]', or choose another format"
        )
