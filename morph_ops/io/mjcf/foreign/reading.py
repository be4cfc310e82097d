"""From a file that nobody here wrote to a body with physics of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops import graph as body_graph
from morph_ops._messages import shown
from morph_ops.errors import MjcfError
from morph_ops.geometry.rotations import quaternion, rotation
from morph_ops.graph import Physics
from morph_ops.io.mjcf.foreign.actuation import drives_of, torques_of
from morph_ops.io.mjcf.foreign.capsules import hull_vertices
from morph_ops.io.mjcf.foreign.ground import GroundContacts, ground_contacts
from morph_ops.io.mjcf.foreign.loading import load_model
from morph_ops.io.mjcf.foreign.lowest import lowest_point
from morph_ops.io.mjcf.foreign.notes import notes_of
from morph_ops.io.mjcf.foreign.physics_text import physics_text
from morph_ops.io.mjcf.foreign.robot import BALL, FREE, ForeignRobot, find_robot
from morph_ops.io.mjcf.foreign.tree import PlannedNode, equivalent_graph, plan_nodes
from morph_ops.io.mjcf.foreign.undriven import no_drive
from morph_ops.io.mjcf.foreign.unkept import unkept_lines

__all__ = ["read_foreign"]

#: Length of a control step (s), which a whole number of physics steps fill.
CONTROL_STEP_S = 0.02
#: Names of keyframes that are start poses, the first choice first.
_START_NAMES = ("home", "stand", "standing", "init", "initial", "start")
#: Most corners of the convex hulls of all geoms, which the physics of the body has as text.
_MOST_HULL_CORNERS = 80_000
_NOT_SUPPORTED = {
    int(mujoco.mjtGeom.mjGEOM_HFIELD): "height field",
    int(mujoco.mjtGeom.mjGEOM_SDF): "signed distance field",
    int(mujoco.mjtGeom.mjGEOM_PLANE): "plane",
}


def read_foreign(path: str | os.PathLike[str], *, root: str | None = None) -> nx.DiGraph[str]:
    """The body in an MJCF file of any robot.

    Args:
        path: Path of the file. Files that it names must lie in its folder.
        root: Name of the robot's first body, where the file holds several robots.

    Returns:
        A body whose nodes stand for the robot's parts, with the robot's own physics
        (:class:`~morph_ops.graph.Physics`).

    Raises:
        MjcfError: The file cannot be read, or holds no robot that can move.
    """
    model, unread, is_urdf, spec, looks = load_model(Path(path))
    robot = find_robot(model, root=root, is_urdf=is_urdf)
    ground = ground_contacts(robot)
    _require_supported(robot, ground, is_urdf=is_urdf)
    number = _start_key(robot)
    drives, undriven = drives_of(robot, model.qpos0 if number is None else model.key_qpos[number])
    if not drives:
        raise MjcfError(no_drive(robot, undriven, is_urdf=is_urdf))
    torques = torques_of(model, drives)
    nodes = plan_nodes(robot, torques)
    graph = equivalent_graph(robot, nodes, torques)
    timestep = CONTROL_STEP_S / max(round(CONTROL_STEP_S / float(model.opt.timestep)), 1)
    start = _start_pose(robot, nodes, ground, number)
    text, left = physics_text(
        robot, nodes, drives, timestep=timestep, start=start.qpos, ground=ground
    )
    notes = notes_of(
        robot,
        nodes,
        drives,
        undriven=undriven,
        left=left,
        ground=ground,
        timestep=timestep,
        lift=start.lift,
    )
    top = body_graph.root(graph)
    record = body_graph.torso(graph)
    placed = replace(record, pos=(0.0, 0.0, start.height - start.rise))
    graph = body_graph.with_nodes(graph, [(top, placed)])
    names = tuple(robot.joint_name(drive.joint) for drive in drives)
    physics = Physics(
        mjcf=text,
        nodes=tuple(graph),
        drives=names,
        height=start.height,
        rise=start.rise,
        falls=robot.moves_along(2),
        notes=(*unread, *notes, *unkept_lines(robot, spec, looks)),
    )
    return body_graph.with_physics(graph, physics)


def _require_supported(robot: ForeignRobot, ground: GroundContacts, *, is_urdf: bool) -> None:
    model = robot.model
    for geom in sorted(robot.solid_geoms):
        kind = _NOT_SUPPORTED.get(int(model.geom_type[geom]))
        if kind is not None:
            name = robot.name(mujoco.mjtObj.mjOBJ_GEOM, geom) or str(geom)
            raise MjcfError(
                f"geom {shown(name)}: a {kind} is no part of a robot that walks; remove it, or "
                'give it contype="0" conaffinity="0"'
            )
    corners = sum(
        len(hull_vertices(model, int(model.geom_dataid[geom])))
        for geom in robot.solid_geoms
        if int(model.geom_type[geom]) == int(mujoco.mjtGeom.mjGEOM_MESH)
    )
    if corners > _MOST_HULL_CORNERS:
        raise MjcfError(
            f"expected convex hulls of at most {_MOST_HULL_CORNERS} corners in total, got "
            f"{corners}; simplify the meshes, or give each <mesh> a maxhullvert"
        )
    if not ground.touching and not (model.opt.density or model.opt.viscosity):
        raise MjcfError(
            "none of the robot's geoms collides with the ground, so it would fall through it; "
            f"give its feet {'a <collision>' if is_urdf else 'geoms with contype and conaffinity'}"
        )


@dataclass(frozen=True)
class _Start:
    """The pose in which episodes begin.

    Attributes:
        qpos: (nq,) the pose in the coordinates of the nodes; None for the zero pose.
        lift: How far to lift it, so that its lowest point lies on the ground (m).
        height: Height of the torso then (m).
        rise: How much higher the torso is than in the zero pose (m).
    """

    qpos: NDArray[np.float64] | None
    lift: float
    height: float
    rise: float


def _start_pose(
    robot: ForeignRobot,
    nodes: Sequence[PlannedNode],
    ground: GroundContacts,
    number: int | None,
) -> _Start:
    """The pose of a keyframe on the ground, or else the zero pose."""
    model, data = robot.model, robot.data
    if number is not None:
        data = mujoco.MjData(model)
        data.qpos[:] = model.key_qpos[number]
        mujoco.mj_kinematics(model, data)
    # What moves a fluid alone has no ground to stand on.
    lowest = lowest_point(model, data, sorted(ground.touching or robot.solid_geoms))
    lift, zero = -(lowest or 0.0), float(nodes[0].origin[2])
    if number is None:
        return _Start(None, lift, zero + lift, 0.0)
    body = robot.root
    arm = robot.rotation(body).T @ (nodes[0].origin - robot.position(body))
    torso = data.xpos[body] + data.xmat[body].reshape(3, 3) @ arm
    qpos, height = _converted(robot, nodes, model.key_qpos[number]), float(torso[2])
    return _Start(qpos, lift, height + lift, height - zero)


def _start_key(robot: ForeignRobot) -> int | None:
    model = robot.model
    poses = [number for number in range(model.nkey) if _is_pose(model, model.key_qpos[number])]
    names = {robot.name(mujoco.mjtObj.mjOBJ_KEY, number).lower(): number for number in poses}
    for name in _START_NAMES:
        if name in names:
            return names[name]
    return poses[0] if poses else None


def _is_pose(model: mujoco.MjModel, qpos: NDArray[np.float64]) -> bool:
    """Whether a keyframe is a pose: one of zeros alone has quaternions that are none."""
    for kind, address in zip(model.jnt_type.tolist(), model.jnt_qposadr.tolist(), strict=True):
        first = address + 3 if kind == FREE else address
        if kind in (FREE, BALL) and not np.any(qpos[first : first + 4]):
            return False
    return True


def _converted(
    robot: ForeignRobot, nodes: Sequence[PlannedNode], qpos: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coordinates of a pose in the text of the robot, whose frames differ from the file's.

    The torso is above where it is in the zero pose.
    """
    model = robot.model
    values: list[float] = []
    for node in nodes:
        turn = robot.rotation(node.part.body)
        for joint in node.joints:
            kind, address = int(model.jnt_type[joint]), int(model.jnt_qposadr[joint])
            if kind == FREE:
                now = rotation(tuple(qpos[address + 3 : address + 7].tolist()))
                arm = turn.T @ (node.origin - robot.position(node.part.body))
                place = qpos[address : address + 3] + now @ arm
                place[:2] = node.origin[:2]
                values += [*place.tolist(), *quaternion(now @ turn.T)]
            elif kind == BALL:
                now = rotation(tuple(qpos[address : address + 4].tolist()))
                values += [*quaternion(turn @ now @ turn.T)]
            else:
                values.append(float(qpos[address]))
    return np.array(values)
