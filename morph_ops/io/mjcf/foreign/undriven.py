"""Actuators that follow no action, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco

from morph_ops._messages import noted
from morph_ops.io.mjcf.foreign.robot import HINGE, SLIDE, ForeignRobot, driven_joints

__all__ = ["limb_joints", "no_drive", "undriven_lines", "why_undriven"]

#: Kinds of dynamics of the actuators that an action can drive.
_DYNAMICS = tuple(
    int(kind)
    for kind in (
        mujoco.mjtDyn.mjDYN_NONE,
        mujoco.mjtDyn.mjDYN_INTEGRATOR,
        mujoco.mjtDyn.mjDYN_FILTER,
        mujoco.mjtDyn.mjDYN_FILTEREXACT,
    )
)
_GAINS = (int(mujoco.mjtGain.mjGAIN_FIXED), int(mujoco.mjtGain.mjGAIN_AFFINE))
_BIASES = (int(mujoco.mjtBias.mjBIAS_NONE), int(mujoco.mjtBias.mjBIAS_AFFINE))
_OFF = "is switched off by <flag actuation>"
_GROUP_OFF = "is switched off by <option actuatorgroupdisable>"
_TURNS_BALL = "turns a ball joint"
#: Actuators of groups from this one on cannot be switched off.
_MOST_GROUPS = 31
_SITE, _BODY = int(mujoco.mjtTrn.mjTRN_SITE), int(mujoco.mjtTrn.mjTRN_BODY)
#: What actuators that drive no joint act on.
_TRANSMISSIONS = {
    int(mujoco.mjtTrn.mjTRN_TENDON): "pulls at a tendon that runs along sites",
    int(mujoco.mjtTrn.mjTRN_SLIDERCRANK): "acts on a slider-crank",
    int(mujoco.mjtTrn.mjTRN_SO3): _TURNS_BALL,
    _SITE: "pushes at a site",
    _BODY: "acts on the contacts of a body",
}


def why_undriven(robot: ForeignRobot, actuator: int) -> str:
    """Why no action can drive an actuator, in words after its name; empty where one can.

    Args:
        robot: The robot.
        actuator: Id of the actuator.

    Returns:
        Words such as ``"pushes at a site"``.
    """
    model = robot.model
    if int(model.opt.disableflags) & int(mujoco.mjtDisableBit.mjDSBL_ACTUATION):
        return _OFF
    group = int(model.actuator_group[actuator])
    if 0 <= group < _MOST_GROUPS and int(model.opt.disableactuator) >> group & 1:
        return _GROUP_OFF
    problem = _problem_of_target(robot, actuator)
    if problem:
        return problem
    if (
        int(model.actuator_gaintype[actuator]) not in _GAINS
        or int(model.actuator_biastype[actuator]) not in _BIASES
        or int(model.actuator_dyntype[actuator]) not in _DYNAMICS
    ):
        return "is a muscle or has a function of its own"
    return ""


def undriven_lines(undriven: Mapping[str, Sequence[str]]) -> list[str]:
    """A line for each reason why actuators follow no action.

    Args:
        undriven: Names of the actuators, by the reason.

    Examples:
        >>> undriven_lines({"pushes at a site": ["rotor"]})
        ['not driven, because it pushes at a site: rotor']
    """
    return [f"not driven, because it {why}: {noted(names)}" for why, names in undriven.items()]


def limb_joints(robot: ForeignRobot, actuator: int) -> list[int]:
    """Hinges and slides of the robot's limbs that an actuator drives.

    Args:
        robot: The robot.
        actuator: Id of the actuator.
    """
    model = robot.model
    limbs = {joint for part in robot.parts[1:] for joint in part.joints}
    return [
        joint
        for joint in driven_joints(model, actuator)
        if joint in limbs and int(model.jnt_type[joint]) in (HINGE, SLIDE)
    ]


def no_drive(robot: ForeignRobot, undriven: Mapping[str, Sequence[str]], *, is_urdf: bool) -> str:
    """What a robot lacks that has no actuator for an action, and what to do about it.

    Args:
        robot: The robot.
        undriven: Names of its actuators, by the reason why no action drives them.
        is_urdf: Whether its file is a URDF.
    """
    found = f" ({'; '.join(undriven_lines(undriven))})" if undriven else ""
    if not any(part.joints for part in robot.parts[1:]):
        remedy = "the robot has no limb: give it a body with a hinge, and the hinge a motor"
    elif is_urdf:
        remedy = 'give joints a <limit effort="..."/> above 0'
    elif undriven.keys() & {_OFF, _GROUP_OFF}:
        remedy = "switch the actuators of limbs on"
    else:
        remedy = "add motors of its hinges under <actuator>"
    return (
        f"expected at least one actuator that drives a joint of a limb, got none{found}; {remedy}"
    )


def _problem_of_target(robot: ForeignRobot, actuator: int) -> str:
    """What is wrong with what an actuator acts on; empty if it is a joint of a limb."""
    model, elsewhere = robot.model, "is no part of this robot"
    joints = driven_joints(model, actuator)
    if not joints:
        kind, target = int(model.actuator_trntype[actuator]), int(model.actuator_trnid[actuator, 0])
        if kind in (_SITE, _BODY):
            body = target if kind == _BODY else int(model.site_bodyid[target])
            if body not in robot.own:
                return elsewhere
        return _TRANSMISSIONS.get(kind, "has a transmission of its own")
    if limb_joints(robot, actuator):
        return ""
    body = int(model.jnt_bodyid[joints[0]])
    if body not in robot.own:
        return elsewhere
    return "moves the torso itself" if body == robot.root else _TURNS_BALL
