"""Placing robots of other programs on the ground, where UNIMALs stand in their files."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from morph_ops import graph as body_graph
from morph_ops.geometry import rest_frames

__all__ = ["CLEARANCE_M", "placed"]

CLEARANCE_M = 0.2
"""Height of the lowest point of a UNIMAL above the ground in its file (m)."""

#: Depth below the ground that is none, and greatest height above it that a drop survives (m).
_DEEPEST_M, _HIGHEST_M = 1e-3, 1.0


def placed(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """A body that begins near the ground: one below it or high above it is moved, with a note.

    A body whose lowest point lies 0 to 1 m above the ground stays as it is.

    Args:
        graph: A body that is what its nodes say; it stays untouched.

    Examples:
        >>> from morph_ops.graph import Torso, import_notes, new_body, torso
        >>> body = placed(new_body(Torso(pos=(0.0, 0.0, -3.0), radius=0.1, mass=1.0)))
        >>> round(torso(body).pos[2], 6), import_notes(body)
        (0.3, ('moved by +3.3 m, so that its lowest point is 0.2 m above the ground',))
    """
    frames = rest_frames(graph)
    ends = np.minimum(frames.start[:, 2], frames.end[:, 2])
    lowest = float((ends - frames.radius).min())
    if -_DEEPEST_M <= lowest <= _HIGHEST_M:
        return graph
    notes, record = body_graph.import_notes(graph), body_graph.torso(graph)
    lift = CLEARANCE_M - lowest
    x, y, z = record.pos
    moved = replace(record, pos=(x, y, z + lift))
    graph = body_graph.with_nodes(graph, [(body_graph.root(graph), moved)])
    note = f"moved by {lift:+.3g} m, so that its lowest point is {CLEARANCE_M:g} m above the ground"
    return body_graph.with_import_notes(graph, (*notes, note))
