"""Names that other programs accept: dm_control's PyMJCF, for one, allows no slash."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import replace

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Limb, Physics


def with_plain_names(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """A copy of a body whose names have ``-`` in place of ``/``.

    The physics of a robot from elsewhere has the new names, too: of its bodies, joints, geoms and
    all else.

    Args:
        graph: A body; it stays untouched.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> plain = with_plain_names(sample_body(np.random.default_rng(0)))
        >>> body_graph.node_names(plain)[:2]
        ['torso-0', 'limb-0']
    """
    physics = body_graph.physics(graph)
    document = None if physics is None else ElementTree.fromstring(physics.mjcf)
    others = [] if document is None else [each.get("name", "") for each in document.iter()]
    nodes = _plain([*body_graph.node_names(graph), *others])
    joints = _plain([*(joint.name for _, joint in body_graph.joints(graph)), *others])
    renamed = nx.relabel_nodes(graph, {name: nodes[name] for name in graph})
    for name in body_graph.limbs(renamed):
        limb = body_graph.node(renamed, name)
        if isinstance(limb, Limb):
            own = tuple(replace(joint, name=joints[joint.name]) for joint in limb.joints)
            renamed.nodes[name]["node"] = replace(limb, joints=own)
    if physics is not None and document is not None:
        plain = _renamed(physics, document, nodes=nodes, joints=joints)
        renamed = body_graph.with_physics(renamed, plain)
    pairs = [(nodes[a], nodes[b]) for a, b in body_graph.excludes(graph)]
    return body_graph.with_excludes(renamed, pairs)


def _renamed(
    physics: Physics,
    document: ElementTree.Element,
    *,
    nodes: Mapping[str, str],
    joints: Mapping[str, str],
) -> Physics:
    """A physics with other names, whose text is given as a document."""
    for element in document.iter():
        own = joints if element.tag in {"joint", "freejoint"} else nodes
        for key, value in element.attrib.items():
            names = joints if key.startswith("joint") else own
            element.set(key, names.get(value, value))
    return replace(
        physics,
        mjcf=ElementTree.tostring(document, encoding="unicode"),
        nodes=tuple(nodes[name] for name in physics.nodes),
        drives=tuple(joints[name] for name in physics.drives),
        scales=tuple((nodes[name], scale) for name, scale in physics.scales),
    )


def _plain(names: Iterable[str]) -> dict[str, str]:
    """Plain names by name, all of them different."""
    plain: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in plain:
            continue
        candidate, number = name.replace("/", "-"), 1
        while candidate in taken:
            number += 1
            candidate = f"{name.replace('/', '-')}-{number}"
        taken.add(candidate)
        plain[name] = candidate
    return plain
