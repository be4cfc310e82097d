"""Writing: from a body to MJCF text with every digit.

MuJoCo's own writer keeps six digits. This one prints each number so that reading it yields
the same float. Values that equal the defaults of :mod:`morph_ops.graph` are written once, in a
default class.
"""

from __future__ import annotations

import math
import os
import xml.etree.ElementTree as ElementTree
from dataclasses import fields
from typing import Any, cast

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._text_file import write_text
from morph_ops.graph import Joint, Limb, Node, Physics, Torso, Vec3
from morph_ops.io.mjcf.build import PHYSICS_STEP_S
from morph_ops.io.mjcf.controls import spans_controls
from morph_ops.io.mjcf.source import CONTROLS_TEXT, SLOT_TEXT, slot_of_name
from morph_ops.validity.wellformed import ROOT_JOINT, require_well_formed

__all__ = ["to_xml", "write"]

_CLASS = "body"
_SURFACE = ("friction", "condim")
_HINGE = {
    "stiffness": "stiffness",
    "damping": "damping",
    "armature": "armature",
    "solref_limit": "solreflimit",
    "solimp_limit": "solimplimit",
}


def write(graph: nx.DiGraph[str], path: str | os.PathLike[str], *, scene: bool = False) -> None:
    """Write a body as an MJCF file, atomically.

    Args:
        graph: A body.
        path: Path of the file; an existing file is replaced.
        scene: Whether to add a floor, light, sky, and camera (see :func:`to_xml`).

    Raises:
        BodyError: The graph is no body.
        BodyError: The file cannot be written.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from morph_ops.graph import new_body
        >>> from morph_ops.io import mjcf
        >>> file = Path(tempfile.mkdtemp()) / "ball.xml"
        >>> mjcf.write(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(mjcf.read(file))
        ['torso/0']
    """
    write_text(path, to_xml(graph, scene=scene))


def to_xml(graph: nx.DiGraph[str], *, scene: bool = False) -> str:
    """A body as MJCF text, which :func:`morph_ops.io.mjcf.from_xml` turns into the same body.

    Args:
        graph: A body.
        scene: Whether to add a scene for MuJoCo's viewer: a floor at z = 0 with the friction
            of UNIMAL geoms, a light, a sky, a camera that follows the body, and colors. Reading
            drops them again.

    Returns:
        The document, with angles in degrees.

    Raises:
        BodyError: The graph is no body.

    Examples:
        >>> from morph_ops.graph import new_body
        >>> text = to_xml(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> '<geom name="torso/0" type="sphere" size="0.1" mass="1.0" />' in text
        True
    """
    require_well_formed(graph)
    physics = body_graph.physics(graph)
    if physics is not None:
        return _shown_text(_own_document(graph, physics, scene))
    document = ElementTree.Element("mujoco", model="body")
    _add(document, "compiler", angle="degree", autolimits="true")
    _add(document, "option", timestep=PHYSICS_STEP_S)
    if scene:
        _add_scene_settings(document)
    _add_limb_class(_add(document, "default"), scene)
    world = _add(document, "worldbody")
    if scene:
        _add_world(world)
    hosts: dict[str | None, ElementTree.Element] = {None: world}
    for name in body_graph.node_names(graph):
        host = hosts[body_graph.parent(graph, name)]
        hosts[name] = _add_body(host, name, body_graph.node(graph, name), scene)
    actuators = _add(document, "actuator")
    for _, joint in body_graph.joints(graph):
        _add_motor(actuators, joint)
    _add_excludes(document, graph)
    _add_slots(document, graph)
    return _shown_text(document)


def _shown_text(document: ElementTree.Element) -> str:
    ElementTree.indent(document)
    return ElementTree.tostring(document, encoding="unicode") + "\n"


