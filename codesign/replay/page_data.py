"""The numbers of a replay in a page: small, as the page has no other file."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import mujoco
import numpy as np
from numpy.typing import NDArray

from codesign.drawing import PALETTE, colors_of
from codesign.replay.ground import Ground
from codesign.replay.recording import Recording
from codesign.replay.scene import scene_name
from morph_ops import graph as body_graph
from morph_ops.geometry import extent

Array = NDArray[np.float64]
#: How far a robot comes to the right and to the left, by part of the ground (m).
_Sides: TypeAlias = tuple[dict[int, float], dict[int, float]]
#: Largest value of the 16-bit numbers that positions and orientations become.
_LARGEST = 32767
#: Bytes of a pose in the page: 3 + 4 numbers of 2 bytes, in base64.
_POSE_BYTES = 14 * 4 / 3
#: Most bytes of all poses with every control step; with more, every second one is left out.
MOST_POSE_BYTES = 3_300_000
#: Least and largest distance of two lanes, width of many, and room between two robots (m).
_NARROWEST_M, _WIDEST_M, _ALL_M, _ROOM_M = 1.0, 3.5, 12.0, 0.3
#: How much wider lanes must be in the given order than in that of drift to give it up.
_WORTH = 1.3
#: Length of the parts of the ground in which robots are compared (m), and time between two
#: moments of that (s).
_PART_M, _MOMENT_S = 0.5, 0.1
#: Distance of the labels of meters from the outer lanes, and how far from robots they are (m).
BESIDE_M, LABELED_M = 0.75, 10
#: Where the robot is put, and height from which the ground is sought (m).
_FAR_M, _ABOVE_M = 1e4, 20.0


def stride_of(recordings: Sequence[Recording]) -> int:
    """Number of control steps from one frame to the next: 1 unless there is too much to show.

    Args:
        recordings: The recordings of a page.
    """
    poses = sum((each.steps + 1) * each.model.nbody for each in recordings)
    return max(1, math.ceil(poses * _POSE_BYTES / MOST_POSE_BYTES))


def frames_of(steps: int, stride: int) -> NDArray[np.intp]:
    """Numbers of the control steps that are frames: the first and the last are among them.

    Args:
        steps: Number of control steps of the episode.
        stride: Control steps from one frame to the next.

    Examples:
        >>> frames_of(5, 2)
        array([0, 2, 4, 5])
    """
    return np.append(np.arange(0, steps, stride), steps)


def lanes(recordings: Sequence[Recording], *, in_row: bool = False) -> list[float]:
    """Places of robots along y, such that they do not cross the ways of each other (m).

    Where robots swerve far apart, those that swerve to the right stand on the right. Lanes have a
    largest width that still fits a window, so that some ways may cross nevertheless.

    Args:
        recordings: Their episodes.
        in_row: Whether the robots stand in the given order in any case.

    Returns:
        A translation for each, the first one 0.
    """
    sides = [_sides(recording) for recording in recordings]
    order = list(range(len(recordings)))
    by_drift = sorted(order, key=lambda number: _drift(recordings[number]))
    widest = min(_WIDEST_M, max(_NARROWEST_M, _ALL_M / len(recordings)))
    wide, narrow = (max(_places(sides, one, math.inf)) for one in (order, by_drift))
    places = _places(sides, order if in_row or wide < _WORTH * narrow else by_drift, widest)
    return [place - places[0] for place in places]


def _drift(recording: Recording) -> float:
    """How far a robot comes to its left for each meter ahead."""
    x, y, _ = (recording.torso[-1] - recording.torso[0]).tolist()
    return y / max(x, 1.0)


def _places(sides: Sequence[_Sides], order: Sequence[int], widest: float) -> list[float]:
    """The place of each robot (m), in an order from the right to the left.

    Args:
        sides: How far each robot comes to the right and to the left.
        order: Numbers of the robots.
        widest: Largest distance of two lanes (m).
    """
    places: dict[int, float] = {}
    for count, number in enumerate(order):
        rights, _ = sides[number]
        wanted = [max(places.values(), default=-_NARROWEST_M) + _NARROWEST_M]
        for place, before in enumerate(order[:count]):
            _, lefts = sides[before]
            meets = [lefts[part] - rights[part] for part in lefts.keys() & rights.keys()]
            apart = max(meets, default=0.0) + _ROOM_M
            wanted.append(places[before] + min(apart, (count - place) * widest))
        places[number] = max(wanted)
    return [places[number] for number in range(len(order))]


def _sides(recording: Recording) -> _Sides:
    """How far to the right and to the left of its lane a robot comes, by part of the ground (m)."""
    model, data = recording.model, mujoco.MjData(recording.model)
    own = model.geom_bodyid > 0
    rights: dict[int, float] = {}
    lefts: dict[int, float] = {}
    for qpos in recording.qpos[:: max(1, round(_MOMENT_S / recording.control_dt))]:
        data.qpos[:] = qpos
        mujoco.mj_kinematics(model, data)
        parts = np.floor(data.geom_xpos[own, 0] / _PART_M).astype(int).tolist()
        for part, y in zip(parts, data.geom_xpos[own, 1].tolist(), strict=True):
            # The solids of a geom lie around its middle.
            for near in (part - 1, part, part + 1):
                rights[near] = min(rights.get(near, y), y)
                lefts[near] = max(lefts.get(near, y), y)
    return rights, lefts


def robot_data(
    recording: Recording, bodies: Sequence[int], *, number: int, place: float, stride: int
) -> dict[str, Any]:
    """What the player knows of one robot, in types of JSON.

    Args:
        recording: Its episode; F frames of it are kept.
        bodies: (b,) numbers of the MuJoCo bodies that the scene shows.
        number: Number of the robot in the page; its nodes in the scene lie below ``/rNUMBER``.
        place: Its translation along y (m).
        stride: Control steps from one frame to the next.

    Returns:
        Names and colors as text, and arrays in base64, row by row: ``torso`` (F, 3) and
        ``scores`` (F,) as 32-bit floats; ``offsets`` (F, b, 3) from the torso in ``unit`` meters,
        ``turns`` (F, b, 4) and ``touches`` (F, n, 3) as 16-bit integers; ``efforts`` (F, n) and
        ``contacts`` (F, n) as bytes.
    """
    steps = frames_of(recording.steps, stride)
    xpos, xquat = _poses(recording, steps, bodies)
    torso = recording.torso[steps]
    offsets = xpos - torso[:, None]
    points = recording.contact_points[steps] - torso[:, None]
    farthest = max(float(np.abs(offsets).max()), float(np.nanmax(np.abs(points), initial=0.1)))
    unit = farthest / _LARGEST
    efforts = np.concatenate([recording.efforts, recording.efforts[-1:]])[steps]
    scores = np.concatenate([[0.0], np.cumsum(recording.rewards)])[steps]
    colors = colors_of(recording.graph)
    names = body_graph.node_names(recording.graph)
    root = f"r{number}"
    return {
        "name": recording.name,
        "note": recording.note,
        "color": PALETTE[number % len(PALETTE)],
        "place": round(place, 4),
        "size": round(float(extent(recording.graph).max()), 3),
        "meshes": [scene_name(root, body) for body in bodies],
        "nodeOfMesh": _nodes_of(recording, bodies, names),
        "path": path_name(number),
        "lane": lane_name(number),
        "discs": [disc_name(number, node) for node in range(len(names))],
        "nodes": list(names),
        "colors": [colors[name] for name in names],
        "driven": [bool(each) for each in recording.efforts.max(axis=0, initial=0.0) > 0.0],
        "frames": len(steps),
        "seconds": round(recording.seconds, 4),
        "fell": recording.fell,
        "unit": unit,
        "torso": _encoded(torso, "<f4"),
        "scores": _encoded(scores, "<f4"),
        "offsets": _encoded(offsets / unit, "<i2"),
        "turns": _encoded(xquat * _LARGEST, "<i2"),
        "touches": _encoded(np.nan_to_num(points) / unit, "<i2"),
        "contacts": _encoded(recording.contacts[steps], "u1"),
        "efforts": _encoded(efforts * 255.0, "u1"),
    }


def on_ground(recording: Recording, points: Array, *, lift: float = 0.0) -> Array:
    """(n, 3) points of the ground below or above (n, 2) places (m).

    Args:
        recording: An episode; where its world has no ground, the one where it began is taken.
        points: The places along x and y.
        lift: Height above the ground (m).
    """
    model, data = recording.model, mujoco.MjData(recording.model)
    data.qpos[:] = recording.qpos[0]
    data.qpos[0] += _FAR_M  # the robot is no ground
    mujoco.mj_forward(model, data)
    down, geom = np.array([0.0, 0.0, -1.0]), np.zeros(1, dtype=np.int32)
    above = recording.ground_m + _ABOVE_M
    heights: list[float] = []
    for x, y in points.tolist():
        depth = mujoco.mj_ray(model, data, np.array([x, y, above]), down, None, 1, -1, geom)
        heights.append(recording.ground_m if depth < 0.0 else above - depth)
    return np.column_stack([points, np.array(heights) + lift])


def terrain_data(
    recordings: Sequence[Recording], grounds: Sequence[Ground], places: Sequence[float]
) -> dict[str, Any]:
    """What the player knows of uneven ground, in types of JSON.

    Args:
        recordings: The episodes.
        grounds: Their grounds.
        places: Translations of the robots along y (m).

    Returns:
        Heights of the ground (m) on the right and on the left of all lanes, where the player writes
        meters: ``levels`` has a row for each side, with a height for each meter from ``first`` on.
    """
    along = np.concatenate([each.torso[:, 0] for each in recordings])
    first, last = math.floor(along.min()) - LABELED_M, math.ceil(along.max()) + LABELED_M
    meters: Array = np.arange(first, last + 1, dtype=np.float64)
    rows: list[list[float]] = []
    for number, side in ((np.argmin(places), -BESIDE_M), (np.argmax(places), BESIDE_M)):
        ground = grounds[int(number)]
        heights = ground.heights(np.column_stack([meters, np.full(len(meters), side)]))
        rows.append(np.nan_to_num(heights, nan=ground.level_m).round(3).tolist())
    return {"first": first, "levels": rows}


def path_name(number: int) -> str:
    """Name of the path of a robot in the scene tree."""
    return f"/r{number}/path"


def lane_name(number: int) -> str:
    """Name of the middle of a robot's lane in the scene tree."""
    return f"/r{number}/lane"


