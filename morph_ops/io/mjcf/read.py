"""From MJCF to a body graph: one free torso, capsule limbs on hinges, motors."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import mujoco
import networkx as nx
import numpy as np

from morph_ops import graph as body_graph
from morph_ops._text_file import read_text
from morph_ops.errors import BodyError
from morph_ops.graph import SLOTS, Joint, Limb, Quat, Slot, Torso, Vec3
from morph_ops.io.mjcf.build import to_model
from morph_ops.io.mjcf.compare import TOLERANCE, differences
from morph_ops.io.mjcf.source import (
    MUJOCO_ERRORS,
    SLOT_TEXT,
    MjcfError,
    one_line,
    parse,
    quiet,
    slot_of_name,
)

_HINGE = mujoco.mjtJoint.mjJNT_HINGE
_FREE = mujoco.mjtJoint.mjJNT_FREE


def read(path: str | os.PathLike[str]) -> nx.DiGraph[str]:
    """The body in an MJCF file.

    The robot is read, the world around it dropped: floor, lights, cameras, sensors,
    sites, materials, options. Numbers are taken as the file gives them, angles in
    degrees. Whatever else the file says about the robot's physics must be what
    :func:`morph_ops.io.mjcf.to_model` builds again, or the file is refused.

    Args:
        path: of the file.

    Returns:
        The body; its bodies and joints are named as in the file.

    Raises:
        MjcfError: the file cannot be read, or is no body that the records can hold.
    """
    text = read_text(path, error=MjcfError)
    try:
        return from_xml(text)
    except BodyError as error:
        raise MjcfError(f"{path}: {error}") from None


def from_xml(text: str) -> nx.DiGraph[str]:
    """The body in MJCF text; see :func:`read`.

    Raises:
        MjcfError: the text is no body that the records can hold.
    """
    spec = parse(text)
    torso = _require_torso(spec)
    motors = _motors(spec)
    limbs = spec.bodies[2:]
    for limb in limbs:
        _require_limb(limb, motors)
    hinges = {joint.name for limb in limbs for joint in limb.joints}
    for target, motor in motors.items():
        if target not in hinges:
            raise MjcfError(
                f"motor {motor.name!r}: expected a limb's hinge to drive, got {target!r}"
            )
    with quiet():
        try:
            model = spec.compile()
        except MUJOCO_ERRORS as error:
            raise MjcfError(f"MuJoCo cannot compile it: {one_line(error)}") from None
    degrees = 1.0 if spec.compiler.degree else 180.0 / math.pi
    told: dict[str, Slot] = {
        text.name.removeprefix(SLOT_TEXT): slot
        for text in spec.texts
        for slot in SLOTS
        if text.data == slot
    }
    graph = nx.DiGraph()
    for body in spec.bodies[1:]:
        if body.name == torso.name:
            graph.add_node(body.name, node=_torso(body, model))
        else:
            joints = _joints(body, model, motors, degrees, told)
            graph.add_node(body.name, node=_limb(body, model, joints))
            graph.add_edge(body.parent.name, body.name)
    pairs = ((pair.bodyname1, pair.bodyname2) for pair in spec.excludes)
    graph = body_graph.with_excludes(graph, pairs)
    try:
        rebuilt = to_model(graph)
    except BodyError as error:
        raise MjcfError(str(error)) from None
    lost = next(differences(model, rebuilt), None)
    if lost is not None:
        raise MjcfError(f"not supported yet: {lost}; remove it, or set it to what is expected")
    return graph


def _require_torso(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    roots = list(spec.worldbody.bodies)
    if len(roots) != 1:
        listed = ", ".join(repr(body.name) for body in roots) or "none"
        raise MjcfError(
            f"expected one body below <worldbody>, the torso; got {len(roots)}: {listed}"
        )
    torso = roots[0]
    _require_name(torso)
    kinds = [joint.type for joint in torso.joints]
    if kinds != [_FREE]:
        raise MjcfError(
            f"torso {torso.name!r}: expected one free joint, got {_kinds(kinds)}; "
            "give the torso a <freejoint/> and nothing else"
        )
    _require_shape(torso, mujoco.mjtGeom.mjGEOM_SPHERE, "sphere")
    return torso


def _require_limb(limb: mujoco.MjsBody, motors: dict[str, mujoco.MjsActuator]) -> None:
    _require_name(limb)
    kinds = [joint.type for joint in limb.joints]
    if not 1 <= len(kinds) <= 2 or any(kind != _HINGE for kind in kinds):
        raise MjcfError(f"limb {limb.name!r}: expected 1 or 2 hinges, got {_kinds(kinds)}")
    for joint in limb.joints:
        if joint.name not in motors:
            raise MjcfError(
                f"joint {joint.name!r} of limb {limb.name!r}: expected a motor that drives it, "
                "got none; add one under <actuator>"
            )
    _require_shape(limb, mujoco.mjtGeom.mjGEOM_CAPSULE, "capsule")


def _require_name(body: mujoco.MjsBody) -> None:
    if not body.name:
        parent = body.parent.name if body.parent else "world"
        raise MjcfError(f"a body below {parent!r} ({body.info}) has no name: give it one")


def _require_shape(body: mujoco.MjsBody, kind: mujoco.mjtGeom, word: str) -> None:
    shapes = [geom.type for geom in body.geoms]
    if shapes != [kind]:
        got = ", ".join(shape.name.removeprefix("mjGEOM_").lower() for shape in shapes) or "none"
        raise MjcfError(f"body {body.name!r}: expected one geom, a {word}; got {got}")


def _kinds(kinds: Sequence[mujoco.mjtJoint]) -> str:
    words = [kind.name.removeprefix("mjJNT_").lower() for kind in kinds]
    return f"{len(words)} joints ({', '.join(words)})" if words else "no joint"


def _motors(spec: mujoco.MjSpec) -> dict[str, mujoco.MjsActuator]:
    """Motors by the name of the joint that they drive."""
    motors: dict[str, mujoco.MjsActuator] = {}
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


def _slots(body: mujoco.MjsBody, told: dict[str, Slot]) -> list[Slot]:
    """Slots of a limb's hinges: as the file or their names tell, else those left by order."""
    named: list[Slot | None] = [
        told.get(joint.name) or slot_of_name(joint.name) for joint in body.joints
    ]
    left: list[Slot] = [slot for slot in SLOTS if slot not in named]
    slots: list[Slot] = [slot or left.pop(0) for slot in named]
    if slots != sorted(set(slots)):
        names = ", ".join(repr(joint.name) for joint in body.joints)
        raise MjcfError(
            f"limb {body.name!r}: expected hinges of slots x, y or x then y, "
            f"got {', '.join(slots)} ({names})"
        )
    return slots


