"""Bodies as JSON: every digit and every order, with one line for each node.

The layout is described in :mod:`morph_ops.io.schema`.
"""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn

import networkx as nx

from morph_ops._messages import shown
from morph_ops._text_file import read_parsed, write_text
from morph_ops.errors import BodyError
from morph_ops.io.schema import from_dict, to_dict

__all__ = ["from_json", "parse_json", "read_json", "to_json", "write_json"]


def to_json(graph: nx.DiGraph[str]) -> str:
    """A body as JSON text.

    Args:
        graph: A body.

    Raises:
        BodyError: The graph is no body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> print(to_json(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))[:40])
        {"format": "codesign-body", "version": 1
    """
    data = to_dict(graph)
    nodes = ",\n".join(f"  {json.dumps(entry)}" for entry in data.pop("bodies"))
    tail = json.dumps(data.pop("excludes"))
    head = json.dumps(data)[1:-1]
    return f'{{{head},\n "bodies": [\n{nodes}\n ],\n "excludes": {tail}}}\n'


def from_json(text: str) -> nx.DiGraph[str]:
    """The body in JSON text.

    Args:
        text: Text from :func:`to_json`, or written by hand in the same layout.

    Raises:
        BodyError: The text is no JSON, of another version, or no body.

    Examples:
        >>> from_json('{"format": "urdf"}')
        Traceback (most recent call last):
        morph_ops.errors.BodyError: expected a body with format 'codesign-body', got 'urdf'
    """
    return from_dict(parse_json(text))


def parse_json(text: str) -> Any:
    """The data in JSON text, read more strictly than Python's own module does.

    Args:
        text: JSON text.

    Raises:
        BodyError: The text is no JSON, or nested too deeply.
        BodyError: A field occurs twice in one object.
        BodyError: A number is not finite.

    Examples:
        >>> parse_json('{"radius": NaN}')
        Traceback (most recent call last):
        morph_ops.errors.BodyError: expected finite numbers, got NaN
    """
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except BodyError:
        raise
    except ValueError as error:  # also of an integer with thousands of digits
        raise BodyError(f"broken JSON: {error}") from None
    except RecursionError:
        raise BodyError("broken JSON: nested too deeply") from None


def read_json(path: str | os.PathLike[str]) -> nx.DiGraph[str]:
    """The body in a JSON file.

    Args:
        path: Path of the file.

    Raises:
        BodyError: The file cannot be read.
        BodyError: The text is no JSON, of another version, or no body.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from morph_ops.graph import Torso, new_body
        >>> file = Path(tempfile.mkdtemp()) / "ball.json"
        >>> write_json(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(read_json(file))
        ['torso/0']
    """
    return read_parsed(path, from_json)


def write_json(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as a JSON file, atomically.

    Args:
        graph: A body.
        path: Path of the file; an existing file is replaced.

    Raises:
        BodyError: The graph is no body.
        BodyError: The file cannot be written.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from morph_ops.graph import Torso, new_body
        >>> file = Path(tempfile.mkdtemp()) / "ball.json"
        >>> write_json(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(read_json(file))
        ['torso/0']
    """
    write_text(path, to_json(graph))


def _refuse(word: str) -> NoReturn:
    raise BodyError(f"expected finite numbers, got {word}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BodyError(f"field {shown(key)} occurs twice in one object")
        found[key] = value
    return found
