"""The physics of a robot from elsewhere in a file of a stranger: it must fit the nodes.

Other modules look for the bodies, hinges and actuators of the physics by the names of nodes and
joints. So what the physics and the nodes say of each other is compared here, when a body is read.
MuJoCo checks the rest when it compiles the model.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._messages import listed, shown
from morph_ops.errors import BodyError
from morph_ops.graph import Limb, Physics
from morph_ops.io._xml import require_own_physics

__all__ = ["require_fitting_physics"]

_HINGES = ("hinge", "slide")
#: Attributes that MuJoCo reads as bits, and other modules as integers.
_BITS = ("contype", "conaffinity")
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_REMEDY = "read the robot's own file again instead"


def require_fitting_physics(graph: nx.DiGraph[str]) -> None:
    """Refuse a body whose own physics is not that of its nodes.

    Args:
        graph: A well-formed body. One without physics of its own passes.

    Raises:
        BodyError: The text of the physics is no MJCF, refers to a file, or asks for too much.
        BodyError: Its bodies, hinges or actuators are not those that the nodes stand for.
        BodyError: A grown limb has a name that the text uses for something else.
        BodyError: A scale is of no own node, or has a factor that is not above 0.

    Examples:
        >>> from morph_ops.graph import Physics, Torso, new_body, with_physics
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
        >>> own = Physics(mjcf="<mujoco/>", nodes=("leg",), drives=(), height=0.3)
        >>> require_fitting_physics(with_physics(body, own))
        Traceback (most recent call last):
        morph_ops.errors.BodyError: physics.nodes: expected names of nodes, each once, got 'leg'; \