def _own_document(graph: nx.DiGraph[str], physics: Physics, scene: bool) -> ElementTree.Element:
    """The physics that a robot from elsewhere brings along, with the limbs grown on it."""
    document = ElementTree.fromstring(physics.mjcf)
    [world] = document.iter("worldbody")
    [torso] = world.findall("body")
    _place(document, torso, body_graph.torso(graph).pos)
    if scene:
        _add_scene_settings(document)
        floor = _add_world(world)
        _add_followers(torso)
        for geom in torso.iter("geom"):
            geom.set("material", "limb")
            # Whatever bits a geom has, it touches the floor.
            for key, other in (("contype", "conaffinity"), ("conaffinity", "contype")):
                floor.set(key, str(int(floor.get(key, "1")) | int(geom.get(other, "1"))))
    _add_grown_limbs(document, graph, physics, scene)
    _add_excludes(document, graph)
    return document


def _place(document: ElementTree.Element, torso: ElementTree.Element, pos: Vec3) -> None:
    """Put the torso where the body has it, and the start pose of a free robot along with it."""
    before = [float(word) for word in torso.get("pos", "0 0 0").split()]
    torso.set("pos", _text(pos))
    for key in document.iter("key") if torso.find("joint[@type='free']") is not None else ():
        pose = [float(word) for word in key.get("qpos", "").split()]
        pose[:3] = [old + (now - was) for old, now, was in zip(pose, pos, before, strict=False)]
        key.set("qpos", " ".join(map(repr, pose)))


def _add_grown_limbs(
    document: ElementTree.Element, graph: nx.DiGraph[str], physics: Physics, scene: bool
) -> None:
    grown = [name for name in body_graph.node_names(graph) if name not in physics.nodes]
    if not grown:
        return
    for compiler in document.iter("compiler"):
        compiler.set("inertiafromgeom", "auto")
        compiler.set("autolimits", "true")
    _add_limb_class(_add(document, "default"), scene)
    hosts = {body.get("name"): body for body in document.iter("body")}
    [actuators] = document.iter("actuator")
    for name in grown:
        record = body_graph.limb(graph, name)
        # The angles of the robot's own text are in radians.
        low_high = [tuple(map(math.radians, joint.range_deg)) for joint in record.joints]
        body = _add_body(hosts[body_graph.parent(graph, name)], name, record, scene)
        body.set("childclass", _CLASS)
        hosts[name] = body
        for element, limits in zip(body.findall("joint"), low_high, strict=True):
            element.set("range", _text(limits))
        for joint in record.joints:
            _add_motor(actuators, joint)


def _add_excludes(document: ElementTree.Element, graph: nx.DiGraph[str]) -> None:
    if body_graph.excludes(graph):
        contact = _add(document, "contact")
        for first, second in body_graph.excludes(graph):
            _add(contact, "exclude", name=f"{first}:{second}", body1=first, body2=second)


def _add_motor(actuators: ElementTree.Element, joint: Joint) -> None:
    motor = _add(actuators, "motor", **{"class": _CLASS}, name=joint.name, joint=joint.name)
    motor.set("gear", _text(joint.gear))
    if joint.ctrl_range != _default(Joint, "ctrl_range"):
        motor.set("ctrlrange", _text(joint.ctrl_range))


def _add_limb_class(defaults: ElementTree.Element, scene: bool) -> None:
    """Add the default class of limbs to an element <default>."""
    default = _add(defaults, "default", **{"class": _CLASS})
    geom = _add(default, "geom", type="capsule")
    for name in _SURFACE:
        geom.set(name, _text(_default(Limb, name)))
    if scene:
        geom.set("material", "limb")
    joint = _add(default, "joint", type="hinge")
    for name, attribute in _HINGE.items():
        joint.set(attribute, _text(_default(Joint, name)))
    _add(default, "motor", ctrlrange=_default(Joint, "ctrl_range"))


def _add_body(host: ElementTree.Element, name: str, node: Node, scene: bool) -> ElementTree.Element:
    body = _add(host, "body", name=name, pos=node.pos)
    if node.quat != body_graph.IDENTITY:
        body.set("quat", _text(node.quat))
    if isinstance(node, Torso):
        body.set("childclass", _CLASS)
        _add(body, "freejoint", name=ROOT_JOINT)
        if scene:
            _add_followers(body)
        geom = _add(body, "geom", name=name, type="sphere", size=node.radius)
    else:
        for joint in node.joints:
            _add_hinge(body, joint)
        ends = (*node.start, *node.end)
        geom = _add(body, "geom", name=name, fromto=ends, size=node.radius)
    weight = "mass" if node.density is None else "density"
    geom.set(weight, _text(getattr(node, weight)))
    _set_nondefault(geom, node, {attribute: attribute for attribute in _SURFACE})
    return body


