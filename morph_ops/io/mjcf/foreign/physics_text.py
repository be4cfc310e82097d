"""The robot's own physics as MJCF text, with the nodes of its tree as bodies.

Every number comes from the compiled model, with all its digits. Bodies have the frames of
:func:`~morph_ops.geometry.canonical_frames`: axes parallel to the world's in the zero pose, origins
at the starts of the capsules. Geoms, joints, masses, contacts and motors are where they were.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry.rotations import quaternion
from morph_ops.io._xml import MOST_SAMPLES
from morph_ops.io.mjcf.foreign.actuation import Drive
from morph_ops.io.mjcf.foreign.capsules import hull_vertices
from morph_ops.io.mjcf.foreign.constraints import add_constraints
from morph_ops.io.mjcf.foreign.ground import GroundContacts
from morph_ops.io.mjcf.foreign.passive import joint_passive
from morph_ops.io.mjcf.foreign.robot import FREE, ForeignRobot, gear_of
from morph_ops.io.mjcf.foreign.text import child, geom_name, numbers, option_attributes
from morph_ops.io.mjcf.foreign.tree import HINGES_ONLY, PlannedNode
from morph_ops.validity.wellformed import ROOT_JOINT

__all__ = ["physics_text"]

_GEOM_KINDS = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): ("sphere", 1),
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): ("capsule", 2),
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): ("ellipsoid", 3),
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): ("cylinder", 2),
    int(mujoco.mjtGeom.mjGEOM_BOX): ("box", 3),
    int(mujoco.mjtGeom.mjGEOM_MESH): ("mesh", 0),
}
_JOINT_KINDS = ("free", "ball", "slide", "hinge")
_GAINS = ("fixed", "affine")
_INTERPOLATIONS = ("zoh", "linear", "cubic")
#: Share of a sample that is none: the quotient of two equal lengths is 1 with some error.
_ROUNDING = 1e-6
_DYNAMICS = ("none", "integrator", "filter", "filterexact")


def physics_text(
    robot: ForeignRobot,
    nodes: Sequence[PlannedNode],
    drives: Sequence[Drive],
    *,
    timestep: float,
    start: NDArray[np.float64] | None,
    ground: GroundContacts,
) -> tuple[str, list[str]]:
    """MJCF text of a robot alone, and what of its constraints had to be left out.

    Args:
        robot: The robot.
        nodes: Its nodes.
        drives: Its actuators that follow an action.
        timestep: Length of a physics step (s).
        start: (nq,) start pose in the coordinates of the text; None for the zero pose.
        ground: What of the robot touches the ground.
    """
    root = ElementTree.Element("mujoco", model="robot")
    child(root, "compiler", angle="radian", autolimits="false", inertiafromgeom="false",
          boundmass="0", boundinertia="0", balanceinertia="false", settotalmass="-1",
          fusestatic="false", discardvisual="false")  # fmt: skip
    child(root, "option", **option_attributes(robot.model, timestep=timestep, into=root))
    asset = child(root, "asset")
    bodies = child(root, "worldbody")
    made: list[ElementTree.Element] = []
    for node in nodes:
        above = bodies if node.above < 0 else made[node.above]
        start_of = np.zeros(3) if node.above < 0 else nodes[node.above].origin
        body = child(above, "body", name=node.name, pos=numbers(node.origin - start_of))
        made.append(body)
        _add_inertial(body, robot, node)
        for joint in node.joints:
            _add_joint(body, robot, joint, node)
        if node.solid:
            heaviest = max(node.part.welded, key=lambda each: float(robot.model.body_mass[each]))
            if robot.model.body_gravcomp[heaviest]:
                body.set("gravcomp", numbers(robot.model.body_gravcomp[heaviest]))
            for geom in node.part.geoms:
                if geom in robot.written_geoms:
                    element = _add_geom(body, asset, robot, geom, node)
                    if geom in ground.pairs:
                        _touch_as_paired(element, robot, geom, ground)
    left = [*add_constraints(root, robot, nodes, made), *ground.left]
    for node in nodes:
        if node.solid and not ground.excluded.isdisjoint(node.part.welded):
            child(child(root, "contact"), "exclude", body1="world", body2=node.name)
    actuators = child(root, "actuator")
    for drive in drives:
        _add_actuator(actuators, robot, drive, timestep=timestep)
    if start is not None:
        child(child(root, "keyframe"), "key", name="start", qpos=numbers(start))
    return ElementTree.tostring(root, encoding="unicode"), left


def _add_inertial(body: ElementTree.Element, robot: ForeignRobot, node: PlannedNode) -> None:
    model, welded = robot.model, list(node.part.welded)
    if not node.solid:
        mass, inertia = HINGES_ONLY
        child(body, "inertial", pos="0 0 0", mass=numbers(mass), diaginertia=numbers([inertia] * 3))
        return
    masses = model.body_mass[welded]
    if len(welded) == 1 or np.count_nonzero(masses) == 1:
        [one] = [welded[0]] if len(welded) == 1 else [welded[int(np.argmax(masses))]]
        child(
            body,
            "inertial",
            pos=numbers(robot.data.xipos[one] - node.origin),
            quat=numbers(quaternion(robot.data.ximat[one].reshape(3, 3))),
            mass=numbers(model.body_mass[one]),
            diaginertia=numbers(model.body_inertia[one]),
        )
        return
    total = float(masses.sum())
    center = (masses[:, None] * robot.data.xipos[welded]).sum(axis=0) / total
    tensor = np.zeros((3, 3))
    for one, mass in zip(welded, masses.tolist(), strict=True):
        turn, arm = robot.data.ximat[one].reshape(3, 3), robot.data.xipos[one] - center
        tensor += turn @ np.diag(model.body_inertia[one]) @ turn.T
        tensor += mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    full = [tensor[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
    child(body, "inertial", pos=numbers(center - node.origin), mass=numbers(total),
          fullinertia=numbers(full))  # fmt: skip


def _add_joint(
    body: ElementTree.Element, robot: ForeignRobot, joint: int, node: PlannedNode
) -> None:
    model, kind = robot.model, int(robot.model.jnt_type[joint])
    dof = int(model.jnt_dofadr[joint])
    name = ROOT_JOINT if kind == FREE else robot.joint_name(joint)
    element = child(body, "joint", name=name, type=_JOINT_KINDS[kind])
    damping, armature = joint_passive(model, joint)
    attributes = {
        "armature": armature,
        "damping": damping,
        "frictionloss": model.dof_frictionloss[dof],
        "solreffriction": model.dof_solref[dof],
        "solimpfriction": model.dof_solimp[dof],
    }
    if kind != FREE:
        attributes |= {
            "pos": robot.data.xanchor[joint] - node.origin,
            "axis": robot.data.xaxis[joint],
            "stiffness": [model.jnt_stiffness[joint], *model.jnt_stiffnesspoly[joint]],
            "range": model.jnt_range[joint],
            "margin": model.jnt_margin[joint],
            "solreflimit": model.jnt_solref[joint],
            "solimplimit": model.jnt_solimp[joint],
            "actuatorfrcrange": model.jnt_actfrcrange[joint],
        }
        element.set("limited", "true" if model.jnt_limited[joint] else "false")
        element.set("actuatorfrclimited", "true" if model.jnt_actfrclimited[joint] else "false")
        element.set("actuatorgravcomp", "true" if model.jnt_actgravcomp[joint] else "false")
        address = int(model.jnt_qposadr[joint])
        if _JOINT_KINDS[kind] in ("slide", "hinge"):
            attributes["ref"] = model.qpos0[address]
            attributes["springref"] = model.qpos_spring[address]
    for key, value in attributes.items():
        element.set(key, numbers(value))


def _add_geom(
    body: ElementTree.Element,
    asset: ElementTree.Element,
    robot: ForeignRobot,
    geom: int,
    node: PlannedNode,
) -> ElementTree.Element:
    model, data = robot.model, robot.data
    kind, n_sizes = _GEOM_KINDS[int(model.geom_type[geom])]
    name, turn = geom_name(geom), data.geom_xmat[geom].reshape(3, 3)
    element = child(body, "geom", name=name, type=kind)
    offset = data.geom_xpos[geom] - node.origin
    if kind == "mesh":
        vertices = hull_vertices(model, int(model.geom_dataid[geom])) @ turn.T + offset
        child(asset, "mesh", name=name, vertex=numbers(vertices.ravel()), inertia="convex")
        element.set("mesh", name)
    else:
        element.set("size", numbers(model.geom_size[geom, :n_sizes]))
        element.set("pos", numbers(offset))
        element.set("quat", numbers(quaternion(turn)))
    attributes = {
        "contype": model.geom_contype[geom],
        "conaffinity": model.geom_conaffinity[geom],
        "condim": model.geom_condim[geom],
        "priority": model.geom_priority[geom],
        "friction": model.geom_friction[geom],
        "solmix": model.geom_solmix[geom],
        "solref": model.geom_solref[geom],
        "solimp": model.geom_solimp[geom],
        "margin": model.geom_margin[geom],
        "gap": model.geom_gap[geom],
    }
    if model.geom_adhesion[geom]:
        attributes["adhesion"] = model.geom_adhesion[geom]
    if model.geom_surfacevel[geom].any():
        attributes["surfacevel"] = _surface_velocity(model, geom, kind, turn, offset)
    for key, value in attributes.items():
        element.set(key, numbers(value))
    if model.geom_fluid[geom, 0]:
        element.set("fluidshape", "ellipsoid")
        element.set("fluidcoef", numbers(model.geom_fluid[geom, 1:6]))
    return element


def _touch_as_paired(
    element: ElementTree.Element, robot: ForeignRobot, geom: int, ground: GroundContacts
) -> None:
    """Let a geom touch any ground with the settings of its contact pair with that of the file."""
    model, pair = robot.model, ground.pairs[geom]
    if not (model.geom_contype[geom] or model.geom_conaffinity[geom]):
        element.set("contype", str(ground.bit))
    attributes = {
        "condim": model.pair_dim[pair],
        "priority": max(int(model.geom_priority[geom]), 1),
        "friction": model.pair_friction[pair, [0, 2, 3]],
        "solref": model.pair_solref[pair],
        "solimp": model.pair_solimp[pair],
        "margin": model.pair_margin[pair],
        "gap": model.pair_gap[pair],
    }
    for key, value in attributes.items():
        element.set(key, numbers(value))


def _surface_velocity(
    model: mujoco.MjModel,
    geom: int,
    kind: str,
    turn: NDArray[np.float64],
    offset: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(6,) surface velocity of a geom in the frame that its text gives it."""
    velocity = model.geom_surfacevel[geom]
    if kind != "mesh":
        return velocity
    # The mesh of the text is in the frame of the body, about whose origin it turns.
    spin = turn @ velocity[3:]
    return np.concatenate([turn @ velocity[:3] - np.cross(spin, offset), spin])


