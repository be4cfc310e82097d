"""From a body graph to MuJoCo: a bare model that a rollout can step at once."""

from __future__ import annotations

import mujoco
import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.graph import Joint, Limb, Node, Torso
from morph_ops.io.mjcf.source import MUJOCO_ERRORS, one_line
from morph_ops.validity.wellformed import ROOT_JOINT, require_well_formed

PHYSICS_STEP_S = 0.005


def to_spec(graph: nx.DiGraph[str]) -> mujoco.MjSpec:
    """An editable MuJoCo description of a body, to which a task adds its world.

    The body hangs on a free joint named ``"root"``. Bodies and geoms are named like the
    graph's nodes, hinges and motors like its joints. The physics step is 0.005 s, parent
    and child never collide, the graph's contact excludes hold, and nothing else is in it:
    no floor, texture, light, camera or sensor.

    Args:
        graph: a body.

    Returns:
        The description; angles in it are degrees.

    Raises:
        BodyError: the graph is no body (see :mod:`morph_ops.validity.wellformed`).
    """
    require_well_formed(graph)
    spec = mujoco.MjSpec()
    spec.modelname = "body"
    spec.compiler.degree = True
    spec.option.timestep = PHYSICS_STEP_S
    hosts: dict[str | None, mujoco.MjsBody] = {None: spec.worldbody}
    for name in body_graph.node_names(graph):
        record = body_graph.node(graph, name)
        host = hosts[body_graph.parent(graph, name)]
        body = hosts[name] = host.add_body(name=name, pos=record.pos, quat=record.quat)
        if isinstance(record, Torso):
            body.add_freejoint(name=ROOT_JOINT)
        else:
            for joint in record.joints:
                _add_hinge(body, joint)
        _add_geom(body, name, record)
    for _, joint in body_graph.joints(graph):
        _add_motor(spec, joint)
    for first, second in body_graph.excludes(graph):
        spec.add_exclude(name=f"{first}:{second}", bodyname1=first, bodyname2=second)
    return spec


def to_model(graph: nx.DiGraph[str]) -> mujoco.MjModel:
    """The compiled bare body: :func:`to_spec`, ready to simulate.

    Args:
        graph: a body.

    Returns:
        A model with ``nbody = bodies + 1``, ``nq = 7 + joints`` and ``nu = joints``.

    Raises:
        BodyError: as :func:`to_spec`.
        BodyError: MuJoCo cannot compile the body.
    """
    return compile_spec(to_spec(graph))


def compile_spec(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """A description as a model: a body alone, or with a world around it.

    Raises:
        BodyError: MuJoCo cannot compile it.
    """
    try:
        return spec.compile()
    except MUJOCO_ERRORS as error:
        raise BodyError(f"MuJoCo cannot compile the body: {one_line(error)}") from None


def _add_hinge(body: mujoco.MjsBody, joint: Joint) -> None:
    body.add_joint(
        name=joint.name,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        pos=joint.pos,
        axis=joint.axis,
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        range=joint.range_deg,
        stiffness=(joint.stiffness, 0.0, 0.0),
        damping=(joint.damping, 0.0, 0.0),
        armature=joint.armature,
        solref_limit=joint.solref_limit,
        solimp_limit=joint.solimp_limit,
    )


def _add_geom(body: mujoco.MjsBody, name: str, record: Node) -> None:
    geom = body.add_geom(name=name, friction=record.friction, condim=record.condim)
    geom.size = (record.radius, 0.0, 0.0)
    if isinstance(record, Limb):
        geom.type = mujoco.mjtGeom.mjGEOM_CAPSULE
        geom.fromto = (*record.start, *record.end)
    else:
        geom.type = mujoco.mjtGeom.mjGEOM_SPHERE
    if record.mass is None:
        geom.density = record.density
    else:
        geom.mass = record.mass


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
