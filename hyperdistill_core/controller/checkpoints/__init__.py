"""The controllers that ship: NAME.safetensors, each with its model card NAME.md.

Looking a name up needs no torch; :mod:`hyperdistill_core.controller.controller` loads what is found.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from morph_ops._registry import lookup
from morph_ops.errors import UnknownNameError

__all__ = ["SUFFIX", "ControllerError", "available", "find"]

SUFFIX = ".safetensors"


class ControllerError(ValueError):
    """There is no such controller, or its file is none. The message is one line for people."""


def available() -> list[str]:
    """Names of the shipped controllers."""
    return sorted(_shipped())


def find(name_or_path: str | Path) -> Path:
    """The file of a shipped controller, by its name, or of any other, by its path.

    A shipped controller's name wins over a file that is called alike.

    Raises:
        ControllerError: no shipped controller has that name, and it is no file.
    """
    shipped, path = _shipped(), Path(name_or_path)
    if str(path) not in shipped:
        if path.is_file():
            return path
        if path.suffix == SUFFIX:
            raise ControllerError(f"{path}: no such file")
    try:
        return lookup(shipped, str(name_or_path), what="controller")
    except UnknownNameError as error:
        raise ControllerError(f"{error}; or give a {SUFFIX} file") from None


def _shipped() -> dict[str, Path]:
    paths = [Path(str(entry)) for entry in resources.files(__name__).iterdir()]
    return {path.stem: path for path in paths if path.suffix == SUFFIX}
