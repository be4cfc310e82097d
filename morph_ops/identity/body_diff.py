"""Differences between a parent and its child, node by node."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Joint, Limb, Node


def diff(parent: nx.DiGraph[str], child: nx.DiGraph[str]) -> dict[str, Any]:
    """The nodes that only one of two bodies has, and the values that differ.

    Nodes are matched by name. Operators keep names, so the result makes sense for a parent
    and its child, not for any two bodies.

    Args:
        parent: A body.
        child: The body that operators made of it.

    Returns:
        A dict that JSON can hold, without empty entries. ``"added"`` and ``"removed"`` are names
        of nodes, depth first. ``"changed"`` has, for each node in both bodies that differs, the
        value before and after of every field that differs, such as
        ``{"limb/3": {"radius": [0.04, 0.05]}}``. A field of a joint is named after its slot, such
        as ``"x.gear"``. The value is None where a body has no joint in the slot.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.operators import gear
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(1))
        >>> found = diff(body, gear(body, np.random.default_rng(0)))
        >>> sorted({field for values in found["changed"].values() for field in values})
        ['x.gear', 'y.gear']
    """
    before, after = (
        {name: body_graph.node(graph, name) for name in body_graph.node_names(graph)}
        for graph in (parent, child)
    )
    found: dict[str, Any] = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": {
            name: _differences(node, after[name])
            for name, node in before.items()
            if name in after and after[name] != node
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


def _values(node: Node) -> dict[str, Any]:
    found = {f.name: _as_json(getattr(node, f.name)) for f in fields(node) if f.name != "joints"}
    for joint in node.joints if isinstance(node, Limb) else ():
        found[joint.slot] = joint.name
        for field in fields(Joint):
            if field.name not in ("name", "slot"):
                found[f"{joint.slot}.{field.name}"] = _as_json(getattr(joint, field.name))
    return found


def _as_json(value: Any) -> Any:
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
