"""A body on its way: its poses side by side, with the world below and around them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from codesign.drawing import Camera, Polyhedron, Window, colors_of, draw, solids_of
from codesign.replay.frames import moving_geoms
from codesign.replay.ground import Ground
from codesign.replay.scene import WORLD_COLOR
from codesign.replay.terrain import goal_outlines, is_flat, ribbon
from codesign.report.sights import NEAR_M, sights
from morph_ops.geometry import extent

if TYPE_CHECKING:
    from codesign.drawing import Solid
    from codesign.replay import Recording

Array = NDArray[np.float64]
#: Size of the picture (px).
STROBE = (1120, 210)
SIDE = Camera(azimuth=-90.0, elevation=14.0)
#: Most poses.
MOST_POSES = 5
#: Distance between two poses, in sizes of the body.
APART = 1.1
#: Largest share of the picture that the poses fill, and how much higher than its middle they are.
FILLED, MIDDLE = (0.96, 0.85), 0.04
#: Share of the episode from which poses are shown where there is as much to see everywhere.
STEADY = 0.35
#: How far an object has moved when it is drawn again (m).
_AGAIN_M = 0.5


def strobe(recording: Recording, *, prefix: str) -> str:
    """Poses along the ground, about as far apart as the body is long, where there is most to see.

    Sideways drift, which would lead the body out of the picture, is taken out.

    Args:
        recording: An episode of the body.
        prefix: Start of all ids, letters alone.

    Returns:
        An SVG element.
    """
    size_m, ground = float(extent(recording.graph).max()), Ground(recording)
    steps = _steps(recording, APART * size_m, sights(recording, ground))
    path, solids = _path(recording.torso[steps, :2]), _solids(recording, steps)
    center, width = _framed(solids, 1.1 * size_m * STROBE[0] / STROBE[1])
    below = None
    if not is_flat(ground, path, around=width / 2.0):
        below = ribbon(ground, path, half=0.6 * size_m, ends=width / 2.0)
    low, high = path.min(axis=0), path.max(axis=0)
    around = np.array([width / 2.0, NEAR_M])
    goals = goal_outlines(ground, recording.goals, recording.goal_radius)
    return draw(
        solids,
        camera=SIDE,
        size=STROBE,
        title=f"{recording.name} in motion",
        prefix=prefix,
        floor=recording.ground_m,
        window=Window(center=center, width=width, lines=1.0, length=1.2 * size_m),
        relief=below,
        boxes=[
            Polyhedron(_straightened(corners, path), WORLD_COLOR)
            for corners in ground.boxes(low - around, high + around)
        ],
        marks=[
            _straightened(goal, path)
            for goal in goals
            if (np.abs(goal[:, :2].mean(axis=0) - center[:2]) < around + np.ptp(path, axis=0)).all()
        ],
    )


def _steps(recording: Recording, apart: float, seen: NDArray[np.intp]) -> list[int]:
    """The control steps of the poses: those with most in view, and else those after a while.

    Args:
        recording: The episode.
        apart: Distance of two poses (m).
        seen: How much is in view at each control step.
    """
    way = np.maximum.accumulate(np.sign(recording.distance) * recording.torso[:, 0])
    poses = np.searchsorted(way, way[:, None] + apart * np.arange(MOST_POSES))
    poses[:, 0] = np.arange(len(way))
    there = poses < len(way)
    total = (seen[np.minimum(poses, len(way) - 1)] * there).sum(axis=1)
    total[there.sum(axis=1) < there.sum(axis=1).max()] = -len(way)
    starts = np.flatnonzero(total == total.max())
    first = starts[np.abs(starts - round(STEADY * recording.steps)).argmin()]
    return poses[first][there[first]].tolist()


def _path(places: Array) -> Array:
    """(n, 2) places with rising x."""
    return places[places[:, 0].argsort(kind="stable")]


def _straightened(points: Array, path: Array) -> Array:
    """(n, 3) points of a thing, whose y become those from the path beside its middle."""
    beside = float(np.interp(float(points[:, 0].mean()), path[:, 0], path[:, 1]))
    return points - np.array([0.0, beside, 0.0])


def _solids(recording: Recording, steps: list[int]) -> list[Solid]:
    """The body at some control steps, and objects where they are new."""
    model, data = recording.model, mujoco.MjData(recording.model)
    colors, (own, others) = colors_of(recording.graph), moving_geoms(recording)
    solids: list[Solid] = []
    drawn: dict[int, Array] = {}
    for step in steps:
        data.qpos[:] = recording.qpos[step]
        mujoco.mj_forward(model, data)
        data.geom_xpos[:, 1] -= recording.torso[step, 1]
        new = [
            geom
            for geom in others
            if geom not in drawn or math.dist(drawn[geom], data.geom_xpos[geom]) > _AGAIN_M
        ]
        drawn |= {geom: data.geom_xpos[geom].copy() for geom in new}
        solids += solids_of(model, data, colors=colors, geoms=own)
        solids += solids_of(model, data, geoms=new)
    return solids


def _framed(solids: list[Solid], width: float) -> tuple[Array, float]:
    """Middle (3,) and width of a picture that shows all solids, and has at least a width (m)."""
    points = SIDE.project(np.concatenate([solid.outline() for solid in solids]))[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    across, tall = (high - low) / FILLED
    width = max(width, float(across), float(tall) * STROBE[0] / STROBE[1])
    right, down = (low + high) / 2.0 + np.array([0.0, MIDDLE * width * STROBE[1] / STROBE[0]])
    return np.array([right, 0.0, -down / math.cos(math.radians(SIDE.elevation))]), width