def _torso(body: mujoco.MjsBody, model: mujoco.MjModel) -> Torso:
    geom = body.geoms[0]
    return Torso(
        pos=_vec3(body.pos, model.body_pos[body.id]),
        quat=_quat(body.quat, model.body_quat[body.id]),
        radius=float(geom.size[0]),
        density=_density(geom),
        mass=_mass(geom),
        friction=_vec3(geom.friction, model.geom_friction[geom.id]),
        condim=geom.condim,
    )


def _limb(body: mujoco.MjsBody, model: mujoco.MjModel, joints: tuple[Joint, ...]) -> Limb:
    geom = body.geoms[0]
    start, end = _ends(geom, model)
    return Limb(
        pos=_vec3(body.pos, model.body_pos[body.id]),
        quat=_quat(body.quat, model.body_quat[body.id]),
        start=start,
        end=end,
        radius=float(geom.size[0]),
        density=_density(geom),
        mass=_mass(geom),
        joints=joints,
        friction=_vec3(geom.friction, model.geom_friction[geom.id]),
        condim=geom.condim,
    )


def _joints(
    body: mujoco.MjsBody,
    model: mujoco.MjModel,
    motors: dict[str, mujoco.MjsActuator],
    degrees: float,
    told: dict[str, Slot],
) -> tuple[Joint, ...]:
    found = []
    for slot, joint in zip(_slots(body, told), body.joints, strict=True):
        motor = motors[joint.name]
        if not model.jnt_limited[joint.id]:
            raise MjcfError(
                f"joint {joint.name!r}: expected limits, got none; give it a growing range"
            )
        if not model.actuator_ctrllimited[motor.id]:
            raise MjcfError(
                f"motor {motor.name!r} of joint {joint.name!r}: expected a limited control, "
                "got an unlimited one; give it a ctrlrange"
            )
        low, high = _own(joint.range * degrees, np.rad2deg(model.jnt_range[joint.id]))
        control_low, control_high = _own(motor.ctrlrange, model.actuator_ctrlrange[motor.id])
        time, ratio = _own(joint.solref_limit, model.jnt_solref[joint.id])
        solimp = _own(joint.solimp_limit, model.jnt_solimp[joint.id])
        dof = model.jnt_dofadr[joint.id]
        found.append(
            Joint(
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
        )
    return tuple(found)


def _density(geom: mujoco.MjsGeom) -> float | None:
    return float(geom.density) if math.isnan(geom.mass) else None


def _mass(geom: mujoco.MjsGeom) -> float | None:
    return None if math.isnan(geom.mass) else float(geom.mass)


def _ends(geom: mujoco.MjsGeom, model: mujoco.MjModel) -> tuple[Vec3, Vec3]:
    """Both ends of a capsule's axis in its body's frame: as given, or from the model's."""
    center = model.geom_pos[geom.id]
    half = _axis(model.geom_quat[geom.id]) * model.geom_size[geom.id, 1]
    first, second = np.reshape(geom.fromto, (2, 3))
    # MuJoCo's axis points from the second end to the first
    if np.allclose((center + half, center - half), (first, second), rtol=0.0, atol=TOLERANCE):
        return _vec3(first, first), _vec3(second, second)
    first, second = center + half, center - half
    if np.linalg.norm(first) > np.linalg.norm(second) + TOLERANCE:
        first, second = second, first
    return _vec3(first, first), _vec3(second, second)


def _axis(quat: np.ndarray) -> np.ndarray:
    axis = np.empty(3)
    mujoco.mju_rotVecQuat(axis, np.array([0.0, 0.0, 1.0]), quat)
    return axis


def _own(given: np.ndarray, compiled: np.ndarray, *, unit: bool = False) -> list[float]:
    """The file's numbers where MuJoCo took them as they stand, else what it made of them.

    Frames and other notations of orientation change numbers on the way into the model;
    directions (``unit``) that only lost their length are kept as given.
    """
    norm = float(np.linalg.norm(given))
    seen = given / norm if unit and norm else given
    kept = np.allclose(seen, compiled, rtol=TOLERANCE, atol=TOLERANCE)
    return (given if kept else compiled).tolist()


def _vec3(given: np.ndarray, compiled: np.ndarray, *, unit: bool = False) -> Vec3:
    x, y, z = _own(given, compiled, unit=unit)
    return x, y, z


def _quat(given: np.ndarray, compiled: np.ndarray) -> Quat:
    w, x, y, z = _own(given, compiled, unit=True)
    return w, x, y, z
