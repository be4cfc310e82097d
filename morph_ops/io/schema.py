"""The schema of a body as plain data: the content of JSON and GraphML files.

    ========== =================================================================
    field      content
    ========== =================================================================
    format     "codesign-body"
    version    1
    bodies     the nodes (MuJoCo calls each a body), depth first, children in
               order; each has its name, the name of its parent (null for the
               torso), and the fields of its record in :mod:`morph_ops.graph`
    excludes   pairs of names of nodes that must not collide
    physics    for a robot from elsewhere, the fields of
               :class:`~morph_ops.graph.Physics`; other bodies have no such field
    ========== =================================================================

Fields with a default may be missing. Unknown fields are refused, so that no data is lost
silently.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._messages import shown
from morph_ops.errors import BodyError
from morph_ops.graph import Joint, Limb, Physics, Torso
from morph_ops.io._xml import MOST_BODIES
from morph_ops.io.own_physics import require_fitting_physics
from morph_ops.physics import Scale
from morph_ops.validity.wellformed import require_well_formed

__all__ = ["FORMAT", "VERSION", "from_dict", "to_dict"]

FORMAT = "codesign-body"
VERSION = 1

_HINTS = {record: get_type_hints(record) for record in (Torso, Limb, Joint, Physics, Scale)}
_DOCUMENT = ("format", "version", "bodies", "excludes")


def to_dict(graph: nx.DiGraph[str]) -> dict[str, Any]:
    """A body as dicts, lists, strings, and numbers.

    Args:
        graph: A body.

    Raises:
        BodyError: The graph is no body.

    Examples:
        >>> from morph_ops.graph import new_body
        >>> data = to_dict(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> list(data), data["bodies"][0]["name"]
        (['format', 'version', 'bodies', 'excludes'], 'torso/0')
    """
    require_well_formed(graph)
    physics = body_graph.physics(graph)
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
        **({} if physics is None else {"physics": _encode(physics)}),
    }


def from_dict(data: Any) -> nx.DiGraph[str]:
    """The body that :func:`to_dict` described.

    Args:
        data: The description.

    Raises:
        BodyError: The format or the version is another one.
        BodyError: A field is missing, unknown, or of the wrong type.
        BodyError: The description is no body, or has too many nodes.
        BodyError: The physics names a file, asks for more than a robot needs, or does not fit the
            nodes.

    Examples:
        >>> from_dict({"format": "codesign-body", "version": 7})
        Traceback (most recent call last):
        morph_ops.errors.BodyError: expected version 1 of format 'codesign-body', got 7; \
read it with the release that wrote it
    """
    found = cast("dict[Any, Any]", data) if isinstance(data, dict) else None
    if found is None or found.get("format") != FORMAT:
        got = shown(cast("object", data) if found is None else found.get("format"))
        raise BodyError(f"expected a body with format {FORMAT!r}, got {got}")
    version = found.get("version")
    if type(version) is not int or version != VERSION:
        raise BodyError(
            f"expected version {VERSION} of format {FORMAT!r}, got {shown(version)}; "
            "read it with the release that wrote it"
        )
    _require_keys(found, (*_DOCUMENT, "physics"), _DOCUMENT, "the document")
    graph: nx.DiGraph[str] = nx.DiGraph(excludes=())
    entries = _decode(list[dict[Any, Any]], found["bodies"], "bodies")
    if len(entries) > MOST_BODIES:
        raise BodyError(f"bodies: expected at most {MOST_BODIES} nodes, got {len(entries)}")
    for index, entry in enumerate(entries):
        _add_node(graph, entry, f"bodies[{index}]")
    pairs = _decode(list[tuple[str, str]], found["excludes"], "excludes")
    graph = body_graph.with_excludes(graph, pairs)
    if "physics" in found:
        physics = _decode(Physics, found["physics"], "physics")
        graph = body_graph.with_physics(graph, physics)
    require_well_formed(graph)
    require_fitting_physics(graph)
    return graph


def _add_node(graph: nx.DiGraph[str], entry: dict[str, Any], where: str) -> None:
    missing = [key for key in ("name", "parent") if key not in entry]
    if missing:
        raise BodyError(f"{where}: {missing[0]} is missing")
    name = _decode(str, entry["name"], f"{where}.name")
    above = _decode(str | None, entry["parent"], f"{where}.parent")
    if name in graph:
        raise BodyError(f"{where}: an earlier node has the name {shown(name)} already")
    if above is not None and above not in graph:
        raise BodyError(
            f"{where}: expected its parent {shown(above)} before it, found no such node"
        )
    rest = {key: value for key, value in entry.items() if key not in ("name", "parent")}
    kind = Torso if above is None else Limb
    graph.add_node(name, node=_decode(kind, rest, f"{where} ({shown(name)})"))
    if above is not None:
        graph.add_edge(above, name)


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        encoded = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        return {key: item for key, item in encoded.items() if item is not None}
    if isinstance(value, tuple):
        return [_encode(item) for item in cast("tuple[Any, ...]", value)]
    # JSON does not accept numpy's scalars as numbers.
    return value.item() if hasattr(value, "item") else value


def _decode(hint: Any, value: Any, where: str) -> Any:
    """A value as the type of a hint; an error says at which place the value has another type."""
    kind, options = get_origin(hint), get_args(hint)
    if hint in _HINTS:
        return _decode_record(hint, value, where)
    if kind is Literal:
        if value in options:
            return value
    elif kind is UnionType:
        return None if value is None else _decode(options[0], value, where)
    elif kind is dict:
        if isinstance(value, dict):
            return cast("dict[Any, Any]", value)
    elif kind in (tuple, list):
        if isinstance(value, list):
            items = cast("list[Any]", value)
            repeated = kind is list or options[-1] is Ellipsis
            wanted = options[:1] * len(items) if repeated else options
            if len(wanted) == len(items):
                decoded = [
                    _decode(option, item, f"{where}[{index}]")
                    for index, (option, item) in enumerate(zip(wanted, items, strict=True))
                ]
                return decoded if kind is list else tuple(decoded)
    elif hint is float:
        # An integer may be too large for a float, and isfinite() would raise an error then.
        if type(value) in (int, float) and abs(value) <= sys.float_info.max:
            return float(value)
    elif type(value) is hint:
        return value
    raise BodyError(f"{where}: expected {_words(hint)}, got {shown(cast('object', value))}")


def _decode_record(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise BodyError(f"{where}: expected an object, got {shown(value)}")
    found = cast("dict[Any, Any]", value)
    hints = _HINTS[kind]
    required = [field.name for field in fields(kind) if field.default is MISSING]
    _require_keys(found, tuple(hints), required, where)
    return kind(**{key: _decode(hints[key], item, f"{where}.{key}") for key, item in found.items()})


def _require_keys(
    value: dict[Any, Any], known: tuple[str, ...], required: Iterable[str], where: str
) -> None:
    unknown = [key for key in value if key not in known]
    if unknown:
        raise BodyError(f"{where}: unknown field {shown(unknown[0])}; fields: {', '.join(known)}")
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
