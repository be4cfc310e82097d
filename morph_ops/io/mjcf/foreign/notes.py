"""Import notes: what of a robot is approximated, left out, or read in a certain way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import mujoco
import numpy as np

from morph_ops._messages import noted
from morph_ops.io.mjcf.foreign.actuation import HELD, Drive
from morph_ops.io.mjcf.foreign.ground import GroundContacts
from morph_ops.io.mjcf.foreign.robot import BALL, FREE, HINGE, SLIDE, ForeignRobot
from morph_ops.io.mjcf.foreign.tree import PlannedNode
from morph_ops.io.mjcf.foreign.undriven import undriven_lines

__all__ = ["notes_of"]

_SIMPLE = (int(mujoco.mjtGeom.mjGEOM_SPHERE), int(mujoco.mjtGeom.mjGEOM_CAPSULE))


def notes_of(
    robot: ForeignRobot,
    nodes: Sequence[PlannedNode],
    drives: Sequence[Drive],
    *,
    undriven: Mapping[str, Sequence[str]],
    left: Sequence[str],
    ground: GroundContacts,
    timestep: float,
    lift: float,
) -> list[str]:
    """One line for each kind of approximation.

    Args:
        robot: The robot.
        nodes: Its nodes.
        drives: Its actuators that follow an action.
        undriven: Names of its other actuators, by the reason.
        left: Constraints that reach beyond the robot.
        ground: What of the robot touches the ground.
        timestep: Length of a physics step (s).
        lift: Height by which the robot was lifted onto the ground (m).
    """
    lines = [
        *_shape_notes(robot, nodes),
        *_joint_notes(robot, nodes, {drive.joint for drive in drives}),
        *_drive_notes(robot, drives),
    ]
    lines += undriven_lines(undriven)
    if left:
        lines.append(f"left out, because it reaches beyond the robot: {noted(left)}")
    lines += _ground_notes(robot, ground)
    if abs(timestep - robot.model.opt.timestep) > 1e-9:
        lines.append(
            f"physics step {robot.model.opt.timestep:g} s changed to {timestep:g} s, which divides "
            "the control step"
        )
    if abs(lift) > 0.01:
        lines.append(f"moved by {lift:+.3g} m, so that its lowest point touches the ground")
    lines += _world_notes(robot)
    return lines


def _shape_notes(robot: ForeignRobot, nodes: Sequence[PlannedNode]) -> list[str]:
    lines: list[str] = []
    solid = [node for node in nodes if node.solid]
    welded = [node.name for node in solid if len(_with_content(robot, node)) > 1]
    if welded:
        lines.append(f"one node with all that is welded to it: {noted(welded)}")
    model = robot.model
    shaped = [
        node.name
        for node in solid
        if len(node.part.geoms) != 1 or int(model.geom_type[node.part.geoms[0]]) not in _SIMPLE
    ]
    if shaped:
        lines.append(f"the controller sees a capsule in place of the geoms of: {noted(shaped)}")
    held = [node.name for node in solid if not node.part.joints]
    if held:
        lines.append(
            "nodes of their own, as gravity compensation holds up another share of them than of "
            f"what they are welded to: {noted(held)}"
        )
    split = [node.name for node in nodes if not node.solid]
    if split:
        lines.append(f"nodes in a row for parts with three or more hinges: {noted(split)}")
    return lines


def _with_content(robot: ForeignRobot, node: PlannedNode) -> list[int]:
    """Bodies of a node that weigh something or have a shape, besides its first one's joints."""
    model = robot.model
    return [body for body in node.part.welded if model.body_mass[body] or model.body_geomnum[body]]


