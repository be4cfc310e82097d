"""Versions and hashes that two machines must share for their scores to be equal."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from codesign.scoring.controllers import find_controller

PACKAGES = ("morph_ops", "hyperdistill_core", "codesign")
LIBRARIES = ("mujoco", "mjbatch", "numpy", "torch", "networkx")


def fingerprint(controller: str | Path) -> dict[str, str]:
    """Versions and hashes by name; none of the libraries is imported.

    Args:
        controller: Name of a shipped controller, or path of a controller file. A missing file
            gets the entry "no such file", so that it counts as a difference.

    Examples:
        >>> list(fingerprint("flat-v2"))[:3]
        ['codesign', 'code of codesign', 'Python']
    """
    return {
        "codesign": installed_version("codesign"),
        "code of codesign": _hash_of_code(),
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{library: installed_version(library) for library in LIBRARIES},
        f"controller {controller}": _hash_of_file(controller),
    }


def installed_version(library: str) -> str:
    """The version of an installed library, or "none".

    Examples:
        >>> installed_version("no-such-library")
        'none'
    """
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _hash_of_code() -> str:
    digest = hashlib.sha256()
    for package in PACKAGES:
        for source in _sources(files(package)):
            digest.update(source)
    return digest.hexdigest()[:12]


def _sources(folder: Traversable) -> Iterator[bytes]:
    """Name and content of each Python file, sorted by name within each folder."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry.name.encode() + b"\0" + entry.read_bytes()


def _hash_of_file(controller: str | Path) -> str:
    # An error message of the worker is of no use to the process that compares fingerprints.
    try:
        return hashlib.sha256(find_controller(controller).read_bytes()).hexdigest()[:12]
    except (OSError, ValueError):
        return "no such file"
