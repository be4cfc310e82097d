"""What a drawn robot hardly means: wrong units, parts in the air, parts through each other."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from morph_ops._messages import listed
from morph_ops.geometry import Frames, rest_frames
from morph_ops.graph import joints, parent, physics
from morph_ops.validity.contacts import gaps

__all__ = ["suspicions"]

#: A hinge with a smaller range (deg) was perhaps meant in radians.
NARROW_DEG = 5.0
#: A larger robot (m) was perhaps drawn in millimeters.
LARGE_M = 20.0
#: A larger gap (m) between a limb and what it hangs on, or a deeper overlap, is no accident.
GAP_M, OVERLAP_M = 0.02, 0.02
#: Share of a limb in which it may touch others of its parent.
_INNER = 0.4


def suspicions(graph: nx.DiGraph[str]) -> list[str]:
    """Lines on what is unusual enough to be a mistake; none for the robots of Unimal-100.

    A robot from elsewhere has notes of its own (:class:`~morph_ops.graph.Physics`).

    Args:
        graph: A body.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> suspicions(sample_body(np.random.default_rng(0)))
        []
    """
    if physics(graph) is not None:
        return []
    lines: list[str] = []
    narrow = [j.name for _, j in joints(graph) if j.range_deg[1] - j.range_deg[0] < NARROW_DEG]
    if narrow:
        lines.append(f"hinges with a range below {NARROW_DEG:g} deg; radians? {listed(narrow)}")
    frames = rest_frames(graph)
    size = float(np.ptp(np.concatenate([frames.start, frames.end]), axis=0).max())
    if size > LARGE_M:
        lines.append(f"it is {size:.3g} m long; millimeters?")
    lines += _apart(graph, frames)
    return lines


def _apart(graph: nx.DiGraph[str], frames: Frames) -> list[str]:
    """Limbs that hang in the air, and nodes that run through each other."""
    # Limbs on one node may touch where they begin.
    outer = replace(frames, start=frames.start + _INNER * (frames.end - frames.start))
    rows, others, distances = gaps(frames)
    ones: list[int] = rows.tolist()
    twos: list[int] = others.tolist()
    whole: list[float] = distances.tolist()
    shortened: list[float] = gaps(outer)[2].tolist()
    loose: list[str] = []
    through: list[str] = []
    for first, second, gap, far in zip(ones, twos, whole, shortened, strict=True):
        a, b = frames.names[first], frames.names[second]
        if parent(graph, b) == a or parent(graph, a) == b:
            if gap > GAP_M:
                loose.append(b if parent(graph, b) == a else a)
        elif -(far if parent(graph, a) == parent(graph, b) else gap) > OVERLAP_M:
            through.append(f"{a} and {b}")
    lines: list[str] = []
    if loose:
        lines.append(f"limbs that do not touch what they hang on: {listed(loose)}")
    if through:
        lines.append(f"parts that run through each other at rest: {listed(through)}")
    return lines
