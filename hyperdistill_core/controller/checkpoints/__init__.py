"""The shipped controllers: NAME.safetensors, each with its model card NAME.md.

Looking up a name needs no torch. :class:`hyperdistill_core.controller.Controller` loads the file.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from morph_ops._registry import Registry
from morph_ops._text_file import is_file
from morph_ops.errors import UnknownNameError

__all__ = ["SUFFIX", "ControllerError", "available", "find"]

#: Suffix of a controller's file.
SUFFIX = ".safetensors"


class ControllerError(ValueError):
    """A controller does not exist, or its file cannot be used. The message is one line."""


def available() -> list[str]:
    """Names of the shipped controllers, sorted.

    Examples:
        >>> "flat-v2" in available()
        True
    """
    return sorted(_shipped())


def find(name_or_path: str | Path) -> Path:
    """Path of a controller's file.

    Args:
        name_or_path: Name of a shipped controller, or path of a file. The name of a shipped
            controller wins over a file of the same name.

    Raises:
        ControllerError: There is no such file and no shipped controller of that name.

    Examples:
        >>> find("flat-v2").name
        'flat-v2.safetensors'
    """
    shipped, path = _shipped(), Path(name_or_path)
    if str(path) not in shipped:
        if is_file(path):
            return path
        if path.suffix == SUFFIX:
            raise ControllerError(f"{path}: no such file")
    try:
        return shipped.lookup(str(name_or_path))
    except UnknownNameError as error:
        raise ControllerError(f"{error}; or give a {SUFFIX} file") from None


def _shipped() -> Registry[Path]:
    paths = (Path(str(entry)) for entry in resources.files(__name__).iterdir())
    return Registry("controller", {path.stem: path for path in paths if path.suffix == SUFFIX})
