"""Checks of an MJCF robot's shape: which bodies, geoms, joints, and motors it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import mujoco

from morph_ops._messages import listed
from morph_ops.errors import MjcfError

__all__ = ["Motors", "motors_by_joint", "require_limb", "require_torso"]

Motors: TypeAlias = dict[str, mujoco.MjsActuator]
"""Motors by the name of the joint that they drive."""

_HINGE = mujoco.mjtJoint.mjJNT_HINGE
_FREE = mujoco.mjtJoint.mjJNT_FREE


def require_torso(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    """The torso of a robot: the one body of the world, a sphere on a free joint.

    Args:
        spec: MuJoCo's description of the robot.

    Raises:
        MjcfError: The world has no body, or more than one.
        MjcfError: The body has no name, another shape, or other joints.
    """
    roots = list(spec.worldbody.bodies)
    if len(roots) != 1:
        names = listed([repr(body.name) for body in roots]) or "none"
        raise MjcfError(
            f"expected one body below <worldbody>, the torso; got {len(roots)}: {names}"
        )
    torso = roots[0]
    _require_name(torso)
    kinds = [joint.type for joint in torso.joints]
    if kinds != [_FREE]:
        raise MjcfError(
            f"torso {torso.name!r}: expected one free joint, got {_listed(kinds)}; "
            "give the torso a <freejoint/> and nothing else"
        )
    _require_geom(torso, mujoco.mjtGeom.mjGEOM_SPHERE, "sphere")
    return torso


def require_limb(limb: mujoco.MjsBody, motors: Motors) -> None:
    """Refuse a body that is no limb: a capsule with one or two driven hinges.

    Args:
        limb: MuJoCo's description of the body.
        motors: Motors by joint.

    Raises:
        MjcfError: The body has no name, another shape, or other joints.
        MjcfError: A hinge has no motor.
    """
    _require_name(limb)
    kinds = [joint.type for joint in limb.joints]
    if not 1 <= len(kinds) <= 2 or any(kind != _HINGE for kind in kinds):
        raise MjcfError(f"limb {limb.name!r}: expected 1 or 2 hinges, got {_listed(kinds)}")
    for joint in limb.joints:
        if joint.name not in motors:
            raise MjcfError(
                f"joint {joint.name!r} of limb {limb.name!r}: expected a motor that drives it, "
                "got none; add one under <actuator>"
            )
    _require_geom(limb, mujoco.mjtGeom.mjGEOM_CAPSULE, "capsule")


def motors_by_joint(spec: mujoco.MjSpec) -> Motors:
    """The motors of a robot, by the name of the joint that they drive.

    Args:
        spec: MuJoCo's description of the robot.

    Raises:
        MjcfError: An actuator is no motor on a joint.
        MjcfError: A joint has two motors.
    """
    motors: Motors = {}
    for motor in spec.actuators:
        kinds = (motor.trntype, motor.dyntype, motor.gaintype, motor.biastype)
        if kinds != (
            mujoco.mjtTrn.mjTRN_JOINT,
            mujoco.mjtDyn.mjDYN_NONE,
            mujoco.mjtGain.mjGAIN_FIXED,
            mujoco.mjtBias.mjBIAS_NONE,
        ):
            raise MjcfError(
                f"actuator {motor.name!r}: expected a <motor> on a joint, got another kind "
                f"({', '.join(kind.name for kind in kinds)})"
            )
        if motor.target in motors:
            raise MjcfError(f"joint {motor.target!r}: expected one motor, got two")
        motors[motor.target] = motor
    return motors


def _require_name(body: mujoco.MjsBody) -> None:
    if not body.name:
        parent = body.parent.name if body.parent else "world"
        raise MjcfError(f"a body below {parent!r} ({body.info}) has no name: give it one")


def _require_geom(body: mujoco.MjsBody, kind: mujoco.mjtGeom, word: str) -> None:
    kinds = [geom.type for geom in body.geoms]
    if kinds != [kind]:
        got = listed([each.name.removeprefix("mjGEOM_").lower() for each in kinds]) or "none"
        raise MjcfError(f"body {body.name!r}: expected one geom, a {word}; got {got}")


def _listed(kinds: Sequence[mujoco.mjtJoint]) -> str:
    words = [kind.name.removeprefix("mjJNT_").lower() for kind in kinds]
    return f"{len(words)} joints ({listed(words)})" if words else "no joint"
