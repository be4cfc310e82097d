"""The project's own description of a body as plain data: what JSON and GraphML files hold.

    format     "codesign-body"
    version    1
    bodies     depth first, children in order; each with its name, its parent's name (null
               for the torso), and the fields of its record in :mod:`morph_ops.graph`
    excludes   pairs of names

Fields that have a default may be missing; fields that nobody knows are refused, so that
no data is lost in silence.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.graph import Joint, Limb, Torso
from morph_ops.validity.wellformed import require_well_formed

FORMAT = "codesign-body"
VERSION = 1

_HINTS = {record: get_type_hints(record) for record in (Torso, Limb, Joint)}
_DOCUMENT = ("format", "version", "bodies", "excludes")


def to_dict(graph: nx.DiGraph[str]) -> dict[str, Any]:
    """A body as dicts, lists, strings and numbers.

    Args:
        graph: a body.

    Raises:
        BodyError: the graph is no body.
    """
    require_well_formed(graph)
    return {
        "format": FORMAT,
        "version": VERSION,
        "bodies": [
            {
                "name": name,
                "parent": body_graph.parent(graph, name),
                **_encode(body_graph.node(graph, name)),
            }
            for name in body_graph.node_names(graph)
        ],
        "excludes": [list(pair) for pair in body_graph.excludes(graph)],
    }


def from_dict(data: Any) -> nx.DiGraph[str]:
    """The body that :func:`to_dict` described.

    Args:
        data: a description.

    Raises:
        BodyError: another format or version.
        BodyError: a field is missing, unknown, or of the wrong type.
        BodyError: the description is no body.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        got = data.get("format") if isinstance(data, dict) else data
        raise BodyError(f"expected a body with format {FORMAT!r}, got {_shown(got)}")
    if type(data.get("version")) is not int or data["version"] != VERSION:
        raise BodyError(
            f"expected version {VERSION} of format {FORMAT!r}, got {_shown(data.get('version'))}; "
            "read it with the release that wrote it"
        )
    _require_keys(data, _DOCUMENT, _DOCUMENT, "the document")
    graph = nx.DiGraph(excludes=())
    for index, entry in enumerate(_decode(list[dict], data["bodies"], "bodies")):
        _add_body(graph, entry, f"bodies[{index}]")
    pairs = _decode(list[tuple[str, str]], data["excludes"], "excludes")
    graph = body_graph.with_excludes(graph, pairs)
    require_well_formed(graph)
    return graph


def _add_body(graph: nx.DiGraph[str], entry: dict[str, Any], where: str) -> None:
    missing = [key for key in ("name", "parent") if key not in entry]
    if missing:
        raise BodyError(f"{where}: {missing[0]} is missing")
    name = _decode(str, entry["name"], f"{where}.name")
    above = _decode(str | None, entry["parent"], f"{where}.parent")
    if name in graph:
        raise BodyError(f"{where}: a body {name!r} stands before it already")
    if above is not None and above not in graph:
        raise BodyError(f"{where}: its parent {above!r} does not stand before it")
    rest = {key: value for key, value in entry.items() if key not in ("name", "parent")}
    kind = Torso if above is None else Limb
    graph.add_node(name, node=_decode(kind, rest, f"{where} ({name!r})"))
    if above is not None:
        graph.add_edge(above, name)


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        shown = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        return {key: item for key, item in shown.items() if item is not None}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    # numpy's scalars are no numbers to JSON
    return value.item() if hasattr(value, "item") else value


def _decode(hint: Any, value: Any, where: str) -> Any:
    """``value`` as the type ``hint``, or an error that says ``where`` it stands."""
    kind, options = get_origin(hint), get_args(hint)
    if hint in _HINTS:
        return _decode_record(hint, value, where)
    if kind is Literal:
        if value in options:
            return value
    elif kind is UnionType:
        return None if value is None else _decode(options[0], value, where)
    elif kind in (tuple, list):
        if isinstance(value, list):
            repeated = kind is list or options[-1] is Ellipsis
            wanted = options[:1] * len(value) if repeated else options
            if len(wanted) == len(value):
                return kind(
                    _decode(option, item, f"{where}[{index}]")
                    for index, (option, item) in enumerate(zip(wanted, value, strict=True))
                )
    elif hint is float:
        # An integer may be too large for a float, which isfinite() would not bear.
        if type(value) in (int, float) and abs(value) <= sys.float_info.max:
            return float(value)
    elif type(value) is hint:
        return value
    raise BodyError(f"{where}: expected {_words(hint)}, got {_shown(value)}")


def _decode_record(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise BodyError(f"{where}: expected an object, got {_shown(value)}")
    hints = _HINTS[kind]
    required = [field.name for field in fields(kind) if field.default is MISSING]
    _require_keys(value, tuple(hints), required, where)
    return kind(**{key: _decode(hints[key], item, f"{where}.{key}") for key, item in value.items()})


def _require_keys(value: dict, known: tuple[str, ...], required: Any, where: str) -> None:
    unknown = [key for key in value if key not in known]
    if unknown:
        raise BodyError(f"{where}: unknown field {unknown[0]!r}; fields: {', '.join(known)}")
    missing = [key for key in required if key not in value]
    if missing:
        raise BodyError(f"{where}: field {missing[0]!r} is missing")


def _words(hint: Any) -> str:
    options = get_args(hint)
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, options))
    if get_origin(hint) in (tuple, list):
        count = "" if get_origin(hint) is list or options[-1] is Ellipsis else f"{len(options)} "
        return f"a list of {count}{_words(options[0])}s"
    return {float: "finite number", int: "integer", str: "text"}.get(hint, "object")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
