"""Robots and ground in a viser scene: the page of a replay and the studio show them.

    furnish(scene)                          light, shadow, ground with a line each meter
    robot = SceneRobot(scene, model, name="a", colors=colors_of(graph))
    robot.pose(data)                        where an MjData has its bodies
    robot.paint("limb/3", "#d94a4a")        another color for a node
    robot.bodies, robot.node_of             handles to click on, and whose they are

A scene may be that of a server (``server.scene``, all tabs see it) or of one tab
(``client.scene``). Everything of a robot lies below ``/NAME`` in the scene tree, and each MuJoCo
body that has shown geoms is one mesh, :func:`scene_name` of robot and body, whose pose is that of
the body in the world. The mesh has one color. viser is imported only by whoever makes a scene.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from codesign.drawing import shown_geoms
from codesign.drawing.palette import TORSO
from codesign.replay.shapes import mesh_of

if TYPE_CHECKING:
    import viser

Array = NDArray[np.float64]
#: Node of the ground in the scene tree.
GROUND = "/ground"
#: Color of objects that belong to the world.
WORLD_COLOR = "#a9b0ba"
#: Fixed geom that the ground of the scene stands for.
_FLOOR = "floor"
#: Colors of the ground in light and dark: lines of half a meter, and of a meter.
_LINES = {False: ((228, 231, 236), (196, 202, 211)), True: ((42, 49, 60), (70, 80, 95))}
_SHADOW = {False: 0.3, True: 0.55}


def scene_name(robot: str, body: int) -> str:
    """Name of the mesh of a MuJoCo body in the scene tree.

    Args:
        robot: Name of the robot in the scene.
        body: Number of the body in its model.

    Examples:
        >>> scene_name("a", 3)
        '/a/body-3'
    """
    return f"/{robot}/body-{body}"


def furnish(
    scene: viser.SceneApi,
    *,
    dark: bool = False,
    height: float = 0.0,
    replace: bool = False,
    ground: bool = True,
) -> None:
    """Give a scene light, shadows, and a ground with a line every half meter.

    Lines of whole meters are stronger. The x axis, along which robots run, is the one that
    :mod:`codesign.drawing` has, too.

    Args:
        scene: The scene; z points up.
        dark: Whether the page behind it is dark.
        height: Height of the ground (m).
        replace: Whether only the ground is made anew, such as after a change of ``dark``.
        ground: Whether there is a flat ground.
    """
    if not replace:
        scene.world_axes.visible = False
        scene.configure_default_lights(cast_shadow=True)
    if not ground:
        return
    cells, sections = _LINES[dark]
    scene.add_grid(
        GROUND,
        infinite_grid=True,
        cell_size=0.5,
        cell_color=cells,
        section_size=1.0,
        section_color=sections,
        section_thickness=1.2,
        fade_distance=28.0,
        fade_strength=1.6,
        shadow_opacity=_SHADOW[dark],
        position=(0.0, 0.0, height),
    )


class SceneRobot:
    """A robot in a scene.

    Args:
        scene: The scene.
        model: The robot in its world.
        name: Name of the robot in the scene tree, without a slash; it must be unique there.
        colors: Colors of the nodes as ``"#rrggbb"``, from :func:`codesign.drawing.colors_of`. A
            MuJoCo body of another name has the color of its parent.
        place: (3,) translation of the robot in the scene (m), so that several stand side by side.
        without: Geoms that are not drawn, such as a ground that the scene has already.

    Attributes:
        name: Name of the robot in the scene tree.
        model: The robot in its world.
        root: Frame of the whole robot; its ``position`` is the place, ``visible`` hides it.
        bodies: Mesh of every MuJoCo body that has one, by number of the body.
        node_of: Name of the body in the model, by name of the mesh in the scene tree. Bodies of
            UNIMAL robots have the names of the nodes of their graph.

    Raises:
        ValueError: ``name`` has a slash in it, or is empty.

    Examples:
        >>> import viser
        >>> from codesign.drawing import colors_of, rest_state
        >>> model, data = rest_state(graph)  # doctest: +SKIP
        >>> server = viser.ViserServer()  # doctest: +SKIP
        >>> robot = SceneRobot(  # doctest: +SKIP
        ...     server.scene, model, name="a", colors=colors_of(graph)
        ... )
        >>> robot.pose(data)  # doctest: +SKIP
    """

    def __init__(
        self,
        scene: viser.SceneApi,
        model: mujoco.MjModel,
        *,
        name: str,
        colors: Mapping[str, str] | None = None,
        place: tuple[float, float, float] = (0.0, 0.0, 0.0),
        without: Collection[int] = (),
    ) -> None:
        if not name or "/" in name:
            raise ValueError(f"name: expected a name without a slash, got {name!r}")
        self.name, self.model = name, model
        self._colors = body_colors(model, colors or {})
        self.root = scene.add_frame(f"/{name}", show_axes=False, position=place)
        self.bodies: dict[int, viser.MeshHandle] = {}
        self.node_of: dict[str, str] = {}
        for body, geoms in _geoms_of_bodies(model).items():
            surface = mesh_of(model, [geom for geom in geoms if geom not in without])
            if surface is None:
                continue
            mesh_name = scene_name(name, body)
            self.bodies[body] = scene.add_mesh_simple(
                mesh_name,
                surface.vertices.astype(np.float32),
                surface.faces.astype(np.uint32),
                color=rgb(self._colors[body]),
            )
            self.node_of[mesh_name] = model.body(body).name

    def pose(self, data: mujoco.MjData) -> None:
        """Move the meshes to where the bodies are.

        Args:
            data: State of the model, after a forward pass.
        """
        self.pose_from(data.xpos, data.xquat)

    def pose_from(self, xpos: Array, xquat: Array) -> None:
        """Move the meshes to poses in the world.

        Args:
            xpos: (nbody, 3) positions of all MuJoCo bodies (m).
            xquat: (nbody, 4) their orientations, w first.
        """
        for body, mesh in self.bodies.items():
            mesh.position = xpos[body]
            mesh.wxyz = xquat[body]

    def paint(self, node: str, color: str | None) -> None:
        """Give the meshes of a node another color.

        Args:
            node: Name of a body of the model.
            color: Color as ``"#rrggbb"``; None for the usual one.
        """
        for body, mesh in self.bodies.items():
            if self.model.body(body).name == node:
                mesh.color = rgb(self._colors[body] if color is None else color)

    def remove(self) -> None:
        """Take the robot out of the scene."""
        self.root.remove()


def body_colors(model: mujoco.MjModel, colors: Mapping[str, str]) -> list[str]:
    """A color for every MuJoCo body.

    Args:
        model: The model.
        colors: Colors by name of the body.

    Returns:
        (nbody,) colors; a body without one has that of its parent, and the world its own.
    """
    found = [WORLD_COLOR]
    for body in range(1, model.nbody):
        parent = int(model.body_parentid[body])
        inherited = found[parent] if parent else TORSO
        found.append(colors.get(model.body(body).name, inherited))
    return found


def rgb(color: str) -> tuple[int, int, int]:
    """A color as three numbers from 0 to 255.

    Args:
        color: The color as ``"#rrggbb"``.

    Examples:
        >>> rgb("#ff8000")
        (255, 128, 0)
    """
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue


def _geoms_of_bodies(model: mujoco.MjModel) -> dict[int, list[int]]:
    """Geoms to draw by MuJoCo body: the shown ones, and what stands on the floor of the world."""
    found: dict[int, list[int]] = {}
    fixed = [
        geom
        for geom in range(model.ngeom)
        if not model.geom_bodyid[geom] and model.geom(geom).name != _FLOOR
    ]
    for geom in (*fixed, *shown_geoms(model)):
        found.setdefault(int(model.geom_bodyid[geom]), []).append(geom)
    return found
