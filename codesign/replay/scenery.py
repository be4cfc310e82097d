"""The world near robots in a viser scene: ground, lines on it, boxes and goals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codesign.replay.scene import WORLD_COLOR, rgb

if TYPE_CHECKING:
    import viser

    from codesign.replay.terrain import Terrain

Array = NDArray[np.float64]
#: Colors of the ground, of lines on it, of boxes, and of goals, on a light and on a dark page.
COLORS = {
    False: ("#aeb6c1", "#8f99a7", WORLD_COLOR, "#e08a1e"),
    True: ("#2b333e", "#5a6676", "#4d5868", "#e08a1e"),
}
# Height of lines and of goals above the ground (m).
_LINE_M, _GOAL_M = 0.004, 0.006


def put_world(
    scene: viser.SceneApi,
    terrain: Terrain,
    goals: Sequence[Array],
    *,
    parent: str,
    suffix: str = "",
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
    dark: bool = False,
) -> list[str]:
    """Put the world near robots into a scene.

    Args:
        scene: The scene.
        terrain: Ground and boxes.
        goals: (n, 3) outlines of places on the ground (m).
        parent: Node of the scene tree that it lies below.
        suffix: End of the names of all that is added.
        place: Translation of the world (m).
        dark: Whether the page behind the scene is dark.

    Returns:
        Names of what was added in the scene tree; none where the ground is flat and empty.
    """
    ground_color, line_color, box_color, goal_color = COLORS[dark]
    names: list[str] = []
    meshes = [("surface", terrain.surface, ground_color), ("boxes", terrain.boxes, box_color)]
    for name, surface, color in meshes:
        if surface is not None:
            names.append(f"{parent}/{name}{suffix}")
            scene.add_mesh_simple(
                names[-1],
                surface.vertices.astype(np.float32),
                surface.faces.astype(np.uint32),
                color=rgb(color),
                flat_shading=True,
                position=place,
            )
    circles = [np.stack([one, np.roll(one, -1, axis=0)], axis=1) for one in goals]
    lines = [("lines", terrain.lines, line_color, _LINE_M, 1.0)]
    if circles:
        lines.append(("goals", np.concatenate(circles), goal_color, _GOAL_M, 3.0))
    for name, ends, color, above, width in lines:
        if len(ends):
            names.append(f"{parent}/{name}{suffix}")
            scene.add_line_segments(
                names[-1],
                (ends + np.array([0.0, 0.0, above])).astype(np.float32),
                rgb(color),
                thickness=width,
                thickness_units="screen",
                position=place,
            )
    return names
