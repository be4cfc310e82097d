"""Frames of a replay as pictures: drawn as SVG, without a graphics driver."""

from __future__ import annotations

import html
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from codesign.drawing import (
    Camera,
    Polyhedron,
    Relief,
    Solid,
    View,
    Window,
    colors_of,
    draw,
    ground_cells,
    shown_geoms,
    solids_of,
)
from codesign.replay.ground import Ground
from codesign.replay.recording import WORLD, Recording, node_of_bodies
from codesign.replay.scene import WORLD_COLOR
from codesign.replay.terrain import AROUND_M, goal_outlines, is_flat, relief
from hyperdistill_core.features import BodyLayout

Array = NDArray[np.float64]
#: Camera of frames and stills.
CAMERA = Camera(azimuth=-65.0, elevation=16.0)
#: Distance of lines on the ground (m).
LINES_M = 0.5
#: Radius of the ground that a picture shows, in widths of the picture.
RADIUS = 1.2
#: Shares of a picture that stay free above the robot, for text, and below and beside it.
ABOVE, BESIDE = 0.13, 0.05
#: Number of moments at which the room that a robot needs is measured.
MEASURED = 40
#: Time over which the camera averages the path of the torso, so that it does not bounce (s).
CALM_S = 0.8
#: Colors of paper, of text, and of text beside it.
PAPER, INK, SOFT = "#ffffff", "#1b2230", "#5a6475"


