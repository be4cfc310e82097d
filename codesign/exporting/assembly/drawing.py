"""A body in its rest pose from the side and from the front, as SVG."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry import Frames, rest_frames
from morph_ops.graph import joints

Array: TypeAlias = NDArray[np.float64]

#: Size of the longest side of a view, and the margin around it (px).
_SIZE, _MARGIN = 460.0, 30.0
#: For each view the direction to the right and the direction away from the viewer.
_VIEWS = {
    "side": (np.array((1.0, 0.0, 0.0)), np.array((0.0, 1.0, 0.0))),
    "front": (np.array((0.0, 1.0, 0.0)), np.array((-1.0, 0.0, 0.0))),
}
_UP = np.array((0.0, 0.0, 1.0))


def drawings(graph: nx.DiGraph[str]) -> str:
    """Both views as HTML figures; a style sheet gives them their colors.

    Args:
        graph: The body, in canonical frames.
    """
    frames = rest_frames(graph)
    anchors = np.array(
        [frames.pos[frames.names.index(name)] + joint.pos for name, joint in joints(graph)]
    ).reshape(-1, 3)
    return "\n".join(_view(name, frames, anchors, *axes) for name, axes in _VIEWS.items())


def _view(name: str, frames: Frames, anchors: Array, right: Array, away: Array) -> str:
    flat = np.stack([right, -_UP])
    starts, ends = frames.start @ flat.T, frames.end @ flat.T
    radii = frames.radius[:, None]
    low = np.minimum(starts, ends).min(axis=0) - radii.max()
    high = np.maximum(starts, ends).max(axis=0) + radii.max()
    zoom = _SIZE / float((high - low).max())
    width, height = (high - low) * zoom + 2.0 * _MARGIN

    def place(points: Array) -> Array:
        return (points - low) * zoom + _MARGIN

    starts, ends = place(starts), place(ends)
    shapes: list[str] = []
    labels: list[str] = []
    depth = (frames.start + frames.end) @ away
    for row in map(int, np.argsort(-depth, kind="stable")):
        (x1, y1), (x2, y2) = starts[row].tolist(), ends[row].tolist()
        thick = 2.0 * float(frames.radius[row]) * zoom
        shape = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2 + 0.01:.2f}" y2="{y2:.1f}"'
        shapes += [
            f'<line class="edge" {shape} stroke-width="{thick + 2.0:.1f}"/>',
            f'<line class="{"limb" if row else "torso"}" {shape} stroke-width="{thick:.1f}"/>',
        ]
        # Nearer to the far end: limbs of one place have their starts together.
        x, y = 0.35 * x1 + 0.65 * x2, 0.35 * y1 + 0.65 * y2 + 4.0
        labels.append(f'<text x="{x:.1f}" y="{y:.1f}">{escape(frames.names[row])}</text>')
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in place(anchors @ flat.T).tolist()
    ]
    return (
        f'<figure><svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="The body from the {name}">\n'
        + "\n".join([*shapes, *dots, *labels])
        + f"\n</svg><figcaption>From the {name}</figcaption></figure>"
    )
