"""Values of an MJCF robot: from MuJoCo's bodies to torso and limbs, with every digit.

MuJoCo's description holds the numbers of the file, and the compiled model holds what MuJoCo
made of them. A number of the file is used if MuJoCo took it as it is. Frames, other notations
of orientations, and default classes change numbers on the way into the model; then the number
of the model is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import MjcfError
from morph_ops.graph import SLOTS, Joint, Limb, Quat, Slot, Torso, Vec3
from morph_ops.io.mjcf.compare import TOLERANCE
from morph_ops.io.mjcf.shape import Motors
from morph_ops.io.mjcf.source import slot_of_name

__all__ = ["Source", "limb_of", "torso_of"]


@dataclass(frozen=True)
class Source:
    """A robot in an MJCF file, beside MuJoCo's description of it.

    Attributes:
        model: The compiled model.
        motors: Motors by joint.
        degrees_per_unit: Degrees in one unit of the file's angles.
        given_slots: Slots that the file gives to joints by name.
    """

    model: mujoco.MjModel
    motors: Motors
    degrees_per_unit: float
    given_slots: dict[str, Slot]


def torso_of(body: mujoco.MjsBody, source: Source) -> Torso:
    """The torso that a body of the file is."""
    geom, model = body.geoms[0], source.model
    return Torso(
        pos=_vec3(body.pos, model.body_pos[body.id]),
        quat=_quat(body.quat, model.body_quat[body.id]),
        radius=float(geom.size[0]),
        density=_density(geom),
        mass=_mass(geom),
        friction=_vec3(geom.friction, model.geom_friction[geom.id]),
        condim=geom.condim,
    )


def limb_of(body: mujoco.MjsBody, source: Source) -> Limb:
    """The limb that a body of the file is.

    Raises:
        MjcfError: A hinge or the control of a motor has no limits.
    """
    geom, model = body.geoms[0], source.model
    start, end = _ends(geom, model)
    return Limb(
        pos=_vec3(body.pos, model.body_pos[body.id]),
        quat=_quat(body.quat, model.body_quat[body.id]),
        start=start,
        end=end,
        radius=float(geom.size[0]),
        density=_density(geom),
        mass=_mass(geom),
        joints=tuple(
            _joint(joint, slot, source)
            for slot, joint in zip(_slots(body, source), body.joints, strict=True)
        ),
        friction=_vec3(geom.friction, model.geom_friction[geom.id]),
        condim=geom.condim,
    )


def _joint(joint: mujoco.MjsJoint, slot: Slot, source: Source) -> Joint:
    model, motor = source.model, source.motors[joint.name]
    if not model.jnt_limited[joint.id]:
        raise MjcfError(f"joint {joint.name!r}: expected limits, got none; give it a growing range")
    if not model.actuator_ctrllimited[motor.id]:
        raise MjcfError(
            f"motor {motor.name!r} of joint {joint.name!r}: expected a limited control, "
            "got an unlimited one; give it a ctrlrange"
        )
    given_range = joint.range * source.degrees_per_unit
    low, high = _exact(given_range, np.rad2deg(model.jnt_range[joint.id]))
    control_low, control_high = _exact(motor.ctrlrange, model.actuator_ctrlrange[motor.id])
    time, ratio = _exact(joint.solref_limit, model.jnt_solref[joint.id])
    solimp = _exact(joint.solimp_limit, model.jnt_solimp[joint.id])
    dof = model.jnt_dofadr[joint.id]
    return Joint(
        name=joint.name,
        slot=slot,
        pos=_vec3(joint.pos, model.jnt_pos[joint.id]),
        axis=_vec3(joint.axis, model.jnt_axis[joint.id], unit=True),
        range_deg=(low, high),
        gear=float(motor.gear[0]),
        ctrl_range=(control_low, control_high),
        stiffness=float(model.jnt_stiffness[joint.id]),
        damping=float(model.dof_damping[dof]),
        armature=float(model.dof_armature[dof]),
        solref_limit=(time, ratio),
        solimp_limit=(solimp[0], solimp[1], solimp[2], solimp[3], solimp[4]),
    )


def _slots(body: mujoco.MjsBody, source: Source) -> list[Slot]:
    """Slots of a limb's hinges: from the file or their names, and the others by order."""
    named: list[Slot | None] = [
        source.given_slots.get(joint.name) or slot_of_name(joint.name) for joint in body.joints
    ]
    left: list[Slot] = [slot for slot in SLOTS if slot not in named]
    slots: list[Slot] = [slot or left.pop(0) for slot in named]
    # Names are hints only: hinges whose names contradict each other fill the slots in order.
    return slots if slots == sorted(set(slots)) else list(SLOTS[: len(slots)])


def _density(geom: mujoco.MjsGeom) -> float | None:
    return float(geom.density) if math.isnan(geom.mass) else None


def _mass(geom: mujoco.MjsGeom) -> float | None:
    return None if math.isnan(geom.mass) else float(geom.mass)


def _ends(geom: mujoco.MjsGeom, model: mujoco.MjModel) -> tuple[Vec3, Vec3]:
    """Both ends of a capsule's axis in its body's frame: from the file, or from the model."""
    center = model.geom_pos[geom.id]
    half = _axis(model.geom_quat[geom.id]) * model.geom_size[geom.id, 1]
    first, second = np.reshape(geom.fromto, (2, 3))
    # MuJoCo's axis points from the second end to the first.
    if np.allclose((center + half, center - half), (first, second), rtol=0.0, atol=TOLERANCE):
        return _vec3(first, first), _vec3(second, second)
    first, second = center + half, center - half
    if np.linalg.norm(first) > np.linalg.norm(second) + TOLERANCE:
        first, second = second, first
    return _vec3(first, first), _vec3(second, second)


def _axis(quat: NDArray[np.float64]) -> NDArray[np.float64]:
    axis = np.empty(3)
    mujoco.mju_rotVecQuat(axis, np.array([0.0, 0.0, 1.0]), quat)
    return axis


def _exact(
    given: NDArray[np.float64], compiled: NDArray[np.float64], *, unit: bool = False
) -> list[float]:
    """The numbers of the file if MuJoCo took them as they are, else those of the model.

    Args:
        given: Numbers of the file.
        compiled: Numbers of the model.
        unit: Whether MuJoCo normalizes the numbers; then their length may differ.
    """
    norm = float(np.linalg.norm(given))
    comparable = given / norm if unit and norm else given
    unchanged = np.allclose(comparable, compiled, rtol=TOLERANCE, atol=TOLERANCE)
    return (given if unchanged else compiled).tolist()


def _vec3(given: NDArray[np.float64], compiled: NDArray[np.float64], *, unit: bool = False) -> Vec3:
    x, y, z = _exact(given, compiled, unit=unit)
    return x, y, z


def _quat(given: NDArray[np.float64], compiled: NDArray[np.float64]) -> Quat:
    w, x, y, z = _exact(given, compiled, unit=True)
    return w, x, y, z
