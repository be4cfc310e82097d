"""Writing: from a body to URDF text and the meshes that it names."""

from __future__ import annotations

import math
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mujoco
import networkx as nx
import numpy as np

from morph_ops import graph as body_graph
from morph_ops._text_file import require_writable, write_text
from morph_ops.errors import BodyError
from morph_ops.geometry import canonical_frames
from morph_ops.io.mjcf import to_model
from morph_ops.io.urdf.links import WORLD, JointAbove, Link, links_of
from morph_ops.io.urdf.shapes import Shape, numbers, origin, shapes_of, stl_bytes

__all__ = ["UrdfDocument", "to_urdf", "write"]

_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)
# URDF wants a highest speed of every joint, and limits of every sliding one.
_NO_SPEED_LIMIT = 1000.0
_NO_SLIDE_LIMIT_M = 1000.0
_MATERIAL = "limb"
_COLOR = (0.85, 0.55, 0.3, 1.0)

_ABOUT = (
    "Lengths in m, masses in kg, angles in rad, torques in N m. The zero pose is the rest pose.",
    "URDF cannot carry these: armature, stiffness and the reference angle of its spring, solver "
    "settings of limits and contacts, friction of surfaces, pairs that must not collide, and "
    "motors. Comments have the values.",
    "effort is the torque of the motor at full control, velocity its speed without load "
    f"(effort / damping), {_NO_SPEED_LIMIT:g} rad/s without damping. A link NODE:JOINT carries the "
    "first axis of a node with several joints; it has a hundred-millionth of the node's inertia.",
)