def disc_name(number: int, node: int) -> str:
    """Name of the mark of a node's contact in the scene tree."""
    return f"/r{number}/touch-{node}"


def _nodes_of(recording: Recording, bodies: Sequence[int], names: Sequence[str]) -> list[int]:
    """Row of the node that each shown body belongs to."""
    model, rows = recording.model, {name: row for row, name in enumerate(names)}
    found: list[int] = []
    for body in bodies:
        owner = int(body)
        while owner and model.body(owner).name not in rows:
            owner = int(model.body_parentid[owner])
        found.append(rows.get(model.body(owner).name, -1))
    return found


def _poses(
    recording: Recording, steps: NDArray[np.intp], bodies: Sequence[int]
) -> tuple[Array, Array]:
    """(F, b, 3) positions (m) and (F, b, 4) orientations of bodies."""
    data = mujoco.MjData(recording.model)
    xpos, xquat = np.empty((len(steps), len(bodies), 3)), np.empty((len(steps), len(bodies), 4))
    for row, qpos in enumerate(recording.qpos[steps]):
        data.qpos[:] = qpos
        mujoco.mj_kinematics(recording.model, data)
        xpos[row], xquat[row] = data.xpos[list(bodies)], data.xquat[list(bodies)]
    return xpos, xquat


def _encoded(values: NDArray[Any], kind: str) -> str:
    """Numbers in base64; rounded if ``kind`` is one of integers."""
    whole = values.round() if np.dtype(kind).kind in "iu" and values.dtype.kind == "f" else values
    return base64.b64encode(whole.astype(kind).tobytes()).decode("ascii")
