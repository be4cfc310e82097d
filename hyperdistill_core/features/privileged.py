"""Privileged observation: the state, and what follows from it and from constants of a node.

The state describes the pose of a node by the origin and the orientation of its frame. What
decides how a limb acts on the world is where its tip is, how the tip moves, and about which axes
its hinges turn. This follows from the state and from constants; given as an input, a network
that all nodes share need not learn to rotate vectors. The numbers mean the same for every node of
every body, which lets a teacher generalize to bodies outside its training set.

| numbers | meaning                                                | unit |
|---------|--------------------------------------------------------|------|
| 0-16    | the state                                              |      |
| 17-19   | vector from the origin of the frame to the tip         | m    |
| 20      | height of the tip above z = 0                          | m    |
| 21-23   | linear velocity of the tip                             | m/s  |
| 24-26   | axis of the x-hinge                                    | -    |
| 27-29   | axis of the y-hinge                                    | -    |
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import BodyLayout, feature_table
from hyperdistill_core.features.state import STATE, STATE_DIM

#: The privileged observation of a node. Vectors are in world axes.
PRIVILEGED = feature_table(
    *((row.name, row.stop - row.start, row.unit) for row in STATE),
    ("vector from the origin of the frame to the tip", 3, "m"),
    ("height of the tip above z = 0", 1, "m"),
    ("linear velocity of the tip", 3, "m/s"),
    ("x-hinge axis", 3, "-"),
    ("y-hinge axis", 3, "-"),
)
#: Number of features of a node in the privileged observation.
PRIVILEGED_DIM = PRIVILEGED[-1].stop

#: Number of constants of a node: tip, x-hinge axis and y-hinge axis in the frame of the node.
NODE_CONSTANTS_DIM = 9
_VELOCITY, _SPIN, _QUATERNION = slice(3, 6), slice(6, 9), slice(9, 13)


def node_constants(layout: BodyLayout, model: mujoco.MjModel) -> NDArray[np.float32]:
    """Tip, x-hinge axis and y-hinge axis of every node in its own frame.

    Args:
        layout: Layout of the body in its model.
        model: The body in its world.

    Returns:
        (n, 9) tips (m) and axes; the axis of a missing hinge is zero.

    Examples:
        >>> from morph_ops.io.mjcf import to_model
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> model = to_model(body)
        >>> constants = node_constants(BodyLayout.from_graph(body, model), model)
        >>> constants.shape == (len(body), NODE_CONSTANTS_DIM), constants[0].any().item()
        (True, False)
    """
    constants = np.zeros((layout.n_nodes, NODE_CONSTANTS_DIM), np.float32)
    constants[:, :3] = layout.tips
    for slot in range(2):
        axes = model.jnt_axis[layout.joint_ids[:, slot]]
        constants[:, 3 + 3 * slot : 6 + 3 * slot] = axes * layout.joint_mask[:, slot, None]
    return constants


def privileged_observation(
    states: NDArray[np.float32], constants: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Privileged observations of nodes.

    The axis of a hinge is turned with the frame of its node, in the orientation that it has now.
    The axis of an x-hinge is therefore off by the angle of the y-hinge that follows it.

    Args:
        states: (..., n, 17) states, see :data:`~hyperdistill_core.features.STATE`.
        constants: (..., n, 9) constants of the same nodes, see :func:`node_constants`.

    Returns:
        (..., n, 30), see :data:`PRIVILEGED`.

    Examples:
        >>> states = np.zeros((2, 9, STATE_DIM), np.float32)
        >>> privileged_observation(states, np.zeros((9, 9), np.float32)).shape
        (2, 9, 30)
    """
    observation = np.empty((*states.shape[:-1], PRIVILEGED_DIM), np.float32)
    observation[..., :STATE_DIM] = states
    w = states[..., 9:10]
    axis = states[..., 10:13]
    shape = (*states.shape[:-1], 3)
    rotated = [
        rotate(w, axis, np.broadcast_to(constants[..., first : first + 3], shape))
        for first in (0, 3, 6)
    ]
    tip = rotated[0]
    observation[..., 17:20] = tip
    observation[..., 20] = states[..., 2] + tip[..., 2]
    observation[..., 21:24] = states[..., _VELOCITY] + _cross(states[..., _SPIN], tip)
    observation[..., 24:27], observation[..., 27:30] = rotated[1:]
    return observation


def rotate(
    w: NDArray[np.floating], axis: NDArray[np.floating], vector: NDArray[np.floating]
) -> NDArray[Any]:
    """Vectors rotated by unit quaternions, in the precision of the vectors.

    Args:
        w: (..., 1) scalar parts of the quaternions.
        axis: (..., 3) vector parts of the quaternions.
        vector: (..., 3) vectors.

    Examples:
        >>> rotate(np.zeros(1), np.array([0.0, 0.0, 1.0]), np.array([1.0, 2.0, 3.0])).tolist()
        [-1.0, -2.0, 3.0]
    """
    twice = vector.dtype.type(2.0) * _cross(axis, vector)
    rotated = vector + w * twice + _cross(axis, twice)
    return rotated.astype(vector.dtype, copy=False)


def _cross(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[Any]:
    out = np.empty_like(b)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[..., i] = a[..., j] * b[..., k] - a[..., k] * b[..., j]
    return out
