"""The tree of nodes that stands for a robot: what the controller sees of it.

A part is a node; one without joints is welded to the node above. A part with more than two hinges
is several nodes in a row: the first ones hold two hinges each and nothing else, the last one the
rest and all that is solid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops import graph as body_graph
from morph_ops.graph import SLOTS, Joint, Limb, Torso, Vec3
from morph_ops.io.mjcf.foreign.capsules import (
    SHORTEST_M,
    Capsule,
    fitted_capsule,
    inertia_box,
    sphere_radius,
    world_points,
)
from morph_ops.io.mjcf.foreign.passive import joint_passive
from morph_ops.io.mjcf.foreign.robot import HINGE, SLIDE, ForeignRobot, Part, free_name
from morph_ops.physics import HINGE_MASS_KG

__all__ = ["PlannedNode", "equivalent_graph", "plan_nodes"]

#: Mass (kg) and inertia (kg m^2) of a node that holds hinges alone: MuJoCo needs some.
HINGES_ONLY = (HINGE_MASS_KG, 1e-9)
#: Range that the controller sees of a hinge without limits (rad).
UNLIMITED = (-np.pi, np.pi)
_SMALL_M = 0.01
_UNIMAL_FRICTION = (0.7, 0.1, 0.1)


@dataclass(frozen=True)
class PlannedNode:
    """A node before it becomes a record.

    Attributes:
        name: Its name.
        part: Part that it belongs to.
        joints: Ids of the joints that it holds, in order.
        slots: Ids of those among them that fill its joint slots.
        above: Number of the node above; -1 for the root.
        solid: Whether it holds the geoms and the mass of its part.
        capsule: What stands for its shape in the zero pose, in world coordinates.
    """

    name: str
    part: Part
    joints: tuple[int, ...]
    slots: tuple[int, ...]
    above: int
    solid: bool
    capsule: Capsule

    @property
    def origin(self) -> NDArray[np.float64]:
        """(3,) origin of its frame in the world (m)."""
        return self.capsule.start


def plan_nodes(robot: ForeignRobot, torques: Mapping[int, float]) -> list[PlannedNode]:
    """The nodes of a robot, depth first.

    Args:
        robot: The robot.
        torques: Largest torque of each driven joint, by its id.
    """
    nodes: list[PlannedNode] = []
    last: dict[int, int] = {}
    taken = {"world"}
    for part in robot.parts:
        name = free_name(robot.body_name(part.body), taken)
        if part.body == robot.root:
            nodes.append(PlannedNode(name, part, part.joints, (), -1, True, _torso(robot, part)))
            last[part.body] = 0
            continue
        above = last[part.parent]
        chunks = _chunks(robot, part, torques)
        for number, (joints, slots) in enumerate(chunks):
            solid = number == len(chunks) - 1
            own = name if solid else free_name(f"{name}/{number + 1}", taken)
            shape = _limb(robot, part) if solid else _joint_only(robot, slots[0])
            nodes.append(PlannedNode(own, part, joints, slots, above, solid, shape))
            above = len(nodes) - 1
        last[part.body] = above
    return nodes


def equivalent_graph(
    robot: ForeignRobot, nodes: list[PlannedNode], torques: Mapping[int, float]
) -> nx.DiGraph[str]:
    """The body that stands for the robot, with the root where it is in the zero pose.

    Args:
        robot: The robot.
        nodes: Its nodes.
        torques: Largest torque of each driven joint, by its id.
    """
    graph: nx.DiGraph[str] = nx.DiGraph(excludes=())
    for node in nodes:
        mass = _mass(robot, node)
        friction = _friction(robot, node)
        if node.above < 0:
            record = Torso(
                pos=_vec3(node.origin), radius=node.capsule.radius, mass=mass, friction=friction
            )
            graph.add_node(node.name, node=record)
            continue
        above = nodes[node.above]
        limb = Limb(
            pos=_vec3(node.origin - above.origin),
            end=_vec3(node.capsule.end - node.origin),
            radius=node.capsule.radius,
            mass=mass,
            friction=friction,
            joints=tuple(
                _joint(robot, joint, SLOTS[slot], node.origin, torques.get(joint, 0.0))
                for slot, joint in enumerate(node.slots)
            ),
        )
        graph.add_node(node.name, node=limb)
        graph.add_edge(above.name, node.name)
    return body_graph.with_excludes(graph, _excludes(robot, nodes))


def _chunks(
    robot: ForeignRobot, part: Part, torques: Mapping[int, float]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Joints of each node of a part, and those that fill its slots."""
    chunks: list[tuple[list[int], list[int]]] = [([], [])]
    for joint in part.joints:
        kind = int(robot.model.jnt_type[joint])
        fills = kind == HINGE or (kind == SLIDE and joint in torques)
        if fills and len(chunks[-1][1]) == len(SLOTS):
            chunks.append(([], []))
        chunks[-1][0].append(joint)
        if fills:
            chunks[-1][1].append(joint)
    return [(tuple(joints), tuple(slots)) for joints, slots in chunks]


