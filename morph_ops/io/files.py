"""Bodies in files of any kind, chosen by the file's extension."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import networkx as nx

from morph_ops.errors import BodyError

# module, reader and writer; loaded when needed, since MJCF brings MuJoCo along
_FORMATS = {
    ".xml": ("morph_ops.io.mjcf", "read", "write"),
    ".mjcf": ("morph_ops.io.mjcf", "read", "write"),
    ".json": ("morph_ops.io.json_file", "read_json", "write_json"),
    ".graphml": ("morph_ops.io.graphml_file", "read_graphml", "write_graphml"),
}

#: Endings of files that hold a robot.
ROBOT_ENDINGS = tuple(_FORMATS)


def robot_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Files of a folder that hold robots, by name.

    Files that differ in their ending alone are one robot in several formats, as exported designs
    are; the first of them is taken.

    Raises:
        BodyError: there is none.
    """
    files = sorted(file for file in Path(folder).iterdir() if file.suffix in ROBOT_ENDINGS)
    if not files:
        raise BodyError(f"{folder}: no robots ({', '.join(ROBOT_ENDINGS)}) in this folder")
    return list({file.stem: file for file in reversed(files)}.values())[::-1]


def read_body(path: str | os.PathLike[str]) -> nx.DiGraph[str]:
    """The body in an MJCF (.xml, .mjcf), JSON or GraphML file.

    Args:
        path: of the file.

    Raises:
        BodyError: another extension, or a file that cannot be read or is no body.
    """
    module, reader, _ = _format(path)
    return _load(module, reader)(path)


def write_body(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as MJCF (.xml, .mjcf), JSON or GraphML, whole or not at all.

    Args:
        graph: a body.
        path: of the file; an existing one is replaced.

    Raises:
        BodyError: another extension, a graph that is no body, or a file that cannot be
            written.
    """
    module, _, writer = _format(path)
    _load(module, writer)(graph, path)


def _format(path: str | os.PathLike[str]) -> tuple[str, str, str]:
    extension = Path(path).suffix.lower()
    if extension not in _FORMATS:
        raise BodyError(
            f"{path}: no body format has the extension {extension!r}; "
            f"extensions: {', '.join(_FORMATS)}"
        )
    return _FORMATS[extension]


def _load(module: str, function: str) -> Any:
    return getattr(importlib.import_module(module), function)
