"""Pictures of simulations, each in the world of its episode."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from codesign.errors import RunError
from codesign.gym.simulations import Simulations
from hyperdistill_core.tasks.terrain import World
from morph_ops import graph as body_graph
from morph_ops._messages import one_line
from morph_ops.geometry import rest_frames

_CANNOT = "render_mode: cannot draw here: set the environment variable MUJOCO_GL to egl or osmesa"
_AZIMUTH_DEG, _ELEVATION_DEG = 115.0, -16.0
# Height above the ground that the camera looks at, as a share of that of the torso at rest.
_CENTER = 0.45


class Cameras:
    """A camera for each world that some simulations are in.

    Args:
        simulations: The simulations.
        size: Width and height of a picture (px).
    """

    def __init__(self, simulations: Simulations, size: tuple[int, int]) -> None:
        self._simulations, self._size = simulations, size
        self._cameras: list[_Camera] = []

    def pictures(self) -> tuple[NDArray[np.uint8], ...]:
        """A picture (H, W, 3) of each simulation.

        Raises:
            RunError: This machine cannot draw.
        """
        simulations = self._simulations
        worlds = simulations.worlds
        for camera in self._cameras:
            if not any(camera.world is world for world in worlds):
                camera.close()
        self._cameras = [camera for camera in self._cameras if not camera.closed]
        return tuple(
            self._in(world).picture(qpos, torso)
            for world, qpos, torso in zip(
                worlds, simulations.physics.qpos, simulations.torso, strict=True
            )
        )

    def _in(self, world: World) -> _Camera:
        for camera in self._cameras:
            if camera.world is world:
                return camera
        self._cameras.append(_Camera(self._simulations, world, self._size))
        return self._cameras[-1]

    def close(self) -> None:
        """Free what the renderers hold."""
        for camera in self._cameras:
            camera.close()
        self._cameras = []


class _Camera:
    """A camera that follows the torso of a body in a world.

    Args:
        simulations: Simulations of the body.
        world: The world.
        size: Width and height of a picture (px).

    Attributes:
        world: The world.
        closed: Whether the renderer is freed.

    Raises:
        RunError: This machine cannot draw.
    """

    def __init__(self, simulations: Simulations, world: World, size: tuple[int, int]) -> None:
        self.world, self.closed = world, False
        width, height = size
        model = _shown_model(simulations, world)
        model.vis.global_.offwidth = max(width, model.vis.global_.offwidth)
        model.vis.global_.offheight = max(height, model.vis.global_.offheight)
        self._model, self._data = model, mujoco.MjData(model)
        rest_m = body_graph.start_height(simulations.body)
        self._center_m = simulations.task.ground_m + _CENTER * rest_m
        self._below_torso_m = (1.0 - _CENTER) * rest_m
        camera = mujoco.MjvCamera()
        camera.azimuth, camera.elevation = _AZIMUTH_DEG, _ELEVATION_DEG
        extent = np.ptp(rest_frames(simulations.body).pos, axis=0).max() + 0.4
        camera.distance = 1.4 + 1.2 * extent
        self._camera = camera
        _require_display()
        try:
            self._renderer: Any = mujoco.Renderer(model, height, width)
        except Exception as error:  # MuJoCo raises errors of many kinds without a display
            raise RunError(f"{_CANNOT} ({one_line(error)})") from None

    def picture(self, qpos: NDArray[np.float64], torso: NDArray[np.float64]) -> NDArray[np.uint8]:
        """A picture (H, W, 3) of one simulation.

        Args:
            qpos: (nq,) positions.
            torso: (3,) position of the torso (m).
        """
        data, uneven = self._data, self.world.height_map is not None
        data.qpos[:] = qpos
        mujoco.mj_forward(self._model, data)
        center = torso[2] - self._below_torso_m if uneven else self._center_m
        self._camera.lookat[:] = *torso[:2], center
        self._renderer.update_scene(data, self._camera)
        return self._renderer.render()

    def close(self) -> None:
        """Free what the renderer holds."""
        self._renderer.close()
        self.closed = True


def _shown_model(simulations: Simulations, world: World) -> mujoco.MjModel:
    """The model of a body in a world, with lights and colors."""
    # Imported late: environments without pictures need no exports.
    from codesign.exporting.world_file import write_model

    task, body = simulations.task, simulations.body
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.xml"
        write_model(body, task, world, task.model(body, world), path)
        return mujoco.MjModel.from_xml_path(str(path))


def _require_display() -> None:
    """Refuse to draw by a window system that is not there: it would end the whole process.

    Raises:
        RunError: There is no window system, and MUJOCO_GL asks for no other way to draw.
    """
    by_window = os.environ.get("MUJOCO_GL", "").lower() in ("", "glfw")
    has_window = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if sys.platform == "linux" and by_window and not has_window:
        raise RunError(f"{_CANNOT} before Python starts (this machine has no display)")
