"""Actuators of a robot, driven so that an action of -1..1 spans their own range.

MuJoCo's actuators give ``force = gain * control + bias``. A change of the control to
``middle + half * action`` changes the gain and the constant part of the bias alone, so the physics
is the same. An actuator that integrates its control has zero for its middle: another would drift.
A positive action turns a joint in the positive sense, whatever the sign of the gear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import mujoco
import numpy as np

from morph_ops.io.mjcf.foreign.robot import HINGE, SLIDE, ForeignRobot, driven_joints

__all__ = ["HELD", "Drive", "drives_of", "torques_of"]

HELD = "held at rest"
"""What an action means to a velocity servo beside a position servo: nothing."""

_RATE = "the rate of a control that is integrated"
_DYNAMICS = tuple(
    int(kind)
    for kind in (
        mujoco.mjtDyn.mjDYN_NONE,
        mujoco.mjtDyn.mjDYN_INTEGRATOR,
        mujoco.mjtDyn.mjDYN_FILTER,
        mujoco.mjtDyn.mjDYN_FILTEREXACT,
    )
)
_INTEGRATOR = _DYNAMICS[1]
_FIXED, _AFFINE = int(mujoco.mjtGain.mjGAIN_FIXED), int(mujoco.mjtGain.mjGAIN_AFFINE)
_NO_BIAS, _AFFINE_BIAS = int(mujoco.mjtBias.mjBIAS_NONE), int(mujoco.mjtBias.mjBIAS_AFFINE)


@dataclass(frozen=True)
class Drive:
    """An actuator and the joint whose action it follows.

    Attributes:
        actuator: Id of the actuator.
        joint: Id of the joint.
        middle: Control at an action of zero.
        half: Change of the control from there to an action of one; may be negative.
        torque: Largest torque or force on the joint that an action makes (N m or N).
        how: What an action means, for the report; :data:`HELD` where the control stays.
        span: Lowest and highest action that the control range allows.
    """

    actuator: int
    joint: int
    middle: float
    half: float
    torque: float
    how: str
    span: tuple[float, float] = (-1.0, 1.0)


def drives_of(robot: ForeignRobot) -> tuple[list[Drive], dict[str, list[str]]]:
    """The actuators that follow an action, and those left out, by the reason.

    Args:
        robot: The robot.
    """
    model = robot.model
    drives: list[Drive] = []
    left: dict[str, list[str]] = {}
    taken: set[int] = set()
    for actuator in range(model.nu):
        name = robot.name(mujoco.mjtObj.mjOBJ_ACTUATOR, actuator) or f"actuator{actuator}"
        joints = [j for j in driven_joints(model, actuator) if _is_driven(robot, j)]
        if not joints:
            left.setdefault("drives no joint of a limb", []).append(name)
            continue
        if (
            int(model.actuator_gaintype[actuator]) not in (_FIXED, _AFFINE)
            or int(model.actuator_biastype[actuator]) not in (_NO_BIAS, _AFFINE_BIAS)
            or int(model.actuator_dyntype[actuator]) not in _DYNAMICS
        ):
            left.setdefault("is a muscle or has a function of its own", []).append(name)
            continue
        joint = next((each for each in joints if each not in taken), joints[0])
        taken.add(joint)
        drives.append(_drive(model, actuator, joint))
    servos = {drive.joint for drive in drives if _is_position_servo(model, drive.actuator)}
    return [
        _held(model, drive)
        if drive.joint in servos and _is_velocity_servo(model, drive.actuator)
        else drive
        for drive in drives
    ], left


def torques_of(drives: list[Drive]) -> Mapping[int, float]:
    """Largest torque of each driven joint (N m)."""
    torques: dict[int, float] = {}
    for drive in drives:
        torques[drive.joint] = torques.get(drive.joint, 0.0) + drive.torque
    return torques


def _is_driven(robot: ForeignRobot, joint: int) -> bool:
    model = robot.model
    body = int(model.jnt_bodyid[joint])
    inside = model.body_rootid[body] == robot.root and int(model.body_weldid[body]) != robot.root
    return bool(inside) and int(model.jnt_type[joint]) in (HINGE, SLIDE)


def _is_position_servo(model: mujoco.MjModel, actuator: int) -> bool:
    return float(model.actuator_biasprm[actuator, 1]) != 0.0


def _is_velocity_servo(model: mujoco.MjModel, actuator: int) -> bool:
    position, velocity = model.actuator_biasprm[actuator, 1:3].tolist()
    plain = int(model.actuator_dyntype[actuator]) == _DYNAMICS[0]
    return plain and position == 0.0 and velocity != 0.0


def _held(model: mujoco.MjModel, drive: Drive) -> Drive:
    """A velocity servo that damps beside a position servo: its control stays at rest."""
    low, high = -math.inf, math.inf
    if model.actuator_ctrllimited[drive.actuator]:
        low, high = model.actuator_ctrlrange[drive.actuator].tolist()
    return replace(drive, middle=min(max(0.0, low), high), half=0.0, torque=0.0, how=HELD)


def _drive(model: mujoco.MjModel, actuator: int, joint: int) -> Drive:
    gain = float(model.actuator_gainprm[actuator, 0])
    gear = float(model.actuator_gear[actuator, 0]) * _coefficient(model, actuator, joint)
    servo = _is_position_servo(model, actuator)
    force = model.actuator_forcerange[actuator] if model.actuator_forcelimited[actuator] else None
    sign = -1.0 if gain * gear < 0.0 else 1.0
    if int(model.actuator_dyntype[actuator]) == _INTEGRATOR:
        middle, half, how, span = _integrated(model, actuator, sign=sign)
        way = _way(model, actuator, joint)
        largest = abs(gain) * (way if servo else way / 2.0)
    else:
        low, high, how = _control_range(model, actuator, joint, gain, force, servo=servo)
        middle, half, span = (low + high) / 2.0, (high - low) / 2.0, (-1.0, 1.0)
        # The control of a servo is a position: the force is that of the whole way.
        largest = abs(gain) * (high - low) if servo else abs(gain * half)
    if force is not None:
        largest = min(largest, float(np.abs(force).max()))
    return Drive(actuator, joint, middle, sign * half, largest * abs(gear), how, span)


def _integrated(
    model: mujoco.MjModel, actuator: int, *, sign: float
) -> tuple[float, float, str, tuple[float, float]]:
    """Middle, half and meaning of an action that is integrated, and the actions in its range."""
    if not model.actuator_ctrllimited[actuator]:
        return 0.0, 1.0, f"{_RATE} in units of its control, as it has no control range", (-1.0, 1.0)
    low, high = model.actuator_ctrlrange[actuator].tolist()
    half = max(abs(low), abs(high)) or 1.0
    first, second = sorted((sign * low / half, sign * high / half))
    return 0.0, half, _RATE, (first, second)


def _way(model: mujoco.MjModel, actuator: int, joint: int) -> float:
    """Length of the range of an integrated control: its own, else that of the joint."""
    if model.actuator_actlimited[actuator]:
        return float(np.ptp(model.actuator_actrange[actuator]))
    return float(np.ptp(model.jnt_range[joint])) if model.jnt_limited[joint] else 2.0


def _control_range(
    model: mujoco.MjModel, actuator: int, joint: int, gain: float, force: object, *, servo: bool
) -> tuple[float, float, str]:
    """Lower and upper control that an action spans, and a word on it."""
    if model.actuator_ctrllimited[actuator]:
        low, high = model.actuator_ctrlrange[actuator].tolist()
        return low, high, "a position" if servo else "the whole control range"
    if servo and model.jnt_limited[joint]:
        low, high = model.jnt_range[joint].tolist()
        return low, high, "a position in the range of the joint, as it has no control range"
    if force is not None and gain and not servo:
        reach = float(np.abs(model.actuator_forcerange[actuator]).max()) / abs(gain)
        return -reach, reach, "the whole range of forces, as it has no control range"
    return -1.0, 1.0, "a control of -1..1, as it has no control range"


def _coefficient(model: mujoco.MjModel, actuator: int, joint: int) -> float:
    """Length of the transmission for a unit of the joint: 1, or the joint's share of a tendon."""
    if int(model.actuator_trntype[actuator]) != int(mujoco.mjtTrn.mjTRN_TENDON):
        return 1.0
    tendon = int(model.actuator_trnid[actuator, 0])
    first = int(model.tendon_adr[tendon])
    for wrap in range(first, first + int(model.tendon_num[tendon])):
        if int(model.wrap_objid[wrap]) == joint:
            return float(model.wrap_prm[wrap])
    return 1.0
