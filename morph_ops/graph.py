"""The genome: a robot body as a kinematic tree.

A body is an :class:`networkx.DiGraph` whose edges run from parent to child. Every node
is named like the MuJoCo body it becomes and carries one frozen record under the key
``"node"``: a :class:`Torso` at the root, a :class:`Limb` everywhere else. The graph
attribute ``"excludes"`` holds the pairs of bodies that must not collide.

Records store physical values, not grid indices, so that an imported robot survives
number for number. Lengths are meters, angles degrees, densities kg/m^3, masses kg,
gears N m per unit of control; every vector is in the frame of the node's own body but
for ``pos`` and ``quat``, which are in the parent's frame.

Children keep the order in which they were added. Depth first in that order is MuJoCo's
body order, and the order of observations and actions.

Example:
    >>> graph = new_body(Torso(pos=(0.0, 0.0, 0.55), radius=0.1, density=800.0))
    >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, density=900.0)
    >>> graph = add_limb(graph, "torso/0", "limb/0", leg)
    >>> node_names(graph)
    ['torso/0', 'limb/0']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import networkx as nx

from morph_ops.errors import BodyError

Vec3: TypeAlias = tuple[float, float, float]
Quat: TypeAlias = tuple[float, float, float, float]
Slot: TypeAlias = Literal["x", "y"]
Pair: TypeAlias = tuple[str, str]

SLOTS: tuple[Slot, Slot] = ("x", "y")
IDENTITY: Quat = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A hinge and the motor that drives it.

    Attributes:
        name: name of the MuJoCo joint and of its motor.
        slot: which of a limb's two joint slots it fills, "x" or "y".
        pos: anchor (m).
        axis: direction of the axis; MuJoCo normalizes it.
        range_deg: lower and upper limit (deg).
        gear: torque at full control (N m).
        ctrl_range: lower and upper limit of the control (dimensionless).
        stiffness: spring towards the rest pose (N m/rad).
        damping: (N m s/rad).
        armature: rotor inertia (kg m^2).
        solref_limit: MuJoCo's constraint reference of the limit (time constant in s, ratio).
        solimp_limit: MuJoCo's constraint impedance of the limit.
    """

    name: str
    slot: Slot
    pos: Vec3
    axis: Vec3
    range_deg: tuple[float, float]
    gear: float
    ctrl_range: tuple[float, float] = (-1.0, 1.0)
    stiffness: float = 1.0
    damping: float = 1.0
    armature: float = 1.0
    solref_limit: tuple[float, float] = (0.02, 1.0)
    solimp_limit: tuple[float, float, float, float, float] = (0.0, 0.99, 0.01, 0.5, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """The root: a sphere on a free joint.

    Attributes:
        pos: rest position in the world (m); the floor is at z = 0.
        quat: rest orientation (w, x, y, z).
        radius: of the sphere (m).
        density: (kg/m^3), or None where ``mass`` is given.
        mass: (kg), or None where ``density`` is given.
        friction: sliding, torsional (m), rolling (m).
        condim: dimension of the contact cone.
    """

    pos: Vec3
    radius: float
    density: float | None = None
    mass: float | None = None
    quat: Quat = IDENTITY
    friction: Vec3 = (0.7, 0.1, 0.1)
    condim: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """A capsule with one or two hinges to its parent.

    Attributes:
        pos: origin of the limb's frame in the parent's frame (m).
        quat: orientation in the parent's frame (w, x, y, z).
        start: where the capsule's axis begins (m).
        end: where the capsule's axis ends (m).
        radius: of the capsule (m).
        density: (kg/m^3), or None where ``mass`` is given.
        mass: (kg), or None where ``density`` is given.
        joints: at most one joint a slot, x before y.
        friction: sliding, torsional (m), rolling (m).
        condim: dimension of the contact cone.
    """

    pos: Vec3
    end: Vec3
    radius: float
    density: float | None = None
    mass: float | None = None
    joints: tuple[Joint, ...] = ()
    start: Vec3 = (0.0, 0.0, 0.0)
    quat: Quat = IDENTITY
    friction: Vec3 = (0.7, 0.1, 0.1)
    condim: int = 3


Node: TypeAlias = Torso | Limb


def new_body(torso: Torso, *, name: str = "torso/0") -> nx.DiGraph[str]:
    """A body of a torso alone."""
    graph = nx.DiGraph(excludes=())
    graph.add_node(name, node=torso)
    return graph


def add_limb(graph: nx.DiGraph[str], parent: str, name: str, limb: Limb) -> nx.DiGraph[str]:
    """A copy of ``graph`` with ``limb`` as the last child of ``parent``.

    Raises:
        BodyError: ``parent`` is no body of the graph.
        BodyError: the graph has a body ``name`` already.
    """
    if parent not in graph:
        raise BodyError(f"no body {parent!r} to attach {name!r} to; bodies: {', '.join(graph)}")
    if name in graph:
        raise BodyError(f"a body {name!r} exists already")
    child = graph.copy()
    child.add_node(name, node=limb)
    child.add_edge(parent, name)
    return child


def with_nodes(graph: nx.DiGraph[str], parts: Iterable[tuple[str, Node]]) -> nx.DiGraph[str]:
    """A copy of ``graph`` in which the named bodies carry other records."""
    copy = graph.copy()
    for name, record in parts:
        copy.nodes[name]["node"] = record
    return copy


def with_excludes(graph: nx.DiGraph[str], pairs: Iterable[Pair]) -> nx.DiGraph[str]:
    """A copy of ``graph`` whose contact excludes are ``pairs``, sorted and unique."""
    copy = graph.copy()
    copy.graph["excludes"] = tuple(sorted({(min(pair), max(pair)) for pair in pairs}))
    return copy


def excludes(graph: nx.DiGraph[str]) -> tuple[Pair, ...]:
    """Pairs of bodies that must not collide, each pair and the whole sorted by name."""
    return graph.graph.get("excludes", ())


def root(graph: nx.DiGraph[str]) -> str:
    """Name of the torso.

    Raises:
        BodyError: the graph has no root or more than one.
    """
    roots = [name for name, degree in graph.in_degree() if degree == 0]
    if len(roots) != 1:
        raise BodyError(
            f"a body has one root, this graph has {len(roots)}: {', '.join(map(str, roots))}"
        )
    return roots[0]


def parent(graph: nx.DiGraph[str], name: str) -> str | None:
    """Name of the body that ``name`` hangs on; None for the torso."""
    return next(iter(graph.pred[name]), None)


def children(graph: nx.DiGraph[str], name: str) -> list[str]:
    """Names of the limbs that hang on ``name``, in order."""
    return list(graph.succ[name])


def node_names(graph: nx.DiGraph[str]) -> list[str]:
    """Names of all bodies, depth first from the torso: MuJoCo's order."""
    return list(nx.dfs_preorder_nodes(graph, root(graph)))


def limbs(graph: nx.DiGraph[str]) -> list[str]:
    """Names of all bodies but the torso, depth first."""
    return node_names(graph)[1:]


def node(graph: nx.DiGraph[str], name: str) -> Node:
    """The record of the body ``name``."""
    return graph.nodes[name]["node"]


def torso(graph: nx.DiGraph[str]) -> Torso:
    """The torso's record."""
    return graph.nodes[root(graph)]["node"]


def limb(graph: nx.DiGraph[str], name: str) -> Limb:
    """The record of the limb ``name``."""
    return graph.nodes[name]["node"]


def joints(graph: nx.DiGraph[str]) -> Iterator[tuple[str, Joint]]:
    """Every limb's name with each of its joints, in the order of the controls."""
    for name in limbs(graph):
        for joint in limb(graph, name).joints:
            yield name, joint
