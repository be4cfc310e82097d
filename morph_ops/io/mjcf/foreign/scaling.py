"""Robots from elsewhere with other sizes, torques and densities of their own nodes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import replace

import mujoco
import networkx as nx
import numpy as np

from morph_ops import graph as body_graph
from morph_ops._messages import listed, one_line
from morph_ops.errors import BodyError
from morph_ops.graph import Limb, Physics, Torso
from morph_ops.io.mjcf.foreign.ground import touching_geoms
from morph_ops.io.mjcf.foreign.lowest import lowest_point
from morph_ops.io.mjcf.foreign.text import numbers
from morph_ops.io.mjcf.source import MUJOCO_ERRORS
from morph_ops.physics import Scale

__all__ = ["rescaled"]

_LENGTHS = ("pos", "size", "fromto")
_FORCES = ("gainprm", "biasprm", "forcerange")


def rescaled(graph: nx.DiGraph[str], scales: Mapping[str, Scale]) -> nx.DiGraph[str]:
    """A copy of a robot from elsewhere whose own nodes have other scales.

    A node of another size has all its lengths multiplied, and its mass and inertia as a solid of
    equal density has them; what hangs on it moves along. Torques are those of the motors of its
    hinges; position and velocity servos become as much stronger. Angles, friction, damping,
    armature and contacts stay. The torso gets the height at which the robot stands on the ground.

    Args:
        graph: A robot from elsewhere; it stays untouched.
        scales: New scales of some of its own nodes, against the robot's file.

    Raises:
        BodyError: The body is no robot from elsewhere, or a node is not its own.
        BodyError: MuJoCo cannot simulate the result.
    """
    own = body_graph.physics(graph)
    if own is None:
        raise BodyError("expected a robot from elsewhere, got a body that is what its nodes say")
    for name in scales:
        if name not in own.nodes:
            raise BodyError(f"no own node {name!r}: expected one of {listed(own.nodes)}")
    before = {name: own.scale(name) for name in own.nodes}
    after = {**before, **scales}
    factors = {name: after[name].over(before[name]) for name in own.nodes}
    kept = tuple((name, after[name]) for name in own.nodes if after[name] != Scale())
    physics = replace(own, mjcf=_scaled_text(own.mjcf, factors), scales=kept)
    height, rise = _start_height(physics, body_graph.root(graph))
    physics = replace(physics, height=height, rise=rise)
    records = [(name, _scaled_node(graph, name, factors)) for name in graph]
    return body_graph.with_physics(body_graph.with_nodes(graph, records), physics)


def _scaled_node(graph: nx.DiGraph[str], name: str, factors: Mapping[str, Scale]) -> Torso | Limb:
    """The record of a node, which moves with its parent."""
    record, own = body_graph.node(graph, name), factors.get(name, Scale())
    size, weight = own.size, own.size**3 * own.density
    record = replace(
        record,
        radius=record.radius * size,
        mass=None if record.mass is None else record.mass * weight,
        density=None if record.density is None else record.density * own.density,
    )
    if isinstance(record, Torso):
        return record
    above = factors.get(body_graph.parent(graph, name) or "", Scale()).size
    return replace(
        record,
        pos=_times(record.pos, above),
        end=_times(record.end, size),
        start=_times(record.start, size),
        joints=tuple(
            replace(joint, pos=_times(joint.pos, size), gear=joint.gear * own.gear)
            for joint in record.joints
        ),
    )


def _times(vector: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    x, y, z = vector
    return (x * factor, y * factor, z * factor)


def _scaled_text(text: str, factors: Mapping[str, Scale]) -> str:
    """The physics with the nodes multiplied by factors."""
    root = ElementTree.fromstring(text)
    meshes = {mesh.get("name"): mesh for mesh in root.iter("mesh") if mesh.get("vertex")}
    gears: dict[str | None, float] = {}
    for body in root.iter("body"):
        scale = factors.get(body.get("name", ""), Scale())
        for part in body:
            if part.tag == "body":
                _multiply(part, ("pos",), scale.size)
            elif part.tag == "inertial":
                _multiply(part, ("pos",), scale.size)
                _multiply(part, ("mass",), scale.size**3 * scale.density)
                _multiply(part, ("diaginertia", "fullinertia"), scale.size**5 * scale.density)
            elif part.tag == "joint":
                _multiply(part, ("pos",), scale.size)
                _multiply(part, ("actuatorfrcrange",), scale.gear)
                gears[part.get("name")] = scale.gear
            else:
                _multiply(part, _LENGTHS, scale.size)
                mesh = meshes.get(part.get("mesh"))
                if mesh is not None:
                    _multiply(mesh, ("vertex",), scale.size)
    for joined in (*root.iter("connect"), *root.iter("weld")):
        _scale_anchor(joined, factors)
    for actuator in root.iter("general"):
        joint = actuator.get("joint") or actuator.get("jointinparent")
        _multiply(actuator, _FORCES, gears.get(joint, 1.0))
    return ElementTree.tostring(root, encoding="unicode")


def _scale_anchor(joined: ElementTree.Element, factors: Mapping[str, Scale]) -> None:
    """Move the place at which two nodes are joined; sites move with their nodes."""
    bodies = [joined.get(key, "") for key in ("body1", "body2")]
    if not all(bodies):
        return
    first, second = (factors[name].size for name in bodies)
    _multiply(joined, ("anchor",), first if joined.tag == "connect" else second)
    if "relpose" in joined.attrib and first != 1.0:
        pose = np.array(joined.attrib["relpose"].split(), np.float64)
        pose[:3] *= first
        joined.set("relpose", numbers(pose))


def _multiply(element: ElementTree.Element, names: tuple[str, ...], factor: float) -> None:
    """Multiply the numbers of some attributes; a factor of 1 changes no digit."""
    if factor == 1.0:
        return
    for name in names:
        text = element.get(name)
        if text is not None:
            element.set(name, numbers(np.array(text.split(), np.float64) * factor))


def _start_height(physics: Physics, torso: str) -> tuple[float, float]:
    """The fields ``height`` and ``rise`` of a robot's physics (m)."""
    try:
        model = mujoco.MjModel.from_xml_string(physics.mjcf)
    except MUJOCO_ERRORS as error:
        raise BodyError(f"MuJoCo cannot simulate the scaled robot: {one_line(error)}") from None
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    zero = float(data.body(torso).xpos[2])
    if model.nkey:
        mujoco.mj_resetDataKeyframe(model, data, 0)
        mujoco.mj_kinematics(model, data)
    height = float(data.body(torso).xpos[2])
    lowest = lowest_point(model, data, touching_geoms(model))
    return height - (lowest or 0.0), height - zero
