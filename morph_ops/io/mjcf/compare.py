"""Comparison of two compiled models of one body.

Files can contain more than a body of this project: friction loss, gravity compensation,
contact margins, and what later versions of MuJoCo add. So reading compares the file's own
model with the rebuilt one in every physical array, and nothing is lost silently.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

import mujoco
import numpy as np
from numpy.typing import NDArray

__all__ = ["TOLERANCE", "differences"]

TOLERANCE = 1e-9
"""Relative and absolute tolerance between equal numbers."""

_KINDS = {
    "body": mujoco.mjtObj.mjOBJ_BODY,
    "geom": mujoco.mjtObj.mjOBJ_GEOM,
    "jnt": mujoco.mjtObj.mjOBJ_JOINT,
    "dof": mujoco.mjtObj.mjOBJ_DOF,
    "actuator": mujoco.mjtObj.mjOBJ_ACTUATOR,
}
_UNSUPPORTED = {
    "neq": "equality constraints",
    "ntendon": "tendons",
    "npair": "contact pairs",
    "nflex": "deformable bodies",
    "nplugin": "plugins",
    "nmocap": "mocap bodies",
}
# Colors, groups, and user data; and arrays that follow from others, or depend on the roll of a
# capsule about its own axis, which has no effect.
_IGNORED = {
    "geom_rgba", "geom_group", "geom_matid", "geom_user", "geom_quat", "geom_sameframe",
    "geom_aabb", "geom_rbound", "jnt_group", "jnt_user", "actuator_group", "actuator_user",
    "body_user", "body_quat", "body_inertia", "body_iquat", "body_sameframe", "body_simple",
    "body_invweight0", "body_subtreemass", "body_bvhadr", "body_bvhnum", "dof_M0",
    "dof_invweight0", "dof_simplenum", "dof_Madr", "actuator_acc0", "actuator_length0",
}  # fmt: skip


def differences(model: mujoco.MjModel, other: mujoco.MjModel) -> Iterator[str]:
    """The differences between two models of one body, in words.

    Args:
        model: The model compiled from a file.
        other: The model rebuilt from the body. Its bodies and joints must have the same order;
            actuators are matched by the joint that they drive.

    Yields:
        One phrase for each difference, such as
        ``"joint 'knee': frictionloss 0.5 (0 expected)"``.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> from morph_ops.io.mjcf import to_model
        >>> torso = {"pos": (0.0, 0.0, 0.3), "radius": 0.1}
        >>> light, heavy = (to_model(new_body(Torso(**torso, mass=mass))) for mass in (1.0, 2.0))
        >>> next(differences(light, heavy))
        "body 'torso/0': mass 1 (2 expected)"
    """
    for count, words in _UNSUPPORTED.items():
        if getattr(model, count):
            yield words
    rows = {"actuator": np.argsort(model.actuator_trnid[:, 0])}
    for name in dir(model):
        kind = name.partition("_")[0]
        mine = getattr(model, name) if kind in _KINDS and "_" in name else None
        if name in _IGNORED or not isinstance(mine, np.ndarray):
            continue
        array = cast("NDArray[Any]", mine)
        if kind in rows and len(array) == len(rows[kind]):
            array = array[rows[kind]]
        yield from _rows(model, other, name, array, getattr(other, name))
    yield from _rows(model, other, "body_quat", model.body_quat, _aligned(model, other))
    yield from _rows(model, other, "body_inertia", _inertia(model), _inertia(other))
    yield from _rows(model, other, "geom_quat", _axes(model), _axes(other))
    if not _close(model.qpos0, other.qpos0).all():
        yield f"joint angles (ref) {_shown(model.qpos0[7:])} in the rest pose (all 0 expected)"
    if not _close(model.qpos_spring, other.qpos_spring).all():
        yield f"spring angles (springref) {_shown(model.qpos_spring[7:])} (all 0 expected)"


def _rows(
    model: mujoco.MjModel,
    other: mujoco.MjModel,
    name: str,
    mine: NDArray[Any],
    theirs: NDArray[Any],
) -> Iterator[str]:
    kind, _, quantity = name.partition("_")
    if mine.shape != theirs.shape:
        yield f"{quantity} of shape {mine.shape} (shape {theirs.shape} expected)"
        return
    same = _close(mine, theirs).reshape(len(mine), math.prod(mine.shape[1:])).all(axis=1)
    for row in np.flatnonzero(~same):
        yield (
            f"{_title(other, kind, int(row))}: {quantity} {_shown(mine[row])} "
            f"({_shown(theirs[row])} expected)"
        )


def _title(model: mujoco.MjModel, kind: str, row: int) -> str:
    if kind == "dof":
        kind, row = "jnt", int(model.dof_jntid[row])
    words = {"jnt": "joint", "actuator": "motor"}.get(kind, kind)
    return f"{words} {mujoco.mj_id2name(model, _KINDS[kind], row)!r}"


def _shown(value: NDArray[Any]) -> str:
    return " ".join(f"{number:.9g}" for number in np.ravel(value))


def _close(mine: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
    return np.isclose(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def _aligned(model: mujoco.MjModel, other: mujoco.MjModel) -> NDArray[Any]:
    """The other model's orientations (nbody, 4), each with the sign nearer to the model's."""
    if model.body_quat.shape != other.body_quat.shape:
        return other.body_quat
    sign = np.sign((model.body_quat * other.body_quat).sum(axis=1, keepdims=True))
    return np.where(sign < 0.0, -1.0, 1.0) * other.body_quat


def _inertia(model: mujoco.MjModel) -> NDArray[Any]:
    """Inertia tensors in the frames of the bodies (nbody, 3, 3), whatever the principal axes."""
    frames = _matrices(model.body_iquat)
    return np.einsum("bij,bj,bkj->bik", frames, model.body_inertia, frames)


def _axes(model: mujoco.MjModel) -> NDArray[Any]:
    """Projectors on the geoms' z axes (ngeom, 3, 3), which do not depend on roll and sign.

    They are zero for spheres.
    """
    axes = _matrices(model.geom_quat)[:, :, 2]
    axes[model.geom_type == mujoco.mjtGeom.mjGEOM_SPHERE] = 0.0
    return axes[:, :, None] * axes[:, None, :]


def _matrices(quats: NDArray[Any]) -> NDArray[Any]:
    frames = np.empty((len(quats), 9))
    for frame, quat in zip(frames, quats, strict=True):
        mujoco.mju_quat2Mat(frame, quat)
    return frames.reshape(-1, 3, 3)
