"""A teacher's view: the state, and what follows from it and a limb's build, in world axes.

The state names a limb's pose by the origin and the orientation of its frame. What decides
how a limb acts on the world, where its tip is, how it moves and about which axes its
hinges turn, follows from that and from constants; told so, a network that all limbs share
need not learn to rotate vectors. Numbers mean the same for every limb of every body, which
is what lets a teacher carry over to bodies that it never saw.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import BodyLayout, table
from hyperdistill_core.features.state import STATE, STATE_DIM

PRIVILEGED = table(
    *((row.name, row.stop - row.start, row.unit) for row in STATE),
    ("way from the frame's origin to the tip", 3, "m"),
    ("height of the tip over z = 0", 1, "m"),
    ("linear velocity of the tip", 3, "m/s"),
    ("x-hinge axis", 3, "-"),
    ("y-hinge axis", 3, "-"),
)
PRIVILEGED_DIM = PRIVILEGED[-1].stop

#: Numbers of a limb's build: tip, x-hinge axis and y-hinge axis in the frame of the limb.
LIMB_CONSTANTS_DIM = 9
_VELOCITY, _SPIN, _QUATERNION = slice(3, 6), slice(6, 9), slice(9, 13)


def node_tips(layout: BodyLayout, model: mujoco.MjModel) -> NDArray[np.float64]:
    """(n, 3) tip of every body in its own frame (m).

    The tip is the capsule's end that lies away from the frame's origin, where the capsule
    begins (:func:`~morph_ops.geometry.canonical_frames`); a torso, a sphere about its origin,
    has none.
    """
    return 2.0 * model.geom_pos[model.body_geomadr[layout.body_ids]]


def limb_constants(layout: BodyLayout, model: mujoco.MjModel) -> NDArray[np.float32]:
    """Tip (m), x-hinge axis and y-hinge axis of every body in its own frame.

    Returns:
        (n, 9); zero where there is no hinge.
    """
    constants = np.zeros((layout.n_nodes, LIMB_CONSTANTS_DIM), np.float32)
    constants[:, :3] = node_tips(layout, model)
    for slot in range(2):
        axes = model.jnt_axis[layout.joint_ids[:, slot]]
        constants[:, 3 + 3 * slot : 6 + 3 * slot] = axes * layout.joint_mask[:, slot, None]
    return constants


def privileged_observation(states: NDArray[np.float32], constants: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a teacher sees of bodies.

    A hinge's axis is that of its own frame, the limb's orientation now: the x-hinge's is
    off by the angle of the y-hinge behind it.

    Args:
        states: (..., n, 17) states, see ``STATE``.
        constants: (..., n, 9) of the same limbs, see :func:`limb_constants`.

    Returns:
        (..., n, 30), see ``PRIVILEGED``.
    """
    view = np.empty((*states.shape[:-1], PRIVILEGED_DIM), np.float32)
    view[..., :STATE_DIM] = states
    w = states[..., 9:10]
    axis = states[..., 10:13]
    shape = (*states.shape[:-1], 3)
    turned = [
        rotate(w, axis, np.broadcast_to(constants[..., first : first + 3], shape))
        for first in (0, 3, 6)
    ]
    tip = turned[0]
    view[..., 17:20] = tip
    view[..., 20] = states[..., 2] + tip[..., 2]
    view[..., 21:24] = states[..., _VELOCITY] + _cross(states[..., _SPIN], tip)
    view[..., 24:27], view[..., 27:30] = turned[1:]
    return view


def rotate(
    w: NDArray[np.floating], axis: NDArray[np.floating], vector: NDArray[np.floating]
) -> NDArray[Any]:
    """Vectors turned by unit quaternions, in the precision of the vectors.

    Args:
        w: (..., 1) of the quaternions.
        axis: (..., 3) of the quaternions.
        vector: (..., 3).
    """
    twice = vector.dtype.type(2.0) * _cross(axis, vector)
    turned = vector + w * twice + _cross(axis, twice)
    return turned.astype(vector.dtype, copy=False)


def _cross(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[Any]:
    out = np.empty_like(b)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[..., i] = a[..., j] * b[..., k] - a[..., k] * b[..., j]
    return out
