"""Which nodes are on the ground: by their capsules, or by the geoms of a robot from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout, rotate
from morph_ops.io.mjcf.foreign.ground import touching_geoms
from morph_ops.io.mjcf.foreign.lowest import lowest_in_geom

Ground = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Heights (T, E, k) of the ground below positions (T, E, k, 3) (m)."""


def capsules_on_ground(
    xpos: NDArray[np.float64],
    xquat: NDArray[np.float64],
    layout: BodyLayout,
    ground: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """(T, E, n) whether the capsule of each node reaches below the ground.

    Contacts in MuJoCo are soft: a node on the ground lies a little below it.

    Args:
        xpos: (T, E, n, 3) positions of the nodes (m).
        xquat: (T, E, n, 4) orientations of the nodes.
        layout: Layout of the body in its model.
        ground: (T, E, n) height of the ground below the nodes (m).
    """
    tips = np.broadcast_to(layout.tips, xpos.shape)
    tip_z = rotate(xquat[..., :1], xquat[..., 1:], tips)[..., 2]
    return xpos[..., 2] + np.minimum(tip_z, 0.0) - layout.radii < ground


def geoms_on_ground(
    xpos: NDArray[np.float64],
    xquat: NDArray[np.float64],
    layout: BodyLayout,
    model: mujoco.MjModel,
    ground: Ground,
) -> NDArray[np.bool_]:
    """(T, E, n) whether a geom of each node is on the ground, or nearer to it than its margin.

    What counts is the lowest point of each geom that can touch the ground.

    Args:
        xpos: (T, E, n, 3) positions of the nodes (m).
        xquat: (T, E, n, 4) orientations of the nodes.
        layout: Layout of the robot in its model.
        model: The robot, with its own physics, in its world.
        ground: Function that gives the heights of the ground.
    """
    node_of = {int(body): number for number, body in enumerate(layout.body_ids)}
    on_ground = np.zeros(xpos.shape[:-1], dtype=np.bool_)
    turn = np.zeros(9)
    for geom in touching_geoms(model):
        node = node_of.get(int(model.geom_bodyid[geom]))
        if node is None:
            continue
        mujoco.mju_quat2Mat(turn, model.geom_quat[geom])
        w, axis = xquat[:, :, node, :1], xquat[:, :, node, 1:]
        up = rotate(w, -axis, np.broadcast_to([0.0, 0.0, 1.0], axis.shape))
        in_geom = lowest_in_geom(model, geom, up @ turn.reshape(3, 3))
        in_node = model.geom_pos[geom] + in_geom @ turn.reshape(3, 3).T
        lowest = (xpos[:, :, node] + rotate(w, axis, in_node))[:, :, None]
        reached = ground(lowest) + model.geom_margin[geom]
        on_ground[:, :, node] |= (lowest[..., 2] < reached)[:, :, 0]
    return on_ground
