"""Bodies as JSON: every digit, every order, one line a body part.

The layout is :mod:`morph_ops.io.schema`'s.
"""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn

import networkx as nx

from morph_ops._text_file import read_text, write_text
from morph_ops.errors import BodyError
from morph_ops.io.schema import from_dict, to_dict


def to_json(graph: nx.DiGraph[str]) -> str:
    """A body as JSON text.

    Args:
        graph: a body.

    Raises:
        BodyError: the graph is no body.
    """
    plain = to_dict(graph)
    bodies = ",\n".join(f"  {json.dumps(entry)}" for entry in plain.pop("bodies"))
    tail = json.dumps(plain.pop("excludes"))
    head = json.dumps(plain)[1:-1]
    return f'{{{head},\n "bodies": [\n{bodies}\n ],\n "excludes": {tail}}}\n'


def from_json(text: str) -> nx.DiGraph[str]:
    """The body in JSON text.

    Args:
        text: what :func:`to_json` returned, or written by hand alike.

    Raises:
        BodyError: the text is no JSON, of another version, or no body.
    """
    return from_dict(parse(text))


def parse(text: str) -> Any:
    """JSON text as plain data, read more strictly than Python does by itself.

    Raises:
        BodyError: the text is no JSON, has a field twice in one object, or numbers that
            JSON does not know.
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

    Raises:
        BodyError: the file cannot be read, or as :func:`from_json`.
    """
    text = read_text(path)
    try:
        return from_json(text)
    except BodyError as error:
        raise BodyError(f"{path}: {error}") from None


def write_json(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as a JSON file, whole or not at all.

    Raises:
        BodyError: the graph is no body, or the file cannot be written.
    """
    write_text(path, to_json(graph))


def _refuse(word: str) -> NoReturn:
    raise BodyError(f"expected finite numbers, got {word}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise BodyError(f"field {key!r} stands twice in one object")
        seen[key] = value
    return seen
