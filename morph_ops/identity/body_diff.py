"""What tells a child from its parent, part by part."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Joint, Limb, Node


def diff(parent: nx.DiGraph[str], child: nx.DiGraph[str]) -> dict[str, Any]:
    """Parts that one body has and the other lacks, and values that differ.

    Parts are matched by name, which operators keep; so this is for a parent and its child,
    not for any two bodies.

    Args:
        parent: a body.
        child: what operators made of it.

    Returns:
        ``"added"`` and ``"removed"``, names of parts, depth first; and ``"changed"``: for
        each part that both have and that differs, the value before and after of every
        field, such as ``{"limb/3": {"radius": [0.04, 0.05]}}``. The field of a joint is
        ``"x.gear"``, by its slot; a slot that one of them lacks is None there. Only what
        JSON holds, and only entries that are not empty.
    """
    before, after = (
        {name: body_graph.node(graph, name) for name in body_graph.node_names(graph)}
        for graph in (parent, child)
    )
    found = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": {
            name: _differences(part, after[name])
            for name, part in before.items()
            if name in after and after[name] != part
        },
    }
    return {key: value for key, value in found.items() if value}


def _differences(before: Node, after: Node) -> dict[str, list[Any]]:
    old, new = _values(before), _values(after)
    return {
        name: [old.get(name), new.get(name)]
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    }


def _values(part: Node) -> dict[str, Any]:
    found = {f.name: _plain(getattr(part, f.name)) for f in fields(part) if f.name != "joints"}
    for joint in part.joints if isinstance(part, Limb) else ():
        found[joint.slot] = joint.name
        for field in fields(Joint):
            if field.name not in ("name", "slot"):
                found[f"{joint.slot}.{field.name}"] = _plain(getattr(joint, field.name))
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
