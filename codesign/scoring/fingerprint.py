"""What must be the same on two machines for their scores to be."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from codesign import __version__
from codesign.scoring.scorer import find_controller

PACKAGES = ("morph_ops", "hyperdistill_core", "codesign")
LIBRARIES = ("mujoco", "mjbatch", "numpy", "torch", "networkx")


def fingerprint(controller: str | Path) -> dict[str, str]:
    """Versions and hashes by name; imports none of the libraries.

    Args:
        controller: name of a shipped controller, or path of one; a file that is missing
            counts as a difference.
    """
    return {
        "codesign": __version__,
        "code of codesign": _hash_of_code(),
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{library: installed(library) for library in LIBRARIES},
        f"controller {controller}": _hash_of_file(controller),
    }


def installed(library: str) -> str:
    """Version of a library; "none" where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _hash_of_code() -> str:
    digest = hashlib.sha256()
    for package in PACKAGES:
        _add_sources(digest, files(package))
    return digest.hexdigest()[:12]


def _add_sources(digest: hashlib._Hash, folder: Traversable) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            _add_sources(digest, entry)
        elif entry.name.endswith(".py"):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())


def _hash_of_file(controller: str | Path) -> str:
    # UsageError is one of ValueErrors: the worker's message is of no use to the coordinator.
    try:
        return hashlib.sha256(find_controller(controller).read_bytes()).hexdigest()[:12]
    except (OSError, ValueError):
        return "no such file"