def _torso(robot: ForeignRobot, part: Part) -> Capsule:
    """A sphere about the center of mass of the part."""
    model = robot.model
    masses = model.body_mass[list(part.welded)]
    centers = robot.data.xipos[list(part.welded)]
    center = (masses[:, None] * centers).sum(axis=0) / max(masses.sum(), 1e-9)
    shown = [geom for geom in part.geoms if geom in robot.solid_geoms] or list(part.geoms)
    if shown:
        return Capsule(center, center, sphere_radius(model, shown))
    half = np.ptp(inertia_box(model, robot.data, part.body), axis=0) / 2.0
    return Capsule(center, center, float(math.prod(half.tolist()) * 6.0 / math.pi) ** (1 / 3))


def _limb(robot: ForeignRobot, part: Part) -> Capsule:
    model = robot.model
    shown = [geom for geom in part.geoms if geom in robot.solid_geoms] or list(part.geoms)
    points, radii = world_points(model, robot.data, shown)
    anchor = robot.data.xanchor[part.joints[0]] if part.joints else robot.position(part.body)
    if not len(points):
        heaviest = max(part.welded, key=lambda body: float(model.body_mass[body]))
        points = inertia_box(model, robot.data, heaviest)
        radii = np.zeros(len(points))
    return fitted_capsule(points, radii, anchor)


def _joint_only(robot: ForeignRobot, joint: int) -> Capsule:
    return _small(robot.data.xanchor[joint])


def _small(start: NDArray[np.float64]) -> Capsule:
    return Capsule(start, start - [0.0, 0.0, SHORTEST_M], _SMALL_M)


def _joint(
    robot: ForeignRobot, joint: int, slot: str, origin: NDArray[np.float64], torque: float
) -> Joint:
    model = robot.model
    damping, armature = joint_passive(model, joint)
    limits = model.jnt_range[joint].tolist() if model.jnt_limited[joint] else UNLIMITED
    low, high = np.rad2deg(limits).tolist()
    return Joint(
        name=robot.joint_name(joint),
        slot="x" if slot == "x" else "y",
        pos=_vec3(robot.data.xanchor[joint] - origin),
        axis=_vec3(robot.data.xaxis[joint]),
        range_deg=(low, high),
        gear=torque,
        stiffness=float(model.jnt_stiffness[joint]),
        damping=float(damping[0]),
        armature=armature,
    )


def _mass(robot: ForeignRobot, node: PlannedNode) -> float:
    if not node.solid:
        return HINGES_ONLY[0]
    return max(float(robot.model.body_mass[list(node.part.welded)].sum()), HINGES_ONLY[0])


def _friction(robot: ForeignRobot, node: PlannedNode) -> Vec3:
    geoms = [geom for geom in node.part.geoms if geom in robot.solid_geoms and node.solid]
    if not geoms:
        return _UNIMAL_FRICTION
    return _vec3(robot.model.geom_friction[geoms].max(axis=0))


def _excludes(robot: ForeignRobot, nodes: list[PlannedNode]) -> list[tuple[str, str]]:
    """Excluded pairs of parts, by the names of their nodes."""
    model = robot.model
    owner = {body: node.name for node in nodes if node.solid for body in node.part.welded}
    alike: dict[int, list[str]] = {}
    for node in nodes:
        if node.solid:
            alike.setdefault(int(model.body_weldid[node.part.body]), []).append(node.name)
    pairs: list[tuple[str, str]] = []
    # MuJoCo lets a part and its parent pass through each other, and there may be nodes in between.
    keep = int(model.opt.disableflags) & int(mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)
    for node in nodes[1:] if not keep else ():
        above, moves = node.part.parent, bool(node.part.joints)
        if node.solid and moves and nodes[node.above].name != owner[above]:
            pairs += product(alike[above], alike[node.part.body])
    for signature in model.exclude_signature.tolist():
        first, second = signature >> 16, signature & 0xFFFF
        # What is welded together touches itself in no case.
        welded = model.body_weldid[first] == model.body_weldid[second]
        if first in owner and second in owner and not welded:
            pairs.append((owner[first], owner[second]))
    return pairs


def _vec3(vector: NDArray[np.float64]) -> Vec3:
    x, y, z = vector.tolist()
    return x, y, z
