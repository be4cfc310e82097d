"""Actuators of a robot, driven so that an action of -1..1 spans their own range.

MuJoCo's actuators give ``force = gain * control + bias``. A change of the control to
``middle + half * action`` changes the gain and the constant part of the bias alone, so the physics
is the same. An actuator that integrates its control has zero for its middle: another would drift.
A position servo has the control that holds the start pose, so that a robot without actions stands
as its file means it to; its longer way is an action of 1 or -1, its shorter way less than one. A
positive action turns a joint in the positive sense, whatever the sign of the gear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.foreign.robot import HINGE, ForeignRobot, control_of, gear_of
from morph_ops.io.mjcf.foreign.undriven import limb_joints, why_undriven

__all__ = ["HELD", "Drive", "drives_of", "torques_of"]

HELD = "held at rest"
"""What an action means to a velocity servo beside a position servo: nothing."""

_POSITION = "a position"
_FROM_START = "a position with the start pose at 0"
_RATE = "the rate of a control that is integrated"
_NO_DYNAMICS = int(mujoco.mjtDyn.mjDYN_NONE)
_INTEGRATOR = int(mujoco.mjtDyn.mjDYN_INTEGRATOR)
_AFFINE_BIAS = int(mujoco.mjtBias.mjBIAS_AFFINE)


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


def drives_of(
    robot: ForeignRobot, start: NDArray[np.float64]
) -> tuple[list[Drive], dict[str, list[str]]]:
    """The actuators that follow an action, and those left out, by the reason.

    Args:
        robot: The robot.
        start: (nq,) its start pose, in the coordinates of its model.
    """
    model = robot.model
    lengths = _lengths(model, start)
    drives: list[Drive] = []
    left: dict[str, list[str]] = {}
    taken: set[int] = set()
    for actuator in range(model.nactuator):
        name = robot.name(mujoco.mjtObj.mjOBJ_ACTUATOR, actuator) or f"actuator{actuator}"
        reason = why_undriven(robot, actuator)
        if reason:
            left.setdefault(reason, []).append(name)
            continue
        joints = limb_joints(robot, actuator)
        joint = next((each for each in joints if each not in taken), joints[0])
        taken.add(joint)
        drives.append(_drive(model, actuator, joint, float(lengths[actuator])))
    servos = {drive.joint for drive in drives if _is_position_servo(model, drive.actuator)}
    return [
        _held(model, drive)
        if drive.joint in servos and _is_velocity_servo(model, drive.actuator)
        else drive
        for drive in drives
    ], left


def torques_of(model: mujoco.MjModel, drives: Sequence[Drive]) -> Mapping[int, float]:
    """Largest torque of each driven joint (N m), within the limit of the joint if it has one.

    Args:
        model: The compiled model.
        drives: The actuators that follow an action.
    """
    torques: dict[int, float] = {}
    for drive in drives:
        torques[drive.joint] = torques.get(drive.joint, 0.0) + drive.torque
    return {joint: min(torque, _joint_limit(model, joint)) for joint, torque in torques.items()}


def _joint_limit(model: mujoco.MjModel, joint: int) -> float:
    """Largest torque that a joint takes from all its actuators (N m); infinity for no limit."""
    if not model.jnt_actfrclimited[joint]:
        return math.inf
    return float(np.abs(model.jnt_actfrcrange[joint]).max())


def _force_limit(model: mujoco.MjModel, actuator: int, joint: int) -> float:
    """Largest force of an actuator, before its gear; infinity for no limit."""
    limit = math.inf
    if model.actuator_forcelimited[actuator]:
        limit = float(np.abs(model.actuator_forcerange[actuator]).max())
    gear = abs(float(gear_of(model, actuator)[0]))
    if _on_tendon(model, actuator):
        tendon = int(model.actuator_trnid[actuator, 0])
        if model.tendon_actfrclimited[tendon] and gear:
            limit = min(limit, float(np.abs(model.tendon_actfrcrange[tendon]).max()) / gear)
    gear *= abs(_coefficient(model, actuator, joint))
    return min(limit, _joint_limit(model, joint) / gear) if gear else limit


def _is_position_servo(model: mujoco.MjModel, actuator: int) -> bool:
    return bool(_bias(model, actuator)[1])


def _is_velocity_servo(model: mujoco.MjModel, actuator: int) -> bool:
    _, position, velocity = _bias(model, actuator)
    plain = int(model.actuator_dyntype[actuator]) == _NO_DYNAMICS
    return plain and position == 0.0 and velocity != 0.0


def _bias(model: mujoco.MjModel, actuator: int) -> tuple[float, float, float]:
    """What an actuator adds to its force: a constant, and for each unit of length and velocity.

    A file may have the numbers in <default> for an actuator whose type has none.
    """
    if int(model.actuator_biastype[actuator]) != _AFFINE_BIAS:
        return 0.0, 0.0, 0.0
    constant, position, velocity = model.actuator_biasprm[actuator, :3].tolist()
    return constant, position, velocity


def _meaning(model: mujoco.MjModel, actuator: int) -> str:
    """What the control of an actuator is; empty for a force."""
    gain = model.actuator_gainprm[actuator, :3]
    if int(model.actuator_gaintype[actuator]) and gain[1:].any():
        return "a control that changes the gain"
    if _is_position_servo(model, actuator):
        return _POSITION
    velocity = _bias(model, actuator)[2]
    return "a speed" if velocity and math.isclose(gain[0], -velocity) else ""


def _limits(model: mujoco.MjModel, actuator: int) -> tuple[float, float] | None:
    """Lowest and highest control of an actuator; None where it has no control range."""
    control = control_of(model, actuator)
    if not model.actuator_ctrllimited[control]:
        return None
    low, high = model.actuator_ctrlrange[control].tolist()
    return low, high


def _held(model: mujoco.MjModel, drive: Drive) -> Drive:
    """A velocity servo that damps beside a position servo: its control stays at rest."""
    low, high = _limits(model, drive.actuator) or (-math.inf, math.inf)
    return replace(drive, middle=min(max(0.0, low), high), half=0.0, torque=0.0, how=HELD)


def _lengths(model: mujoco.MjModel, qpos: NDArray[np.float64]) -> NDArray[np.float64]:
    """(nactuator,) lengths of the transmissions in a pose."""
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_tendon(model, data)
    mujoco.mj_transmission(model, data)
    return data.actuator_length


def _rest(model: mujoco.MjModel, actuator: int, length: float) -> float:
    """The control under which a servo makes no force at a length; NaN for none."""
    gain = float(model.actuator_gainprm[actuator, 0])
    constant, position, _ = _bias(model, actuator)
    return -(constant + position * length) / gain if gain else math.nan


def _drive(model: mujoco.MjModel, actuator: int, joint: int, length: float) -> Drive:
    """How an actuator follows the action of a joint.

    Args:
        model: The compiled model.
        actuator: Id of the actuator.
        joint: Id of the joint.
        length: Length of its transmission in the start pose.
    """
    gain = float(model.actuator_gainprm[actuator, 0])
    gear = float(gear_of(model, actuator)[0]) * _coefficient(model, actuator, joint)
    servo = _is_position_servo(model, actuator)
    limit = _force_limit(model, actuator, joint)
    sign = -1.0 if gain * gear < 0.0 else 1.0
    if int(model.actuator_dyntype[actuator]) == _INTEGRATOR:
        middle, half, how, span = _integrated(model, actuator, sign=sign)
        way = _way(model, actuator, joint)
        largest = abs(gain) * (way if servo else way / 2.0)
    else:
        low, high, how = _control_range(model, actuator, joint, limit)
        middle, half, span = (low + high) / 2.0, (high - low) / 2.0, (-1.0, 1.0)
        rest = _rest(model, actuator, length) if how.startswith(_POSITION) else middle
        if low <= rest <= high and not math.isclose(rest, middle, abs_tol=1e-9):
            middle, half = rest, max(high - rest, rest - low)
            first, second = sorted((sign * (low - rest) / half, sign * (high - rest) / half))
            span, how = (first, second), how.replace(_POSITION, _FROM_START, 1)
        # The control of a servo is a position: the force is that of the whole way.
        largest = abs(gain) * (high - low) if servo else abs(gain * half)
    torque = min(largest, limit) * abs(gear)
    return Drive(actuator, joint, middle, sign * half, torque, how, span)


def _integrated(
    model: mujoco.MjModel, actuator: int, *, sign: float
) -> tuple[float, float, str, tuple[float, float]]:
    """Middle, half and meaning of an action that is integrated, and the actions in its range."""
    limits = _limits(model, actuator)
    if limits is None:
        return 0.0, 1.0, f"{_RATE} in units of its control, as it has no control range", (-1.0, 1.0)
    low, high = limits
    half = max(abs(low), abs(high)) or 1.0
    first, second = sorted((sign * low / half, sign * high / half))
    return 0.0, half, _RATE, (first, second)


def _way(model: mujoco.MjModel, actuator: int, joint: int) -> float:
    """Length of the range of an integrated control: its own, else that of the joint."""
    if model.actuator_actlimited[actuator]:
        return float(np.ptp(model.actuator_actrange[actuator]))
    return float(np.ptp(model.jnt_range[joint])) if model.jnt_limited[joint] else 2.0


def _control_range(
    model: mujoco.MjModel, actuator: int, joint: int, limit: float
) -> tuple[float, float, str]:
    """Lower and upper control that an action spans, and a word on it."""
    meaning, limits = _meaning(model, actuator), _limits(model, actuator)
    if limits is not None:
        turns = int(model.jnt_type[joint]) == HINGE
        return *limits, meaning or ("a torque" if turns else "a force")
    servo, none = _is_position_servo(model, actuator), "as it has no control range"
    if servo and model.jnt_limited[joint]:
        low, high = model.jnt_range[joint].tolist()
        return low, high, f"{meaning} in the range of the joint, {none}"
    gain = abs(float(model.actuator_gainprm[actuator, 0]))
    if math.isfinite(limit) and gain and not servo:
        what = f"{meaning} that spans " if meaning else ""
        return -limit / gain, limit / gain, f"{what}the whole range of forces, {none}"
    return -1.0, 1.0, f"{meaning or 'a control'} of -1..1, {none}"


def _on_tendon(model: mujoco.MjModel, actuator: int) -> bool:
    return int(model.actuator_trntype[actuator]) == int(mujoco.mjtTrn.mjTRN_TENDON)


def _coefficient(model: mujoco.MjModel, actuator: int, joint: int) -> float:
    """Length of the transmission for a unit of the joint: 1, or the joint's share of a tendon."""
    if not _on_tendon(model, actuator):
        return 1.0
    tendon = int(model.actuator_trnid[actuator, 0])
    first = int(model.tendon_adr[tendon])
    for wrap in range(first, first + int(model.tendon_num[tendon])):
        if int(model.wrap_objid[wrap]) == joint:
            return float(model.wrap_prm[wrap])
    return 1.0