read the robot's own file again instead
    """
    physics = body_graph.physics(graph)
    if physics is None:
        return
    document, own = require_own_physics(physics.mjcf), frozenset(physics.nodes)
    _require_no_namespaces(document)
    _require_nodes(graph, physics)
    world, actuators = _only(document, "worldbody"), _only(document, "actuator")
    bodies = _own_bodies(graph, own, document, world)
    _require_hinges(graph, bodies)
    _require_drives(graph, physics, len(actuators))
    _require_numbers(document, bodies[body_graph.root(graph)])
    _require_own_ends(document, own)
    _require_free_names(graph, own, document, world, actuators)


def _refusal(where: str, expected: str, got: str) -> BodyError:
    return BodyError(f"physics.{where}: expected {expected}, got {got}; {_REMEDY}")


def _require_no_namespaces(document: ElementTree.Element) -> None:
    """Refuse names that other readers of XML take for longer ones, or for none."""
    for element in document.iter():
        for name in (element.tag, *element.attrib):
            if ":" in name or name == "xmlns":
                raise _refusal("mjcf", "names without a namespace", shown(name))


def _require_nodes(graph: nx.DiGraph[str], physics: Physics) -> None:
    seen: set[str] = set()
    for name in physics.nodes:
        if name not in graph or name in seen:
            raise _refusal("nodes", "names of nodes, each once", shown(name))
        seen.add(name)
    for name, scale in physics.scales:
        if min(scale.size, scale.gear, scale.density) <= 0.0 or name not in seen:
            raise BodyError(
                f"physics.scales: expected own nodes and factors above 0 for {shown(name)}"
            )


def _only(document: ElementTree.Element, tag: str) -> ElementTree.Element:
    """The only element of a tag, which lies directly in <mujoco>."""
    count = sum(1 for _ in document.iter(tag))
    found = document.find(tag)
    if found is None or count != 1:
        raise _refusal("mjcf", f"one <{tag}> in <mujoco>", f"{count} in the whole text")
    return found


def _own_bodies(
    graph: nx.DiGraph[str],
    own: frozenset[str],
    document: ElementTree.Element,
    world: ElementTree.Element,
) -> dict[str, ElementTree.Element]:
    """The body of each own node, by its name."""
    bodies: dict[str, ElementTree.Element] = {}
    around = {body: each for each in document.iter() for body in each.findall("body")}
    for body in document.iter("body"):
        name = body.get("name", "")
        if name not in own or name in bodies:
            raise _refusal("mjcf", "a body for each of physics.nodes", f"one named {shown(name)}")
        above = body_graph.parent(graph, name)
        if around[body] is not (world if above is None else bodies.get(above)):
            place = "<worldbody>" if above is None else f"the body {shown(above)}"
            raise _refusal("mjcf", f"the body {shown(name)} in {place}", "it elsewhere")
        bodies[name] = body
    names = [name for name in body_graph.node_names(graph) if name in own]
    # A layout has the bodies of the nodes in a row.
    if list(bodies) != names or body_graph.root(graph) not in own:
        expected = f"the bodies {listed(names) or 'of nodes'} in this order"
        raise _refusal("mjcf", expected, listed(list(bodies)) or "none")
    return bodies


def _require_hinges(graph: nx.DiGraph[str], bodies: dict[str, ElementTree.Element]) -> None:
    for name, body in bodies.items():
        joints = {joint.get("name"): joint for joint in body.findall("joint")}
        node = body_graph.node(graph, name)
        if not isinstance(node, Limb):
            if not joints:
                raise _refusal("mjcf", f"a joint in the torso's body {shown(name)}", "none")
            continue
        for joint in node.joints:
            found = joints.get(joint.name)
            if found is None or found.get("type", "hinge") not in _HINGES:
                what = "none" if found is None else f"the type {shown(found.get('type'))}"
                raise _refusal(
                    "mjcf", f"the hinge {shown(joint.name)} in the body {shown(name)}", what
                )


def _require_drives(graph: nx.DiGraph[str], physics: Physics, n_actuators: int) -> None:
    own = frozenset(physics.nodes)
    hinges = {joint.name for name, joint in body_graph.joints(graph) if name in own}
    for name in physics.drives:
        if name not in hinges:
            raise _refusal("drives", "names of hinges of own nodes", shown(name))
    if len(physics.drives) != n_actuators:
        expected = f"a hinge for each of the {n_actuators} actuators of physics.mjcf"
        raise _refusal("drives", expected, f"{len(physics.drives)} names")


def _require_numbers(document: ElementTree.Element, torso: ElementTree.Element) -> None:
    """Refuse other words where the torso is moved, and where a floor gets the bits of geoms."""
    pos = torso.get("pos", "0 0 0")
    if not _are_numbers(pos) or len(pos.split()) != 3:
        raise _refusal("mjcf", "3 numbers as pos of the torso's body", shown(pos))
    for key in document.iter("key"):
        pose = key.get("qpos", "")
        if not _are_numbers(pose):
            raise _refusal("mjcf", "numbers as qpos of a <key>", shown(pose))
    for geom in document.iter("geom"):
        for name in _BITS:
            bits = geom.get(name, "1")
            if not _INTEGER.fullmatch(bits):
                raise _refusal("mjcf", f"an integer as {name} of a geom", shown(bits))


def _are_numbers(text: str) -> bool:
    try:
        list(map(float, text.split()))
    except ValueError:
        return False
    return True


def _require_own_ends(document: ElementTree.Element, own: frozenset[str]) -> None:
    """Refuse nodes that are joined to what is no own node: scaling moves both ends."""
    for tag in ("connect", "weld"):
        for joined in document.iter(tag):
            for key in ("body1", "body2"):
                name = joined.get(key)
                if name and name not in own:
                    raise _refusal("mjcf", f"an own node as {key} of <{tag}>", shown(name))


def _require_free_names(
    graph: nx.DiGraph[str],
    own: frozenset[str],
    document: ElementTree.Element,
    world: ElementTree.Element,
    actuators: ElementTree.Element,
) -> None:
    """Refuse names that a grown limb or a contact exclude would give a second time."""
    grown = {name for name in graph if name not in own}
    hinges = {joint.name for name, joint in body_graph.joints(graph) if name in grown}
    excludes = {f"{first}:{second}" for first, second in body_graph.excludes(graph)}
    for kind, elements, names in (
        ("geom", world.iter("geom"), grown),
        ("joint", world.iter("joint"), hinges),
        ("actuator", iter(actuators), hinges),
        ("exclude", document.iter("exclude"), excludes),
    ):
        taken = sorted(names.intersection(element.get("name", "") for element in elements))
        if taken:
            raise _refusal("mjcf", f"no {kind} with a name of the body's own", shown(taken[0]))