@dataclass(frozen=True, kw_only=True)
class UrdfDocument:
    """A robot as URDF.

    Attributes:
        text: Content of the file.
        meshes: Content of the mesh files, binary STL in meters, by their path beside the file.

    Examples:
        >>> UrdfDocument(text="<robot/>").meshes
        {}
    """

    text: str
    meshes: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def write(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as a URDF file.

    The meshes of a robot from elsewhere, if it has any, go into the folder ``NAME_meshes`` beside
    the file. The file itself is written last and atomically.

    Args:
        graph: A body.
        path: Path of the file; existing files are replaced.

    Raises:
        BodyError: The graph is no body, or URDF has no word for a joint, constraint or geom.
        BodyError: A file cannot be written.

    Examples:
        >>> import tempfile
        >>> from morph_ops.graph import Torso, new_body
        >>> file = Path(tempfile.mkdtemp()) / "ball.urdf"
        >>> write(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> '<mass value="1.0" />' in file.read_text()
        True
    """
    target = Path(path)
    require_writable(target)
    document = to_urdf(graph, name=target.stem)
    try:
        for name, content in document.meshes.items():
            mesh = target.parent / name
            mesh.parent.mkdir(exist_ok=True)
            mesh.write_bytes(content)
    except OSError as problem:
        raise BodyError(f"{path}: a mesh cannot be written ({problem.strerror})") from None
    write_text(target, document.text)


def to_urdf(graph: nx.DiGraph[str], *, name: str = "robot") -> UrdfDocument:
    """A body as URDF.

    Args:
        graph: A body. A robot from elsewhere has its true inertials, joints and geoms.
        name: Name of the robot.

    Raises:
        BodyError: The graph is no body.
        BodyError: URDF has no word for a joint, constraint or geom of the robot.

    Examples:
        >>> from morph_ops.graph import Joint, Limb, Torso, add_limb, new_body
        >>> hip = Joint(name="hip", slot="x", pos=(0, 0, 0), axis=(1, 0, 0), range_deg=(-30, 30),
        ...             gear=150.0)
        >>> leg = Limb(pos=(0, 0, -0.1), end=(0, 0, -0.25), radius=0.05, mass=1.0, joints=(hip,))
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.55), radius=0.1, density=800.0))
        >>> text = to_urdf(add_limb(body, "torso/0", "leg", leg)).text
        >>> '<joint name="hip" type="revolute">' in text
        True
    """
    # URDF says nothing of how the first link stands in the world, so its axes are the world's.
    graph = canonical_frames(graph)
    model = to_model(graph)
    robot = ElementTree.Element("robot", name=name)
    for line in (*_ABOUT, *_about_robot(graph, model)):
        _comment(robot, line)
    settings = ElementTree.SubElement(robot, "mujoco")
    # MuJoCo's usual settings weld the first link into the world, and look for meshes elsewhere.
    ElementTree.SubElement(settings, "compiler", fusestatic="false", strippath="false")
    material = ElementTree.SubElement(robot, "material", name=_MATERIAL)
    ElementTree.SubElement(material, "color", rgba=numbers(_COLOR))
    links = links_of(model)
    if any(link.joint is not None and link.joint.parent == WORLD for link in links):
        ElementTree.SubElement(robot, "link", name=WORLD)
    meshes: dict[str, bytes] = {}
    efforts = _efforts(graph)
    for link in links:
        _add_link(robot, link, model, f"{name}_meshes", meshes)
        if link.joint is not None:
            _add_joint(robot, link, link.joint, model, efforts)
    ElementTree.indent(robot)
    text = ElementTree.tostring(robot, encoding="unicode")
    return UrdfDocument(text=f'<?xml version="1.0"?>\n{text}\n', meshes=meshes)


def _about_robot(graph: nx.DiGraph[str], model: mujoco.MjModel) -> list[str]:
    pos = numbers(body_graph.torso(graph).pos)
    lines = [f"In the rest pose the first node is at {pos} m, where z is above the ground."]
    excludes = body_graph.excludes(graph)
    if excludes:
        pairs = ", ".join(f"{first} and {second}" for first, second in excludes)
        lines.append(f"Pairs that must not collide, besides parent and child: {pairs}.")
    if model.ntendon:
        lines.append(f"Left out: {model.ntendon} tendons.")
    return lines


def _efforts(graph: nx.DiGraph[str]) -> dict[str, float]:
    """Torque at full control by joint (N m); joints without a motor are not there."""
    return {
        joint.name: abs(joint.gear) * max(map(abs, joint.ctrl_range))
        for _, joint in body_graph.joints(graph)
    }


def _add_link(
    robot: ElementTree.Element,
    link: Link,
    model: mujoco.MjModel,
    folder: str,
    meshes: dict[str, bytes],
) -> None:
    element = ElementTree.SubElement(robot, "link", name=link.name)
    inertial, tensor = ElementTree.SubElement(element, "inertial"), link.inertial.tensor
    origin(inertial, link.inertial.center, np.eye(3))
    ElementTree.SubElement(inertial, "mass", value=numbers(link.inertial.mass))
    places = {"ixx": (0, 0), "ixy": (0, 1), "ixz": (0, 2), "iyy": (1, 1), "iyz": (1, 2),
              "izz": (2, 2)}  # fmt: skip
    entries = {key: numbers(tensor[place]) for key, place in places.items()}
    ElementTree.SubElement(inertial, "inertia", entries)
    if link.is_carrier:
        return
    first = int(model.body_geomadr[link.body])
    for geom in range(first, first + int(model.body_geomnum[link.body])):
        _comment(element, f"friction {numbers(model.geom_friction[geom])}")
        collides = bool(model.geom_contype[geom] or model.geom_conaffinity[geom])
        for shape in shapes_of(model, geom, link.offset):
            if shape.triangles is not None:
                filename = f"{folder}/{shape.attributes['filename']}"
                shape.attributes["filename"] = filename
                meshes[filename] = stl_bytes(shape.triangles)
            _add_shape(ElementTree.SubElement(element, "visual"), shape, colored=True)
            if collides:
                _add_shape(ElementTree.SubElement(element, "collision"), shape, colored=False)


def _add_shape(host: ElementTree.Element, shape: Shape, *, colored: bool) -> None:
    origin(host, shape.pos, shape.rot)
    geometry = ElementTree.SubElement(host, "geometry")
    ElementTree.SubElement(geometry, shape.tag, shape.attributes)
    if colored:
        ElementTree.SubElement(host, "material", name=_MATERIAL)


def _add_joint(
    robot: ElementTree.Element,
    link: Link,
    joint: JointAbove,
    model: mujoco.MjModel,
    efforts: Mapping[str, float],
) -> None:
    number = joint.number
    name = model.joint(number).name if number >= 0 else f"{link.name}:weld"
    limited, slides = number >= 0 and bool(model.jnt_limited[number]), False
    kind = "fixed"
    if number >= 0:
        slides = int(model.jnt_type[number]) == _SLIDE
        kind = "prismatic" if slides else "revolute" if limited else "continuous"
    element = ElementTree.SubElement(robot, "joint", name=name, type=kind)
    ElementTree.SubElement(element, "parent", link=joint.parent)
    ElementTree.SubElement(element, "child", link=link.name)
    origin(element, joint.pos, joint.rot)
    if number < 0:
        return
    ElementTree.SubElement(element, "axis", xyz=numbers(model.jnt_axis[number]))
    dof, rest = int(model.jnt_dofadr[number]), float(model.qpos0[model.jnt_qposadr[number]])
    damping, effort = float(model.dof_damping[dof]), efforts.get(name, 0.0)
    speed = effort / damping if effort and damping else _NO_SPEED_LIMIT
    limits = {"effort": numbers(effort), "velocity": numbers(min(speed, _NO_SPEED_LIMIT))}
    if limited or slides:
        # An angle of URDF is zero in the rest pose, that of MuJoCo need not be.
        low, high = model.jnt_range[number] - rest if limited else (-math.inf, math.inf)
        limits["lower"] = numbers(max(float(low), -_NO_SLIDE_LIMIT_M))
        limits["upper"] = numbers(min(float(high), _NO_SLIDE_LIMIT_M))
    ElementTree.SubElement(element, "limit", limits)
    friction = float(model.dof_frictionloss[dof])
    ElementTree.SubElement(
        element, "dynamics", damping=numbers(damping), friction=numbers(friction)
    )
    _comment(element, _left_out(model, number))


def _left_out(model: mujoco.MjModel, joint: int) -> str:
    """What URDF does not say about a joint."""
    dof, address = int(model.jnt_dofadr[joint]), int(model.jnt_qposadr[joint])
    rest = float(model.qpos0[address])
    parts = [
        f"armature {numbers(model.dof_armature[dof])}",
        f"stiffness {numbers(model.jnt_stiffness[joint])}",
        f"spring at {numbers(float(model.qpos_spring[address]) - rest)}",
    ]
    if rest:
        parts.append(f"0 is {numbers(rest)} of the model")
    return ", ".join(parts)


def _comment(host: ElementTree.Element, text: str) -> None:
    # A comment of XML has no double hyphen, and no hyphen at its end.
    host.append(ElementTree.Comment(f" {text.replace('--', '- -')} "))
