"""A replay as one HTML file: robots in 3D that move in the browser, without server or network.

The 3D scene is that of viser's own client, which stands in the page as a whole; our player moves
the meshes, from the numbers of :mod:`codesign.replay.page_data`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codesign.drawing import Camera, colors_of
from codesign.errors import UsageError
from codesign.pages import colors, embedded, environment
from codesign.replay.ground import Ground
from codesign.replay.page_data import (
    disc_name,
    lane_name,
    lanes,
    on_ground,
    path_name,
    robot_data,
    stride_of,
    terrain_data,
)
from codesign.replay.recording import Recording
from codesign.replay.scene import SceneRobot, furnish, rgb
from codesign.replay.scenery import put_world
from codesign.replay.settings import MOST_ROBOTS
from codesign.replay.terrain import goal_outlines, lane_terrains
from morph_ops.geometry import extent

if TYPE_CHECKING:
    import viser

Array = NDArray[np.float64]
#: Parts of the player, in the order in which they run.
SCRIPTS = ("data.js", "stage.js", "panel.js", "player.js")
#: Color of the marks where nodes touch the ground.
CONTACT_COLOR = "#ff9d0a"
#: Node of uneven ground in the scene tree.
TERRAIN = "/terrain"
#: Radii of such a mark (m).
_DISC_M = (0.045, 0.085)
#: Distance of the dashes of the middle of a lane, and height of lines above the ground (m).
_DASH_M, _LIFT_M = 0.5, 0.008
#: Time for which a row of robots is in view, if they are about as fast (s).
_SOON_S = 4.0
#: Direction from which the camera sees one robot and a row of many (degrees around the vertical
#: axis, and above the horizon), and its distance: in sizes of the largest robot, and in meters
#: beyond that.
_ALONE, _MANY, _SIZES, _BEYOND_M = (-55.0, 24.0), (-12.0, 28.0), 1.5, 1.0


def replay_page(
    recordings: Sequence[Recording], *, title: str, chosen: int = 0, in_row: bool = False
) -> str:
    """The page of a replay.

    Args:
        recordings: Episodes of robots, the most important first.
        title: Title of the page.
        chosen: Number of the robot that the camera follows first.
        in_row: Whether the robots stand in this order, even if their ways cross.

    Returns:
        The text of an HTML file, some megabytes at most.

    Raises:
        UsageError: There are no recordings, or too many.

    Examples:
        >>> page = replay_page([one], title="a walker")  # doctest: +SKIP
    """
    if not 1 <= len(recordings) <= MOST_ROBOTS:
        raise UsageError(
            f"a replay shows 1 to {MOST_ROBOTS} robots, got {len(recordings)}: choose some of them"
        )
    # Imported late: it needs the optional package viser.
    from codesign.replay.offline import offline_server

    places, stride = lanes(recordings, in_row=in_row), stride_of(recordings)
    grounds = [Ground(recording) for recording in recordings]
    terrains = lane_terrains(grounds, [each.torso[:, :2] for each in recordings], places)
    uneven = any(terrain.surface is not None for terrain in terrains)
    with offline_server() as server:
        furnish(server.scene, height=grounds[0].level_m, ground=not uneven)
        robots = [
            _put(server.scene, recording, ground, number=number, place=place, stride=stride)
            for number, (recording, ground, place) in enumerate(
                zip(recordings, grounds, places, strict=True)
            )
        ]
        scenery = [
            name
            for number, (recording, ground, terrain, place) in enumerate(
                zip(recordings, grounds, terrains, places, strict=True)
            )
            for name in put_world(
                server.scene,
                terrain,
                goal_outlines(ground, recording.goals, recording.goal_radius),
                parent=TERRAIN,
                suffix=f"-{number}",
                place=(0.0, place, 0.0),
            )
        ]
        _point_camera(server, recordings, places)
        page = server.get_scene_serializer().as_html()
    data = {
        "title": title,
        "dt": recordings[0].control_dt * stride,
        "ground": grounds[0].level_m,
        "terrain": terrain_data(recordings, grounds, places) if uneven else None,
        "scenery": scenery,
        "chosen": chosen,
        "contactColor": CONTACT_COLOR,
        "robots": robots,
    }
    return _with_player(page, data)


def _put(
    scene: viser.SceneApi,
    recording: Recording,
    ground: Ground,
    *,
    number: int,
    place: float,
    stride: int,
) -> dict[str, Any]:
    """Put a robot, its path and the marks of its contacts into a scene."""
    robot = SceneRobot(
        scene,
        recording.model,
        name=f"r{number}",
        colors=colors_of(recording.graph),
        place=(0.0, place, 0.0),
        without=ground.geoms,
    )
    data = robot_data(recording, list(robot.bodies), number=number, place=place, stride=stride)
    vertices, faces = _ring()
    for node in range(len(recording.nodes)):
        scene.add_mesh_simple(
            disc_name(number, node),
            vertices,
            faces,
            color=rgb(CONTACT_COLOR),
            cast_shadow=False,
            receive_shadow=False,
        )
    points = on_ground(recording, recording.torso[::stride, :2], lift=_LIFT_M)
    if len(points) > 1:
        _add_lines(scene, path_name(number), points[:-1], points[1:], data["color"], width=3.0)
    along = np.arange(0.0, max(recording.torso[:, 0].max(), 1.0), _DASH_M / 2.0)
    middle = on_ground(recording, np.column_stack([along, 0.0 * along]), lift=_LIFT_M)
    dashes = middle[: len(middle) // 2 * 2].reshape(-1, 2, 3)
    _add_lines(scene, lane_name(number), dashes[:, 0], dashes[:, 1], data["color"], width=1.5)
    return data


def _add_lines(
    scene: viser.SceneApi, name: str, starts: Array, ends: Array, color: str, *, width: float
) -> None:
    """Add (n, 3) lines of a width (px)."""
    scene.add_line_segments(
        name,
        np.stack([starts, ends], axis=1).astype(np.float32),
        rgb(color),
        thickness=width,
        thickness_units="screen",
    )


def _ring() -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """A flat ring around the origin that is seen from above."""
    angles = np.linspace(0.0, 2.0 * math.pi, 28, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles), 0.0 * angles], axis=1)
    vertices = np.concatenate([radius * circle for radius in _DISC_M]).astype(np.float32)
    here, count = np.arange(len(angles)), len(angles)
    after = (here + 1) % count
    faces = np.concatenate(
        [
            np.stack([here, here + count, after + count], axis=1),
            np.stack([here, after + count, after], axis=1),
        ]
    )
    return vertices, faces.astype(np.uint32)


def _point_camera(
    server: viser.ViserServer, recordings: Sequence[Recording], places: Sequence[float]
) -> None:
    """Show all robots for some seconds, from the right and a little ahead of them."""
    soon = round(_SOON_S / recordings[0].control_dt) if len(recordings) > 1 else 0
    sides = [
        place + float(each.torso[step, 1])
        for place, each in zip(places, recordings, strict=True)
        for step in (0, min(soon, each.steps))
    ]
    width = max(sides) - min(sides)
    share = min(1.0, width / 8.0)
    azimuth, elevation = (
        one + share * (many - one) for one, many in zip(_ALONE, _MANY, strict=True)
    )
    largest = max(float(extent(each.graph).max()) for each in recordings)
    height = recordings[0].ground_m + min(0.4, largest / 3.0)
    middle = np.array([0.0, (max(sides) + min(sides)) / 2.0, height])
    distance = _BEYOND_M + _SIZES * largest + 0.72 * width
    toward = Camera(azimuth=azimuth, elevation=elevation).toward
    server.initial_camera.position = middle + distance * toward
    server.initial_camera.look_at = middle
    server.initial_camera.fov = math.radians(45.0)


def _with_player(page: str, data: dict[str, Any]) -> str:
    """The page of the scene with the player in it."""
    folder = resources.files("codesign.replay") / "player"
    parts = environment("codesign.replay").get_template("player/player.html.jinja")
    text = parts.render(
        title=data["title"],
        data=embedded(data),
        style=colors() + (folder / "player.css").read_text("utf-8"),
        scripts=[(folder / name).read_text("utf-8") for name in SCRIPTS],
    )
    head, body = text.split("<!-- body -->")
    page = page.replace("<title>Viser</title>", "", 1)
    end = page.index("</head>")
    page = page[:end] + head + page[end:]
    end = page.rindex("</body>")
    return page[:end] + body + page[end:]
