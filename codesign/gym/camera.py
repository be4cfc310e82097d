"""Pictures of simulations, in the scene of exported designs."""

from __future__ import annotations

import os
import sys
from typing import Any

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.errors import RunError
from morph_ops import graph as body_graph
from morph_ops._messages import one_line
from morph_ops.geometry import canonical_frames, rest_frames
from morph_ops.io import mjcf

_CANNOT = "render_mode: cannot draw here: set the environment variable MUJOCO_GL to egl or osmesa"
_AZIMUTH_DEG, _ELEVATION_DEG = 115.0, -16.0


class Camera:
    """A camera that follows the torso of a body.

    Args:
        body: The body.
        width: Width of a picture (px).
        height: Height of a picture (px).
        ground_m: Height of the ground in the task's world (m).

    Raises:
        RunError: This machine cannot draw.
    """

    def __init__(
        self, body: nx.DiGraph[str], *, width: int, height: int, ground_m: float = 0.0
    ) -> None:
        # Canonical frames are those of the simulations, whose positions the scene takes.
        model = mujoco.MjModel.from_xml_string(mjcf.to_xml(canonical_frames(body), scene=True))
        model.vis.global_.offwidth = max(width, model.vis.global_.offwidth)
        model.vis.global_.offheight = max(height, model.vis.global_.offheight)
        self._model, self._data = model, mujoco.MjData(model)
        self._ground_m = ground_m
        self._center_m = 0.45 * body_graph.torso(body).pos[2]
        camera = mujoco.MjvCamera()
        camera.azimuth, camera.elevation = _AZIMUTH_DEG, _ELEVATION_DEG
        camera.distance = 1.4 + 1.2 * (np.ptp(rest_frames(body).pos, axis=0).max() + 0.4)
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
        data = self._data
        data.qpos[:] = qpos
        if self._model.njnt and self._model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE:
            data.qpos[2] -= self._ground_m
        mujoco.mj_forward(self._model, data)
        self._camera.lookat[:] = *torso[:2], self._center_m
        self._renderer.update_scene(data, self._camera)
        return self._renderer.render()

    def close(self) -> None:
        """Free what the renderer holds."""
        self._renderer.close()


def _require_display() -> None:
    """Refuse to draw by a window system that is not there: it would end the whole process.

    Raises:
        RunError: There is no window system, and MUJOCO_GL asks for no other way to draw.
    """
    by_window = os.environ.get("MUJOCO_GL", "").lower() in ("", "glfw")
    has_window = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if sys.platform == "linux" and by_window and not has_window:
        raise RunError(f"{_CANNOT} before Python starts (this machine has no display)")
