"""The same robot in other coordinate frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry import quaternion, rest_frames, rotation
from morph_ops.graph import Joint, Node, limb, limbs, parent, root, torso, with_nodes


def with_random_frames(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The robot with the frame of every node moved and turned at random, capsules reversed."""
    rng = np.random.default_rng(8)
    rest = rest_frames(graph)
    rows = {name: row for row, name in enumerate(rest.names)}
    turns = {name: rotation(tuple(rng.normal(size=4))) for name in rest.names}
    shifts = rng.normal(scale=0.1, size=(len(rest), 3))
    origins = dict(zip(rest.names, rest.pos + shifts, strict=True))
    head = root(graph)
    origins[head] = rest.pos[0]
    nodes: list[tuple[str, Node]] = [(head, replace(torso(graph), quat=quaternion(turns[head])))]
    for name in limbs(graph):
        above, row, node = parent(graph, name) or head, rows[name], limb(graph, name)
        back = turns[name].T
        shift = rest.pos[row] - origins[name]
        moved = replace(
            node,
            pos=_triple(turns[above].T @ (origins[name] - origins[above])),
            quat=quaternion(turns[above].T @ turns[name]),
            start=_triple(back @ (rest.end[row] - origins[name])),
            end=_triple(back @ (rest.start[row] - origins[name])),
            joints=tuple(_moved(joint, back, shift) for joint in node.joints),
        )
        nodes.append((name, moved))
    return with_nodes(graph, nodes)


def _moved(joint: Joint, back: NDArray[np.float64], shift: NDArray[np.float64]) -> Joint:
    return replace(joint, pos=_triple(back @ (shift + joint.pos)), axis=_triple(back @ joint.axis))


def _triple(values: NDArray[np.float64]) -> Any:
    return tuple(values.tolist())