class Film:
    """Draws the moments of an episode; the camera goes with the robot.

    Args:
        recording: The episode.
        size: Width and height of a picture (px).
        steady: Whether the camera goes straight at the mean speed of the robot; by default it goes
            with the torso, without its bounce.
        lines: Distance of lines on the ground (m).
        ground: Id of uneven ground that all pictures refer to, and that :meth:`ground` draws once;
            by default each picture has its own.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        size: tuple[int, int],
        steady: bool = False,
        lines: float = LINES_M,
        ground: str = "",
    ) -> None:
        self.recording, self.size, self._lines = recording, size, lines
        self._ground_id = ground
        self._data = mujoco.MjData(recording.model)
        self._colors = colors_of(recording.graph)
        self._own, self._others = moving_geoms(recording)
        self._ground = Ground(recording)
        self._uneven = not is_flat(self._ground, recording.torso[:, :2], around=AROUND_M)
        self._goals = goal_outlines(self._ground, recording.goals, recording.goal_radius)
        self._way = self._straight_way() if steady else self._calm_way()
        self._offset, self._width = self._room()

    def _straight_way(self) -> Array:
        """(T + 1, 3) places on a straight line from the first to the last place on the ground."""
        first, last = self._ground.on(self.recording.torso[[0, -1], :2])
        share = np.linspace(0.0, 1.0, self.recording.steps + 1)[:, None]
        return (1.0 - share) * first + share * last

    def _calm_way(self) -> Array:
        """(T + 1, 3) places below the torso, without bounce."""
        half = round(CALM_S / 2.0 / self.recording.control_dt)
        return _averaged(self._ground.on(self.recording.torso[:, :2]), half)

    @cached_property
    def _relief(self) -> Relief | None:
        """Uneven ground near the whole way; None on flat ground."""
        if not self._uneven:
            return None
        radius = RADIUS * self._width
        return relief(self._ground, self._way[:, :2], radius=radius, tile=self._lines)

    def ground(self) -> str:
        """Uneven ground near the whole way, with the id that all pictures refer to, as SVG.

        Returns:
            A group of elements; empty on flat ground.
        """
        if self._relief is None:
            return ""
        moved = np.array([self._moved(step) for step in range(self.recording.steps + 1)])
        shown = np.stack([-moved.max(axis=0), self.size - moved.min(axis=0)])
        cells = ground_cells(
            replace(self._relief, radius=None), view=self._view(0), shown=shown, lines=self._lines
        )
        return f'<g id="{self._ground_id}">{cells}</g>'

    def _window(self, step: int) -> Window:
        return Window(center=self._way[step] + self._offset, width=self._width, lines=self._lines)

    def _view(self, step: int) -> View:
        return View.onto(self._window(step), CAMERA, self.size)

    def _moved(self, step: int) -> Array:
        """(2,) how far the ground is from its place at the first step in the picture (px)."""
        return self._view(step).offset - self._view(0).offset

    def _relief_at(self, step: int) -> tuple[Relief | None, str | None]:
        """The ground around the robot, and what shows it if it is in another element."""
        if not self._uneven:
            return None, None
        if not self._ground_id:
            around, radius = self._way[step, None, :2], RADIUS * self._width
            return relief(self._ground, around, radius=radius, tile=self._lines), None
        if self._relief is None:
            return None, None
        x, y = self._moved(step).round(1)
        shared = f'<use href="#{self._ground_id}" x="{x:g}" y="{y:g}"/>'
        return replace(self._relief, center=self._way[step, :2]), shared

    def _room(self) -> tuple[Array, float]:
        """(3,) middle of the picture from the path of the camera, and its width (m)."""
        lows: list[Array] = []
        highs: list[Array] = []
        steps = np.linspace(0, self.recording.steps, MEASURED).astype(int)
        for step in np.unique(steps):
            outlines = [solid.outline() for solid in self._solids(int(step))]
            if outlines:
                points = CAMERA.project(np.concatenate(outlines) - self._way[step])
                lows.append(points.min(axis=0))
                highs.append(points.max(axis=0))
        low, high = np.min(lows, axis=0)[:2], np.max(highs, axis=0)[:2]
        free = np.array([1.0 - 2.0 * BESIDE, 1.0 - ABOVE - BESIDE])
        width = float(((high - low) / free * [1.0, self.size[0] / self.size[1]]).max())
        height = width * self.size[1] / self.size[0]
        middle = (low + high) / 2.0 - np.array([0.0, (ABOVE - BESIDE) / 2.0 * height])
        return middle @ CAMERA.axes[:2], width

    def _solids(self, step: int) -> list[Solid]:
        self._data.qpos[:] = self.recording.qpos[step]
        mujoco.mj_kinematics(self.recording.model, self._data)
        return solids_of(self.recording.model, self._data, colors=self._colors, geoms=self._own)

    def _near_objects(self, center: Array) -> list[Solid]:
        """Objects in the picture of the step that :meth:`_solids` was called with last."""
        near = [
            geom
            for geom in self._others
            if np.linalg.norm(self._data.geom_xpos[geom] - center) < self._width
        ]
        return solids_of(self.recording.model, self._data, geoms=near)

    def picture(self, step: int, *, title: str | None = None, prefix: str = "f") -> str:
        """The robot at a control step, as an SVG element.

        Args:
            step: Number of the control step, from 0 to the end of the episode.
            title: Text that screen readers say; the name of the robot by default.
            prefix: Start of all ids; pictures in one file need different ones.
        """
        window, solids = self._window(step), self._solids(step)
        around, cells = self._relief_at(step)
        center, radius = window.center, RADIUS * self._width
        return draw(
            [*solids, *self._near_objects(center)],
            camera=CAMERA,
            size=self.size,
            title=self.recording.name if title is None else title,
            prefix=prefix,
            floor=self.recording.ground_m,
            window=window,
            relief=around,
            cells=cells,
            boxes=[
                Polyhedron(corners, WORLD_COLOR)
                for corners in self._ground.boxes(center[:2] - radius, center[:2] + radius)
            ],
            marks=[
                goal
                for goal in self._goals
                if np.linalg.norm(goal.mean(axis=0) - center) < radius + self._width
            ],
        )

    def step_at(self, seconds: float) -> int:
        """The control step at a time; the last one after the end of the episode."""
        return min(round(seconds / self.recording.control_dt), self.recording.steps)

    def caption(self, step: int) -> str:
        """Time and distance at a control step, such as "2.0 s   3.1 m"."""
        recording = self.recording
        distance = recording.torso[step, 0] - recording.torso[0, 0]
        text = f"{step * recording.control_dt:.1f} s   {round(float(distance), 1) + 0.0:.1f} m"
        return f"{text}   fell" if recording.fell and step == recording.steps else text


def moving_geoms(recording: Recording) -> tuple[list[int], list[int]]:
    """Shown geoms of the robot, and those of objects that move freely.

    Args:
        recording: An episode.
    """
    model = recording.model
    owners = node_of_bodies(model, BodyLayout.from_graph(recording.graph, model))
    own: list[int] = []
    others: list[int] = []
    for geom in shown_geoms(model):
        body = model.geom_bodyid[geom]
        if owners[body] >= 0:
            own.append(geom)
        elif model.body_weldid[body] != WORLD:
            others.append(geom)
    return own, others


def frames(
    recordings: Sequence[Recording], *, size: tuple[int, int], fps: float, only: int | None = None
) -> Iterator[Image.Image]:
    """The frames of a film of one or more robots, each in a tile of its own.

    Args:
        recordings: Episodes; a robot whose episode is over stays as it is.
        size: Width and height of a frame (px).
        fps: Frames a second.
        only: Number of frames to draw, evenly spread; None for all.

    Yields:
        RGB images.
    """
    columns, rows = _tiling(len(recordings), size)
    tile = (size[0] // columns, size[1] // rows)
    films = [Film(recording, size=tile) for recording in recordings]
    seconds = max(recording.seconds for recording in recordings)
    count = max(2, round(seconds * fps) + 1)
    wanted = range(count) if only is None else np.linspace(0, count - 1, min(only, count))
    for number in wanted:
        parts = [
            _tile(film, film.step_at(float(number) / fps), place=divmod(index, columns))
            for index, film in enumerate(films)
        ]
        yield rendered(_canvas(parts, size), background=PAPER)


def rendered(svg: str, *, background: str = PAPER) -> Image.Image:
    """An SVG picture as pixels.

    Args:
        svg: The text of the picture.
        background: Color behind it.

    Examples:
        >>> square = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>'
        >>> rendered(square).size
        (4, 3)
    """
    import resvg_py

    content = resvg_py.svg_to_bytes(
        svg_string=svg,
        background=background,
        skip_system_fonts=True,
        font_files=_fonts(),
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
    )
    return Image.open(io.BytesIO(bytes(content))).convert("RGB")


def _canvas(parts: Sequence[str], size: tuple[int, int]) -> str:
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans">{"".join(parts)}</svg>'
    )


def _tile(film: Film, step: int, *, place: tuple[int, int]) -> str:
    """One robot of a frame with its name, time and distance, at a row and a column."""
    width, height = film.size
    row, column = place
    left, top = column * width, row * height
    font = max(9, min(16, round(height / 24)))
    picture = film.picture(step, prefix=f"r{row}c{column}s").replace(
        "<svg ", f'<svg x="{left}" y="{top}" ', 1
    )
    name = html.escape(_fitting(film.recording.name, width - 10 * font, font))
    return (
        f"{picture}"
        f'<text x="{left + font}" y="{top + 1.7 * font:.0f}" font-size="{font}" '
        f'font-weight="bold" fill="{INK}">{name}</text>'
        f'<text x="{left + width - font}" y="{top + 1.7 * font:.0f}" font-size="{font}" '
        f'text-anchor="end" fill="{SOFT}" xml:space="preserve">{film.caption(step)}</text>'
    )


def _fitting(name: str, width: float, font: float) -> str:
    """A name that fits into a width; letters are about 0.7 of the font wide."""
    most = max(4, int(width / (0.7 * font)) - 3)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _tiling(count: int, size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows that make the narrower side of the tiles as long as possible."""
    choices = [(columns, math.ceil(count / columns)) for columns in range(1, count + 1)]
    return max(choices, key=lambda each: min(size[0] / each[0] / 1.3, size[1] / each[1]))


def _averaged(path: Array, half: int) -> Array:
    """A path without bounce; the window shrinks at both ends."""
    count = len(path)
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(path, axis=0)])
    around = np.minimum(half, np.minimum(np.arange(count), count - 1 - np.arange(count)))
    first, last = np.arange(count) - around, np.arange(count) + around + 1
    return (sums[last] - sums[first]) / (last - first)[:, None]


@cache
def _fonts() -> list[str]:
    """Files of a font that every installation has."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return [str(folder / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
