"""Solids as an SVG picture: shaded, in order, above their shadow on the floor."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from codesign.drawing.camera import Camera
from codesign.drawing.labels import Label, written
from codesign.drawing.order import back_to_front
from codesign.drawing.relief import Relief, fading, ground_cells, hiding_cells, nearness
from codesign.drawing.shading import (
    LIGHT,
    across_gradient,
    edge,
    outlined,
    round_gradient,
    shaded,
)
from codesign.drawing.solids import Ellipsoid, Polyhedron, Solid, Swept
from codesign.drawing.view import View, Window, on_floor

Array = NDArray[np.float64]
#: Share of the picture that stays free on every side, without and with names.
MARGIN, LABEL_MARGIN = 0.05, 0.08
SHADOW_OPACITY, GROUND_OPACITY = 0.16, 0.4
#: Opacity of boxes and of ground in front of the solids, and steps in which a shadow on uneven
#: ground is found.
IN_FRONT_OPACITY, HILL_OPACITY, SHADOW_STEPS = 0.25, 0.7, 3
#: Color of places that are marked on the ground, and opacity of what they cover.
MARK_COLOR, MARK_OPACITY = "#ff9d0a", 0.3
#: Angles across a capsule at which its shade is computed.
ACROSS = np.radians([-90.0, -55.0, -25.0, 0.0, 25.0, 55.0, 90.0])
#: Shares of the way from the brightest point of a ball to its rim.
TO_RIM = (0.0, 0.35, 0.7, 1.0)
#: Share of the way at which the shade of the whole rim is computed: one side of it is in the light.
DARKEST = 0.75


def draw(
    solids: Sequence[Solid],
    *,
    camera: Camera | None = None,
    size: tuple[int, int] = (320, 240),
    title: str = "a robot",
    prefix: str = "s",
    floor: float | None = 0.0,
    window: Window | None = None,
    labels: Sequence[Label] = (),
    relief: Relief | None = None,
    cells: str | None = None,
    boxes: Sequence[Polyhedron] = (),
    marks: Sequence[Array] = (),
) -> str:
    """A picture of solids.

    Args:
        solids: The solids.
        camera: The camera; None for the usual one.
        size: Width and height (px); the solids fill them but for a margin.
        title: Text that screen readers say in place of the picture.
        prefix: Start of all ids, letters alone. Pictures in one page need different ones.
        floor: Height of the floor that shows their shadow (m); None for no shadow.
        window: The part of the world that the picture shows; None for the solids and their shadow.
        labels: Names to write beside points, the most important first; one without room is left
            out.
        relief: Uneven ground; then the shadow falls on it, not on the floor.
        cells: What shows the relief, such as a reference to :func:`ground_cells` that several
            pictures share; None for its cells.
        boxes: Upright boxes that stand on the ground; those in front of the solids are transparent.
        marks: (n, 3) outlines of places that are marked on the ground, such as goals (m).

    Returns:
        The text of an SVG element, transparent where nothing is.

    Examples:
        >>> import numpy as np
        >>> ball = Swept(np.zeros((2, 3)), 0.1)
        >>> picture = draw([ball], title="a ball")
        >>> "<title>a ball</title>" in picture, len(picture) < 2000
        (True, True)
    """
    camera = camera or Camera()
    view = (
        View.of(solids, camera, size, floor, margin=LABEL_MARGIN if labels else MARGIN)
        if window is None
        else View.onto(window, camera, size)
    )
    painter = _Painter(view, camera, prefix)
    lines = 0.0 if window is None else window.lines
    if relief is None and floor is not None and window is not None and lines:
        painter.floor_lines(window, floor)
    if relief is not None:
        if cells is None:
            shown = np.array([(0, 0), size], np.float64)
            cells = ground_cells(relief, view=view, shown=shown, lines=lines)
        painter.ground(relief, cells, size)
    painter.marks(marks)
    painter.scene(solids, floor=floor, relief=relief, boxes=boxes)
    if labels:
        painter.parts += written(
            [(label.text, view(label.at)) for label in labels],
            robot=[_hull(view(solid.outline())) for solid in solids],
            shadow=[] if floor is None else _shadows(view, solids, floor),
            size=size,
        )
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{html.escape(title)}</title>'
        f"<defs>{''.join(painter.paints)}</defs>{''.join(painter.parts)}</svg>"
    )


@dataclass
class _Painter:
    """Writes the elements of a picture, from back to front."""

    view: View
    camera: Camera
    prefix: str
    paints: list[str] = field(default_factory=list[str])
    parts: list[str] = field(default_factory=list[str])

    def floor_lines(self, window: Window, floor: float) -> None:
        """Lines across the way, so that one sees how far a robot came."""
        x, y, _ = window.center
        half = window.width
        first, last = np.ceil((x - half) / window.lines), np.floor((x + half) / window.lines)
        half = half if window.length is None else window.length / 2.0
        for number in range(int(first), int(last) + 1):
            place = number * window.lines
            (x1, y1), (x2, y2) = self.view(
                np.array([[place, y - half, floor], [place, y + half, floor]])
            )
            self.parts.append(
                f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#888" '
                'stroke-opacity="0.3"/>'
            )

    def ground(self, relief: Relief, cells: str, size: tuple[int, int]) -> None:
        """Uneven ground, which fades into whatever is behind the picture."""
        masked = ""
        if relief.radius is not None:
            far, near = self.view(relief.fade(self.camera))
            light = self._paint(
                lambda name: across_gradient(name, far, near, [(0.0, "#000"), (1.0, "#fff")])
            )
            masked = f' mask="url(#{self._paint(lambda name: fading(name, light, size))})"'
        self.parts.append(f'<g opacity="{GROUND_OPACITY}"{masked}>{cells}</g>')

    def marks(self, outlines: Sequence[Array]) -> None:
        """Places on the ground that are marked."""
        self.parts += [
            f'<path d="{outlined(self.view(outline))}" fill="{MARK_COLOR}" '
            f'fill-opacity="{MARK_OPACITY}" stroke="{MARK_COLOR}"/>'
            for outline in outlines
        ]

    def scene(
        self,
        solids: Sequence[Solid],
        *,
        floor: float | None,
        relief: Relief | None,
        boxes: Sequence[Polyhedron],
    ) -> None:
        """Solids and their shadow between boxes and hills behind them and in front of them."""
        middle, front = _nearness(solids, self.camera)
        self.boxes(boxes, (-np.inf, middle))
        if floor is not None and solids:
            self.shadow(solids, floor, relief)
        for number in back_to_front(solids, self.camera):
            self.solid(solids[number])
        if relief is not None and solids:
            self.hills(relief, solids, front)
        self.boxes(boxes, (middle, np.inf), opacity=IN_FRONT_OPACITY)

    def hills(self, relief: Relief, solids: Sequence[Solid], front: float) -> None:
        """The ground in front of solids, where it would hide them: they shine through."""
        shapes = [_hull(self.view(solid.outline())) for solid in solids]
        cells = hiding_cells(relief, view=self.view, outline=np.concatenate(shapes), front=front)
        if not cells:
            return
        path = "".join(map(outlined, shapes))
        clip = self._paint(lambda name: f'<clipPath id="{name}"><path d="{path}"/></clipPath>')
        self.parts.append(f'<g clip-path="url(#{clip})" opacity="{HILL_OPACITY}">{cells}</g>')

    def boxes(
        self, boxes: Sequence[Polyhedron], between: tuple[float, float], *, opacity: float = 1.0
    ) -> None:
        """The boxes whose middles are nearer to the camera than a distance, up to another."""
        middles = np.array([nearness(box.vertices, self.camera).mean() for box in boxes])
        order: list[int] = middles.argsort(kind="stable").tolist()
        for number in order:
            if between[0] < middles[number] <= between[1]:
                first = len(self.parts)
                self.solid(boxes[number])
                if opacity < 1.0:
                    self.parts.insert(first, f'<g opacity="{opacity}">')
                    self.parts.append("</g>")

    def shadow(self, solids: Sequence[Solid], floor: float, relief: Relief | None) -> None:
        """The shadow of all solids, in one piece."""
        path = "".join(outlined(shape) for shape in _shadows(self.view, solids, floor, relief))
        self.parts.append(f'<path d="{path}" fill="#000" fill-opacity="{SHADOW_OPACITY}"/>')

    def solid(self, solid: Solid) -> None:
        """One solid."""
        if isinstance(solid, Swept):
            self._swept(solid)
        elif isinstance(solid, Ellipsoid):
            self._ellipsoid(solid)
        else:
            self._polyhedron(solid)

    def _swept(self, solid: Swept) -> None:
        places, radius = self.view(solid.ends), self.view.scale * solid.radius
        length = float(np.linalg.norm(places[1] - places[0]))
        nearer = self.camera.project(solid.ends)[:, 2].argmin()
        if length < 0.05 * radius:
            paint = self._ball_paint(solid.color, places[nearer], radius)
            x, y = places[nearer]
            self.parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="url(#{paint})" '
                f'stroke="{edge(solid.color)}"/>'
            )
            return
        along = (places[1] - places[0]) / length
        side = np.array([-along[1], along[0]])
        middle = places.mean(axis=0)
        paint = self._paint(
            lambda name: across_gradient(
                name,
                middle - radius * side,
                middle + radius * side,
                self._shades_across(solid, side),
            )
        )
        (ax, ay), (bx, by) = places + radius * side
        (dx, dy), (cx, cy) = places - radius * side
        arc = f"A{radius:.1f} {radius:.1f} 0 0 0 "
        path = f"M{ax:.1f} {ay:.1f}L{bx:.1f} {by:.1f}{arc}{cx:.1f} {cy:.1f}L{dx:.1f} {dy:.1f}{arc}"
        self._shape(f"{path}{ax:.1f} {ay:.1f}Z", f"url(#{paint})", solid.color)

    def _shades_across(self, solid: Swept, side: Array) -> list[tuple[float, str]]:
        """The shades of a capsule from one of its long edges to the other."""
        right, down, away = self.camera.axes
        across = side[0] * right + side[1] * down
        axis = solid.ends[1] - solid.ends[0]
        front = np.cross(axis, across)
        front *= np.sign(front @ -away) / np.linalg.norm(front)
        return [
            (
                (1.0 + np.sin(angle)) / 2.0,
                shaded(solid.color, np.cos(angle) * front + np.sin(angle) * across),
            )
            for angle in ACROSS
        ]

    def _ellipsoid(self, solid: Ellipsoid) -> None:
        """An ellipse with the shades of a ball that was stretched like it."""
        flat = self.view.scale * (self.camera.axes @ solid.half_axes)[:2]
        (wide, narrow), turn = _ellipse(flat)
        center = self.view(solid.center)
        paint = self._ball_paint(solid.color, np.zeros(2), 1.0)
        x, y = center
        self.parts.append(
            f'<circle r="1" fill="url(#{paint})" stroke="{edge(solid.color)}" '
            f'vector-effect="non-scaling-stroke" '
            f'transform="translate({x:.1f} {y:.1f}) rotate({turn:.1f}) '
            f'scale({wide:.2f} {narrow:.2f}) rotate({-turn:.1f})"/>'
        )

    def _ball_paint(self, color: str, center: Array, radius: float) -> str:
        """The paint of a ball: brightest where it faces the light."""
        right, down, away = self.camera.axes
        light = np.array([LIGHT @ right, LIGHT @ down])
        bright = 0.75 * light
        depth = np.sqrt(max(0.0, 1.0 - float(bright @ bright)))
        top = bright[0] * right + bright[1] * down - depth * away
        rim = -light / max(float(np.linalg.norm(light)), 1e-9)
        far = rim[0] * right + rim[1] * down
        stops = [(share, shaded(color, _between(top, far, DARKEST * share))) for share in TO_RIM]
        return self._paint(
            lambda name: round_gradient(name, center, radius, center + radius * bright, stops)
        )

    def _polyhedron(self, solid: Polyhedron) -> None:
        faces = [
            (outlined(self.view(corners)), shaded(solid.color, normal))
            for corners, normal in solid.faces()
            if normal @ self.camera.toward > 1e-6
        ]
        self._shape(outlined(_hull(self.view(solid.outline()))), solid.color, solid.color)
        for path, color in faces:
            self.parts.append(f'<path d="{path}" fill="{color}" stroke="{color}"/>')

    def _shape(self, path: str, fill: str, color: str) -> None:
        self.parts.append(f'<path d="{path}" fill="{fill}" stroke="{edge(color)}"/>')

    def _paint(self, write: Callable[[str], str]) -> str:
        name = f"{self.prefix}{len(self.paints)}"
        self.paints.append(write(name))
        return name


def _between(a: Array, b: Array, share: float) -> Array:
    mixed = (1.0 - share) * a + share * b
    return mixed / max(float(np.linalg.norm(mixed)), 1e-9)


def _ellipse(flat: Array) -> tuple[tuple[float, float], float]:
    """Half axes (px) and turn (degrees) of the picture of an ellipsoid, from (2, 3) half axes."""
    values, vectors = np.linalg.eigh(flat @ flat.T)
    narrow, wide = np.sqrt(np.maximum(values, 1e-6))
    turn = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    return (float(wide), float(narrow)), float(turn)


def _nearness(solids: Sequence[Solid], camera: Camera) -> tuple[float, float]:
    """How near the middle and the nearest point of all solids are to the camera (m)."""
    if not solids:
        return np.inf, np.inf
    near = nearness(np.concatenate([solid.outline() for solid in solids]), camera)
    return float(near.mean()), float(near.max())


def _on_relief(points: Array, relief: Relief) -> Array:
    """Where the light takes points to on uneven ground, about."""
    below = points
    for _ in range(SHADOW_STEPS):
        below = on_floor(points, relief.at(below[:, :2]))
    return below


def _shadows(
    view: View, solids: Sequence[Solid], floor: float, relief: Relief | None = None
) -> list[Array]:
    """(n, 2) outlines of the shadows of solids (px)."""
    outlines = (solid.outline() for solid in solids)
    if relief is None:
        return [_hull(view(on_floor(outline, floor))) for outline in outlines]
    return [_hull(view(_on_relief(outline, relief))) for outline in outlines]


def _hull(points: Array) -> Array:
    return points[ConvexHull(points, qhull_options="QJ").vertices]
