"""The lowest points of geoms, exact for every shape that a robot's text has."""

from __future__ import annotations

from collections.abc import Iterable

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.foreign.capsules import hull_vertices
from morph_ops.io.mjcf.foreign.kinds import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE

__all__ = ["lowest_in_geom", "lowest_point"]

#: Most products of directions and corners of a mesh that are in memory at once.
_MOST_PRODUCTS = 2_000_000


def lowest_in_geom(
    model: mujoco.MjModel, geom: int, up: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The lowest point of a geom (m) in its own frame, for any directions that are up.

    Args:
        model: The model.
        geom: Id of a sphere, capsule, ellipsoid, cylinder, box or mesh.
        up: (..., 3) unit vectors that point up, in the frame of the geom.

    Returns:
        (..., 3) points; one of them where a whole edge or face is lowest.

    Examples:
        >>> text = "<mujoco><worldbody><geom type='box' size='1 2 3'/></worldbody></mujoco>"
        >>> model = mujoco.MjModel.from_xml_string(text)
        >>> lowest_in_geom(model, 0, np.array([0.6, 0.48, -0.64])).tolist()
        [-1.0, -2.0, 3.0]
    """
    kind, size = int(model.geom_type[geom]), model.geom_size[geom]
    if kind == SPHERE:
        return -size[0] * up
    if kind == CAPSULE:
        return -size[0] * up - _along_z(size[1], up)
    if kind == ELLIPSOID:
        scaled = size * up
        return -size * scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)
    if kind == CYLINDER:
        flat = up * [1.0, 1.0, 0.0]
        length = np.linalg.norm(flat, axis=-1, keepdims=True)
        return -size[0] * flat / np.where(length > 0.0, length, 1.0) - _along_z(size[1], up)
    if kind == BOX:
        return -size * np.sign(up)
    corners = hull_vertices(model, int(model.geom_dataid[geom]))
    directions = up.reshape(-1, 3)
    count = max(_MOST_PRODUCTS // len(corners), 1)
    lowest = [
        (directions[first : first + count] @ corners.T).argmin(axis=1)
        for first in range(0, len(directions), count)
    ]
    return corners[np.concatenate(lowest)].reshape(up.shape)


def _along_z(half: float, up: NDArray[np.float64]) -> NDArray[np.float64]:
    return half * np.sign(up) * [0.0, 0.0, 1.0]


def lowest_point(model: mujoco.MjModel, data: mujoco.MjData, geoms: Iterable[int]) -> float | None:
    """Height of the lowest point of geoms in the pose of the data (m); None without geoms.

    Args:
        model: The model.
        data: Its data, with frames computed.
        geoms: Ids of the geoms.
    """
    heights: list[float] = []
    for geom in geoms:
        up = data.geom_xmat[geom].reshape(3, 3)[2]
        heights.append(float(data.geom_xpos[geom, 2] + up @ lowest_in_geom(model, geom, up)))
    return min(heights, default=None)
