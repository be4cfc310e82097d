"""Bodies as GraphML, for Gephi, yEd, and other graph tools.

The file has one GraphML node for each node of the body, and one edge from each parent to each
child. The fields are those of :mod:`morph_ops.io.schema`: numbers stay numbers, and lists
become JSON text.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from typing import Any, cast

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._messages import cut, one_line
from morph_ops._text_file import read_parsed, write_text
from morph_ops.errors import BodyError, MjcfError
from morph_ops.io._xml import parse_xml
from morph_ops.io.json_file import parse_json
from morph_ops.io.schema import from_dict, to_dict

__all__ = ["from_graphml", "read_graphml", "to_graphml", "write_graphml"]

# The stubs of networkx leave its GraphML functions partly untyped.
_NX: Any = nx

# Attributes that networkx adds to a graph when it reads GraphML.
_ADDED = ("node_default", "edge_default")


def to_graphml(graph: nx.DiGraph[str]) -> str:
    """A body as GraphML text.

    Args:
        graph: A body.

    Raises:
        BodyError: The graph is no body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> text = to_graphml(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> '<node id="torso/0">' in text
        True
    """
    data = to_dict(graph)
    entries = data.pop("bodies")
    flat: nx.DiGraph[str] = nx.DiGraph(**_flat(data))
    for entry in entries:
        name, above = entry.pop("name"), entry.pop("parent")
        flat.add_node(name, **_flat(entry))
        if above is not None:
            flat.add_edge(above, name)
    return "\n".join(_NX.generate_graphml(flat)) + "\n"


def from_graphml(text: str) -> nx.DiGraph[str]:
    """The body in GraphML text.

    Args:
        text: Text from :func:`to_graphml`.

    Raises:
        BodyError: The text is no GraphML, of another version, or no body.

    Examples:
        >>> from_graphml("<graphml/>")
        Traceback (most recent call last):
        morph_ops.errors.BodyError: broken GraphML: file not successfully read as graphml
    """
    try:
        # networkx has no limits: entities and elements en masse would take its memory.
        parse_xml(text)
    except MjcfError as error:
        raise BodyError(f"broken GraphML: {str(error).removeprefix('broken XML: ')}") from None
    try:
        flat = cast("nx.DiGraph[str]", _NX.parse_graphml(text))
    except (ElementTree.ParseError, nx.NetworkXError, KeyError, TypeError, ValueError) as error:
        raise BodyError(f"broken GraphML: {cut(one_line(error))}") from None
    if not flat.is_directed() or flat.is_multigraph():
        raise BodyError("expected a directed graph with an edge from every parent to each child")
    document = {key: _nested(key, value) for key, value in flat.graph.items() if key not in _ADDED}
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
    return from_dict({**document, "bodies": entries})


def read_graphml(path: str | os.PathLike[str]) -> nx.DiGraph[str]:
    """The body in a GraphML file.

    Args:
        path: Path of the file.

    Raises:
        BodyError: The file cannot be read.
        BodyError: The text is no GraphML, of another version, or no body.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from morph_ops.graph import Torso, new_body
        >>> file = Path(tempfile.mkdtemp()) / "ball.graphml"
        >>> write_graphml(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(read_graphml(file))
        ['torso/0']
    """
    return read_parsed(path, from_graphml)


def write_graphml(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as a GraphML file, atomically.

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
        >>> file = Path(tempfile.mkdtemp()) / "ball.graphml"
        >>> write_graphml(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(read_graphml(file))
        ['torso/0']
    """
    write_text(path, to_graphml(graph))


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: json.dumps(value) if isinstance(value, list | dict) else value
        for key, value in values.items()
    }


def _nested(key: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return value
    try:
        return parse_json(value)
    except BodyError as error:
        raise BodyError(f"{key}: expected JSON ({error})") from None