def _joint_notes(robot: ForeignRobot, nodes: Sequence[PlannedNode], driven: set[int]) -> list[str]:
    model = robot.model
    lines: list[str] = []
    joints = [joint for node in nodes[1:] for joint in node.joints]
    slots = {joint for node in nodes for joint in node.slots}

    def named(chosen: Iterable[int]) -> str:
        return noted([robot.joint_name(joint) for joint in chosen])

    free = [j for j in slots if int(model.jnt_type[j]) == HINGE and not model.jnt_limited[j]]
    if free:
        lines.append(f"hinges without limits, shown with a range of 360 deg: {named(sorted(free))}")
    idle = [j for j in slots if j not in driven]
    if idle:
        lines.append(f"hinges without a motor: {named(sorted(idle))}")
    sliding = [j for j in slots if int(model.jnt_type[j]) == SLIDE]
    if sliding:
        lines.append(f"sliding joints, shown as hinges: {named(sorted(sliding))}")
    hidden = [j for j in joints if j not in slots]
    if hidden:
        kinds = {int(model.jnt_type[j]) for j in hidden}
        words = " and ".join(
            word for kind, word in ((BALL, "ball"), (SLIDE, "sliding")) if kind in kinds
        )
        lines.append(f"passive {words} joints, which the controller does not see: {named(hidden)}")
    root = robot.parts[0].joints[0]
    dof = int(model.jnt_dofadr[root])
    if int(model.jnt_type[root]) == FREE and (model.dof_armature[dof] or model.dof_damping[dof]):
        lines.append(
            "the free joint has armature or damping, perhaps from <default>; <freejoint/> has none"
        )
    kinds = [int(model.jnt_type[j]) for j in robot.parts[0].joints]
    if kinds != [FREE]:
        words = ("free", "ball", "slide", "hinge")
        lines.append(
            f"the torso moves on {', '.join(words[kind] for kind in kinds)} joints, not freely"
        )
    narrow = [
        j
        for j in slots
        if model.jnt_limited[j]
        and int(model.jnt_type[j]) == HINGE
        and np.ptp(model.jnt_range[j]) < np.deg2rad(5.0)
    ]
    if narrow:
        lines.append(f"hinges with a range below 5 deg; are its units right? {named(narrow)}")
    return lines


def _drive_notes(robot: ForeignRobot, drives: Sequence[Drive]) -> list[str]:
    lines: list[str] = []
    held = [robot.joint_name(drive.joint) for drive in drives if drive.how == HELD]
    if held:
        lines.append(f"the velocity servo beside a position servo is held at rest: {noted(held)}")
    drives = [drive for drive in drives if drive.how != HELD]
    for how in dict.fromkeys(drive.how for drive in drives):
        names = [robot.joint_name(drive.joint) for drive in drives if drive.how == how]
        lines.append(f"an action of -1..1 is {how}: {noted(names)}")
    counts: dict[int, int] = {}
    for drive in drives:
        counts[drive.joint] = counts.get(drive.joint, 0) + 1
    several = [robot.joint_name(joint) for joint, count in counts.items() if count > 1]
    if several:
        lines.append(f"several actuators follow one action: {noted(several)}")
    return lines


def _ground_notes(robot: ForeignRobot, ground: GroundContacts) -> list[str]:
    lines: list[str] = []
    if ground.pairs:
        names = [robot.geom_name(geom) for geom in ground.pairs]
        lines.append(
            "touches any ground with the settings of its contact pair with the ground, which the "
            f"geom has in all its contacts: {noted(names)}"
        )
    friction, solref = robot.model.pair_friction, robot.model.pair_solreffriction
    uneven = [
        robot.geom_name(geom)
        for geom, pair in ground.pairs.items()
        if friction[pair, 0] != friction[pair, 1]
        or friction[pair, 3] != friction[pair, 4]
        or solref[pair].any()
    ]
    if uneven:
        lines.append(
            "the contact pair with the ground has another friction, or solreffriction, along its "
            f"second axis, which is left out: {noted(uneven)}"
        )
    if ground.excluded:
        names = [robot.body_name(body) for body in sorted(ground.excluded)]
        lines.append(f"does not touch the ground, as its file says: {noted(names)}")
    return lines


def _world_notes(robot: ForeignRobot) -> list[str]:
    model = robot.model
    lines: list[str] = []
    others = dict.fromkeys(
        int(model.body_rootid[body]) for body in range(1, model.nbody) if body not in robot.own
    )
    if others:
        names = [robot.body_name(body) for body in others]
        lines.append(f"the world around it is left out: {noted(names)}")
    gravity = model.opt.gravity
    if np.abs(gravity - [0.0, 0.0, -9.81]).max() > 0.02:
        lines.append(f"gravity of its own: {' '.join(f'{each:g}' for each in gravity)} m/s^2")
    if model.opt.density or model.opt.viscosity:
        lines.append("moves in a fluid of its own")
    places = np.array([robot.position(part.body) for part in robot.parts])
    size = float(np.ptp(places, axis=0).max())
    if size > 20.0:
        lines.append(f"its joints span {size:.3g} m; are its units right?")
    return lines