def _add_actuator(
    actuators: ElementTree.Element, robot: ForeignRobot, drive: Drive, *, timestep: float
) -> None:
    model, number = robot.model, drive.actuator
    transmission = int(model.actuator_trntype[number])
    target = int(model.actuator_trnid[number, 0])
    gain = model.actuator_gainprm[number, :3].copy()
    bias = model.actuator_biasprm[number, :3].copy()
    if not int(model.actuator_gaintype[number]):
        gain[1:] = 0.0
    if not int(model.actuator_biastype[number]):
        bias[:] = 0.0
    bias += drive.middle * gain
    gain *= drive.half
    element = child(
        actuators,
        "general",
        name=robot.actuator_name(number),
        gear=numbers(gear_of(model, number)),
        ctrllimited="true",
        ctrlrange=numbers(drive.span),
        gaintype=_GAINS[int(bool(gain[1:].any()))],
        gainprm=numbers(gain),
        biastype="affine" if bias.any() else "none",
        biasprm=numbers(bias),
        dyntype=_DYNAMICS[int(model.actuator_dyntype[number])],
        dynprm=numbers(model.actuator_dynprm[number]),
        actlimited="true" if model.actuator_actlimited[number] else "false",
        actearly="true" if model.actuator_actearly[number] else "false",
        forcelimited="true" if model.actuator_forcelimited[number] else "false",
        forcerange=numbers(model.actuator_forcerange[number]),
    )
    if model.actuator_actlimited[number] and drive.half:
        # An activation is in the units of the control.
        ends = (model.actuator_actrange[number] - drive.middle) / drive.half
        element.set("actrange", numbers(np.sort(ends)))
    _add_delay(element, model, number, timestep=timestep)
    if transmission == int(mujoco.mjtTrn.mjTRN_TENDON):
        element.set("tendon", robot.tendon_name(target))
    elif transmission == int(mujoco.mjtTrn.mjTRN_JOINTINPARENT):
        element.set("jointinparent", robot.joint_name(target))
    else:
        element.set("joint", robot.joint_name(target))


def _add_delay(
    element: ElementTree.Element, model: mujoco.MjModel, actuator: int, *, timestep: float
) -> None:
    """Add the delay of a control, and the history that it needs: a sample for each step."""
    count, order = (int(number) for number in model.actuator_history[actuator])
    if not count:
        return
    count = math.ceil(count * model.opt.timestep / timestep - _ROUNDING)
    element.set("nsample", str(min(count, MOST_SAMPLES)))
    element.set("interp", _INTERPOLATIONS[order])
    element.set("delay", numbers(model.actuator_delay[actuator]))