def _add_hinge(body: ElementTree.Element, joint: Joint) -> None:
    hinge = _add(body, "joint", name=joint.name)
    for key, value in (("pos", joint.pos), ("axis", joint.axis), ("range", joint.range_deg)):
        hinge.set(key, _text(value))
    _set_nondefault(hinge, joint, _HINGE)


def _add_slots(document: ElementTree.Element, graph: nx.DiGraph[str]) -> None:
    """Write the slots that reading cannot infer from the name or the order of a hinge."""
    custom = ElementTree.Element("custom")
    for _, joint in body_graph.joints(graph):
        if slot_of_name(joint.name) != joint.slot:
            _add(custom, "text", name=f"{SLOT_TEXT}{joint.name}", data=joint.slot)
    if not spans_controls(graph):
        _add(custom, "text", name=CONTROLS_TEXT, data="kept")
    if len(custom):
        document.append(custom)


def _add_scene_settings(document: ElementTree.Element) -> None:
    visual = _add(document, "visual")
    _add(visual, "headlight", ambient=(0.4, 0.4, 0.4), diffuse=(0.5, 0.5, 0.5))
    _add(visual, "quality", shadowsize="4096")
    _add(visual, "map", znear=0.02)
    _add(document, "statistic", extent=2.0, center=(0.0, 0.0, 0.5))
    asset = _add(document, "asset")
    _add(asset, "texture", name="sky", type="skybox", builtin="gradient", width="256",
         height="1536", rgb1=(0.5, 0.7, 0.9), rgb2=(0.95, 0.97, 1.0))  # fmt: skip
    _add(asset, "texture", name="floor", type="2d", builtin="checker", width="256", height="256",
         rgb1=(0.32, 0.36, 0.4), rgb2=(0.38, 0.42, 0.46))  # fmt: skip
    _add(asset, "material", name="floor", texture="floor", texrepeat=(1.0, 1.0),
         texuniform="true", reflectance=0.05)  # fmt: skip
    _add(asset, "material", name="limb", rgba=(0.85, 0.55, 0.3, 1.0))


def _add_world(world: ElementTree.Element) -> ElementTree.Element:
    floor = _add(world, "geom", name="floor", type="plane", size=(0.0, 0.0, 0.25), material="floor")
    for name in _SURFACE:
        floor.set(name, _text(_default(Limb, name)))
    return floor


def _add_followers(torso: ElementTree.Element) -> None:
    """Add a camera and a light that follow the body: shadows fray far from a fixed light."""
    _add(torso, "camera", name="track", mode="trackcom", pos=(0.4, -3.2, 0.9),
         xyaxes=(1.0, 0.1, 0.0, -0.03, 0.3, 1.0))  # fmt: skip
    _add(torso, "light", name="sun", mode="trackcom", directional="true", pos=(0.0, 0.0, 4.0),
         dir=(0.0, 0.0, -1.0), diffuse=(0.6, 0.6, 0.6))  # fmt: skip


def _set_nondefault(element: ElementTree.Element, record: Any, attributes: dict[str, str]) -> None:
    """Set the attributes whose values differ from those of the default class."""
    for name, attribute in attributes.items():
        value = getattr(record, name)
        if value != _default(cast("type[Any]", type(record)), name):
            element.set(attribute, _text(value))


def _default(record: type, name: str) -> Any:
    return next(field.default for field in fields(record) if field.name == name)


def _add(host: ElementTree.Element, tag: str, **attributes: Any) -> ElementTree.Element:
    shown = {key: _text(value) for key, value in attributes.items()}
    return ElementTree.SubElement(host, tag, shown)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return " ".join(map(_text, cast("tuple[Any, ...]", value)))
    # The repr of numpy's scalars contains their type; that of a float has the exact digits.
    return repr(value.item() if hasattr(value, "item") else value)
