"""Bodies as GraphML, for Gephi, yEd and other graph tools.

One node a body part, one edge from every parent to each child. The fields are those of
:mod:`morph_ops.io.schema`: plain numbers as numbers, lists as JSON text.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from typing import Any

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._text_file import read_text, write_text
from morph_ops.errors import BodyError
from morph_ops.io.json_file import parse
from morph_ops.io.schema import from_dict, to_dict

_ADDED = ("node_default", "edge_default")


def to_graphml(graph: nx.DiGraph[str]) -> str:
    """A body as GraphML text.

    Args:
        graph: a body.

    Raises:
        BodyError: the graph is no body.
    """
    plain = to_dict(graph)
    entries = plain.pop("bodies")
    flat = nx.DiGraph(**_flat(plain))
    for entry in entries:
        name, above = entry.pop("name"), entry.pop("parent")
        flat.add_node(name, **_flat(entry))
        if above is not None:
            flat.add_edge(above, name)
    return "\n".join(nx.generate_graphml(flat)) + "\n"


def from_graphml(text: str) -> nx.DiGraph[str]:
    """The body in GraphML text.

    Args:
        text: what :func:`to_graphml` returned.

    Raises:
        BodyError: the text is no GraphML, of another version, or no body.
    """
    try:
        flat = nx.parse_graphml(text)
    except (ElementTree.ParseError, nx.NetworkXError, KeyError, TypeError, ValueError) as error:
        raise BodyError(f"broken GraphML: {error}") from None
    if not flat.is_directed() or flat.is_multigraph():
        raise BodyError("expected a directed graph with an edge from every parent to each child")
    # hidden fields that networkx adds on reading
    settings = {key: _nested(key, value) for key, value in flat.graph.items() if key not in _ADDED}
    names = body_graph.node_names(flat)
    if len(names) != len(flat) or flat.number_of_edges() != len(flat) - 1:
        raise BodyError(f"a body is a tree, this graph of {len(flat)} nodes is none")
    entries = [
        {
            "name": name,
            "parent": body_graph.parent(flat, name),
            **{key: _nested(key, value) for key, value in flat.nodes[name].items()},
        }
        for name in names
    ]
    return from_dict({**settings, "bodies": entries})


def read_graphml(path: str | os.PathLike[str]) -> nx.DiGraph[str]:
    """The body in a GraphML file.

    Raises:
        BodyError: the file cannot be read, or as :func:`from_graphml`.
    """
    text = read_text(path)
    try:
        return from_graphml(text)
    except BodyError as error:
        raise BodyError(f"{path}: {error}") from None


def write_graphml(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as a GraphML file, whole or not at all.

    Raises:
        BodyError: the graph is no body, or the file cannot be written.
    """
    write_text(path, to_graphml(graph))


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        key: json.dumps(value) if isinstance(value, list) else value
        for key, value in fields.items()
    }


def _nested(key: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        return parse(value)
    except BodyError as error:
        raise BodyError(f"{key}: expected a JSON list ({error})") from None
