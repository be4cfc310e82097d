"""Building: from a body to a bare MuJoCo model, which a rollout can step directly."""

from __future__ import annotations

import math

import mujoco
import networkx as nx
import numpy as np

from morph_ops import graph as body_graph
from morph_ops._messages import one_line
from morph_ops.errors import BodyError
from morph_ops.graph import Joint, Limb, Node, Physics, Torso
from morph_ops.io.mjcf.source import MUJOCO_ERRORS
from morph_ops.validity.wellformed import ROOT_JOINT, require_well_formed

__all__ = ["PHYSICS_STEP_S", "compile_spec", "to_model", "to_spec"]

PHYSICS_STEP_S = 0.005
"""Duration of one physics step (s)."""


def to_spec(graph: nx.DiGraph[str], *, nodes_only: bool = False) -> mujoco.MjSpec:
    """An editable MuJoCo description of a body, to which a task adds its world.

    The torso has a free joint named ``"root"``. MuJoCo's bodies and geoms have the names of
    the nodes, and hinges and motors those of the joints. The physics step is 0.005 s, a parent
    and its child never collide, and the contact excludes of the graph hold. The description
    contains nothing else: no floor, texture, light, camera, or sensor. A robot from elsewhere
    has its own physics instead.

    Args:
        graph: A body.
        nodes_only: Whether to build the nodes of a robot from elsewhere instead of its physics.

    Returns:
        The description, with angles in degrees.

    Raises:
        BodyError: The graph is no body (see :mod:`morph_ops.validity.wellformed`).

    Examples:
        >>> from morph_ops.graph import new_body
        >>> spec = to_spec(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> [body.name for body in spec.bodies]
        ['world', 'torso/0']
    """
    require_well_formed(graph)
    physics = body_graph.physics(graph)
    if physics is not None and not nodes_only:
        spec, own = _own_physics(graph, physics), frozenset(physics.nodes)
    else:
        spec, own = _empty_spec(), frozenset[str]()
    hosts: dict[str | None, mujoco.MjsBody] = {None: spec.worldbody}
    hosts |= {name: spec.body(name) for name in own}
    for name in body_graph.node_names(graph):
        if name in own:
            continue
        node = body_graph.node(graph, name)
        host = hosts[body_graph.parent(graph, name)]
        body = hosts[name] = host.add_body(name=name, pos=node.pos, quat=node.quat)
        if isinstance(node, Torso):
            body.add_freejoint(name=ROOT_JOINT)
        else:
            for joint in node.joints:
                _add_hinge(body, joint, degree=bool(spec.compiler.degree))
        _add_geom(body, name, node)
    for name, joint in body_graph.joints(graph):
        if name not in own:
            _add_motor(spec, joint)
    _add_excludes(spec, graph)
    return spec


def _empty_spec() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.modelname = "body"
    spec.compiler.degree = True
    spec.option.timestep = PHYSICS_STEP_S
    return spec


def to_model(graph: nx.DiGraph[str], *, nodes_only: bool = False) -> mujoco.MjModel:
    """The compiled model of a bare body: :func:`to_spec`, ready to simulate.

    Args:
        graph: A body with n nodes and j joints.
        nodes_only: As for :func:`to_spec`.

    Returns:
        A model with ``nbody = n + 1``, ``nq = 7 + j``, and ``nu = j``.

    Raises:
        BodyError: The graph is no body.
        BodyError: MuJoCo cannot compile the body.

    Examples:
        >>> from morph_ops.graph import new_body
        >>> model = to_model(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> model.nq, model.nu
        (7, 0)
    """
    return compile_spec(to_spec(graph, nodes_only=nodes_only))


def compile_spec(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """The compiled model of a description: a body alone, or with a world around it.

    Args:
        spec: The description.

    Raises:
        BodyError: MuJoCo cannot compile the description.

    Examples:
        >>> from morph_ops.graph import new_body
        >>> spec = to_spec(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> _ = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=(1.0, 1.0, 0.1))
        >>> compile_spec(spec).ngeom
        2
    """
    try:
        return spec.compile()
    except MUJOCO_ERRORS as error:
        raise BodyError(f"MuJoCo cannot compile the body: {one_line(error)}") from None


def _own_physics(graph: nx.DiGraph[str], physics: Physics) -> mujoco.MjSpec:
    """The description that a robot from elsewhere brings along, with the torso in its place."""
    try:
        spec = mujoco.MjSpec.from_string(physics.mjcf)
        torso, pos = spec.body(body_graph.root(graph)), body_graph.torso(graph).pos
        for key in spec.keys if torso.joints[0].type == mujoco.mjtJoint.mjJNT_FREE else ():
            moved = np.array(key.qpos)
            moved[:3] += np.subtract(pos, torso.pos)
            key.qpos = moved
        torso.pos = pos
    except (*MUJOCO_ERRORS, AttributeError) as error:
        raise BodyError(f"MuJoCo cannot read the robot's physics: {one_line(error)}") from None
    # Limbs that were grown on the robot have masses from their geoms.
    spec.compiler.inertiafromgeom = mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_AUTO
    return spec


def _add_excludes(spec: mujoco.MjSpec, graph: nx.DiGraph[str]) -> None:
    for first, second in body_graph.excludes(graph):
        spec.add_exclude(name=f"{first}:{second}", bodyname1=first, bodyname2=second)


def _add_hinge(body: mujoco.MjsBody, joint: Joint, *, degree: bool) -> None:
    limits = joint.range_deg if degree else tuple(math.radians(each) for each in joint.range_deg)
    body.add_joint(
        name=joint.name,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        pos=joint.pos,
        axis=joint.axis,
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        range=limits,
        stiffness=(joint.stiffness, 0.0, 0.0),
        damping=(joint.damping, 0.0, 0.0),
        armature=joint.armature,
        solref_limit=joint.solref_limit,
        solimp_limit=joint.solimp_limit,
    )


def _add_geom(body: mujoco.MjsBody, name: str, node: Node) -> None:
    geom = body.add_geom(name=name, friction=node.friction, condim=node.condim)
    geom.size = (node.radius, 0.0, 0.0)
    if isinstance(node, Limb):
        geom.type = mujoco.mjtGeom.mjGEOM_CAPSULE
        geom.fromto = (*node.start, *node.end)
    else:
        geom.type = mujoco.mjtGeom.mjGEOM_SPHERE
    if node.mass is None:
        geom.density = node.density
    else:
        geom.mass = node.mass


def _add_motor(spec: mujoco.MjSpec, joint: Joint) -> None:
    motor = spec.add_actuator(
        name=joint.name,
        target=joint.name,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gear=(joint.gear, 0.0, 0.0, 0.0, 0.0, 0.0),
        ctrllimited=mujoco.mjtLimited.mjLIMITED_TRUE,
        ctrlrange=joint.ctrl_range,
    )
    motor.set_to_motor()
