"""The genome: a robot body as a kinematic tree.

A *body* is a :class:`networkx.DiGraph` whose edges run from parent to child. Each *node* has
the name of the MuJoCo body that it becomes, and carries one frozen record under the key
``"node"``: a :class:`Torso` at the root, a :class:`Limb` everywhere else. The graph attribute
``"excludes"`` holds the pairs of nodes that must not collide (the *contact excludes*). A robot
from elsewhere has its true :class:`Physics` beside its nodes, under ``"physics"``.

Records store physical values, not grid indices, so that an imported robot keeps every digit.
Numpy numbers, arrays and lists that they are made with become plain numbers and tuples.
Lengths are in meters, angles in degrees, densities in kg/m^3, masses in kg, and gears in N m
per unit of control. ``pos`` and ``quat`` of a node are in its parent's frame; every other
vector is in the node's own frame.

Children keep the order in which they were added. Depth first in that order is MuJoCo's body
order, and the order of observations and actions.

Examples:
    >>> body = new_body(Torso(pos=(0.0, 0.0, 0.55), radius=0.1, density=800.0))
    >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, density=900.0)
    >>> body = add_limb(body, "torso/0", "limb/0", leg)
    >>> node_names(body)
    ['torso/0', 'limb/0']
    >>> limb(body, "limb/0").radius
    0.05
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import networkx as nx

from morph_ops._messages import listed
from morph_ops._plain import make_plain
from morph_ops.errors import BodyError
from morph_ops.physics import (
    Physics,
    changed_copy,
    import_notes,
    own_nodes,
    physics,
    with_import_notes,
    with_physics,
)

__all__ = [
    "IDENTITY",
    "SLOTS",
    "Joint",
    "Limb",
    "Node",
    "Pair",
    "Physics",
    "Quat",
    "Slot",
    "Torso",
    "Vec3",
    "add_limb",
    "children",
    "excludes",
    "grown_limbs",
    "import_notes",
    "joints",
    "limb",
    "limbs",
    "new_body",
    "node",
    "node_names",
    "own_nodes",
    "parent",
    "physics",
    "root",
    "start_height",
    "subtree",
    "torso",
    "with_excludes",
    "with_import_notes",
    "with_nodes",
    "with_physics",
]

Vec3: TypeAlias = tuple[float, float, float]
Quat: TypeAlias = tuple[float, float, float, float]
Slot: TypeAlias = Literal["x", "y"]
Pair: TypeAlias = tuple[str, str]

SLOTS: tuple[Slot, Slot] = ("x", "y")
"""The joint slots of a limb, in the order of its hinges."""

IDENTITY: Quat = (1.0, 0.0, 0.0, 0.0)
"""The quaternion (w, x, y, z) of no rotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A hinge and the motor that drives it.

    Attributes:
        name: Name of the MuJoCo joint and of its motor.
        slot: Joint slot of the limb that the hinge fills, "x" or "y".
        pos: Anchor of the hinge (m).
        axis: Direction of the axis; MuJoCo normalizes it.
        range_deg: Lower and upper limit of the angle (deg).
        gear: Torque at full control (N m).
        ctrl_range: Lower and upper limit of the control (dimensionless).
        stiffness: Stiffness of the spring towards the rest pose (N m/rad).
        damping: Damping of the hinge (N m s/rad).
        armature: Inertia of the rotor (kg m^2).
        solref_limit: MuJoCo's constraint reference of the limit (time constant in s, ratio).
        solimp_limit: MuJoCo's constraint impedance of the limit.

    Examples:
        >>> knee = Joint(name="limby/0", slot="y", pos=(0.0, 0.0, 0.05), axis=(0.0, 1.0, 0.0),
        ...              range_deg=(-30.0, 30.0), gear=150.0)
        >>> knee.ctrl_range
        (-1.0, 1.0)
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

    def __post_init__(self) -> None:
        make_plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """The root of a body: a sphere on a free joint.

    Attributes:
        pos: Rest position in the world (m); the floor is at z = 0.
        quat: Rest orientation in the world (w, x, y, z).
        radius: Radius of the sphere (m).
        density: Density (kg/m^3), or None if ``mass`` is given.
        mass: Mass (kg), or None if ``density`` is given.
        friction: Coefficients of sliding, torsional (m), and rolling (m) friction.
        condim: Dimension of MuJoCo's contact cone.

    Examples:
        >>> Torso(pos=(0.0, 0.0, 0.55), radius=0.1, density=800.0).quat
        (1.0, 0.0, 0.0, 0.0)
    """

    pos: Vec3
    radius: float
    density: float | None = None
    mass: float | None = None
    quat: Quat = IDENTITY
    friction: Vec3 = (0.7, 0.1, 0.1)
    condim: int = 3

    def __post_init__(self) -> None:
        make_plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """A capsule with one or two hinges to its parent.

    Attributes:
        pos: Origin of the limb's frame in the parent's frame (m).
        quat: Orientation in the parent's frame (w, x, y, z).
        start: Start of the capsule's axis (m).
        end: End of the capsule's axis (m).
        radius: Radius of the capsule (m).
        density: Density (kg/m^3), or None if ``mass`` is given.
        mass: Mass (kg), or None if ``density`` is given.
        joints: The hinges, at most one for each slot, x before y.
        friction: Coefficients of sliding, torsional (m), and rolling (m) friction.
        condim: Dimension of MuJoCo's contact cone.

    Examples:
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, mass=1.2)
        >>> leg.start, leg.joints
        ((0.0, 0.0, 0.0), ())
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

    def __post_init__(self) -> None:
        make_plain(self)


Node: TypeAlias = Torso | Limb


def new_body(torso: Torso, *, name: str = "torso/0") -> nx.DiGraph[str]:
    """A body that consists of a torso alone.

    Args:
        torso: The record of the torso.
        name: Name of the torso; the default is the one that UNIMAL robots have.

    Examples:
        >>> node_names(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0)))
        ['torso/0']
    """
    graph: nx.DiGraph[str] = nx.DiGraph(excludes=())
    graph.add_node(name, node=torso)
    return graph


def add_limb(graph: nx.DiGraph[str], parent: str, name: str, limb: Limb) -> nx.DiGraph[str]:
    """A copy of a body with one more limb.

    Args:
        graph: A body; it stays untouched.
        parent: Name of the node that the limb hangs on; the limb becomes its last child.
        name: Name of the limb.
        limb: The record of the limb.

    Raises:
        BodyError: The body has no node ``parent``.
        BodyError: The body has a node ``name`` already.

    Examples:
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.55), radius=0.1, density=800.0))
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, density=900.0)
        >>> limbs(add_limb(body, "torso/0", "limb/0", leg))
        ['limb/0']
        >>> add_limb(body, "limb/7", "limb/0", leg)
        Traceback (most recent call last):
        morph_ops.errors.BodyError: no node 'limb/7' to attach 'limb/0' to; nodes: torso/0
    """
    if parent not in graph:
        raise BodyError(f"no node {parent!r} to attach {name!r} to; nodes: {listed(list(graph))}")
    if name in graph:
        raise BodyError(f"a node {name!r} exists already")
    child = changed_copy(graph)
    child.add_node(name, node=limb)
    child.add_edge(parent, name)
    return child


def with_nodes(graph: nx.DiGraph[str], nodes: Iterable[tuple[str, Node]]) -> nx.DiGraph[str]:
    """A copy of a body in which the named nodes carry other records.

    Args:
        graph: A body; it stays untouched.
        nodes: Names of existing nodes with their new records.

    Examples:
        >>> from dataclasses import replace
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))
        >>> light = with_nodes(body, [("torso/0", replace(torso(body), density=500.0))])
        >>> torso(light).density, torso(body).density
        (500.0, 800.0)
    """
    copy = changed_copy(graph)
    for name, record in nodes:
        copy.nodes[name]["node"] = record
    return copy


def with_excludes(graph: nx.DiGraph[str], pairs: Iterable[Pair]) -> nx.DiGraph[str]:
    """A copy of a body whose contact excludes are the given pairs, sorted and unique.

    Args:
        graph: A body; it stays untouched.
        pairs: Pairs of node names, in any order.

    Examples:
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))
        >>> excludes(with_excludes(body, [("limb/1", "limb/0"), ("limb/0", "limb/1")]))
        (('limb/0', 'limb/1'),)
    """
    copy = changed_copy(graph)
    copy.graph["excludes"] = tuple(sorted({(min(pair), max(pair)) for pair in pairs}))
    return copy


def excludes(graph: nx.DiGraph[str]) -> tuple[Pair, ...]:
    """The pairs of nodes that must not collide; each pair and all pairs are sorted by name.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> excludes(body)
        (('limb/1', 'limb/2'),)
    """
    return graph.graph.get("excludes", ())


def grown_limbs(graph: nx.DiGraph[str]) -> list[str]:
    """Names of the limbs that operators may change: all but a robot's own, depth first.

    Args:
        graph: A body.

    Examples:
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.55), radius=0.1, density=800.0))
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, density=900.0)
        >>> grown_limbs(add_limb(body, "torso/0", "limb/0", leg))
        ['limb/0']
    """
    own = own_nodes(graph)
    return [name for name in limbs(graph) if name not in own]


def root(graph: nx.DiGraph[str]) -> str:
    """Name of the torso.

    Raises:
        BodyError: The graph is not directed.
        BodyError: The graph has no root, or more than one.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> root(body)
        'torso/0'
    """
    if not graph.is_directed():
        raise BodyError("expected a networkx.DiGraph from parent to child, got an undirected graph")
    roots = [name for name, degree in graph.in_degree() if degree == 0]
    if len(roots) != 1:
        raise BodyError(
            f"a body has one root, this graph has {len(roots)}: "
            f"{listed(list(map(str, roots))) or 'none'}"
        )
    return roots[0]


def parent(graph: nx.DiGraph[str], name: str) -> str | None:
    """Name of the node that the node ``name`` hangs on; None for the torso.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> parent(body, "limb/1"), parent(body, "torso/0")
        ('limb/0', None)
    """
    return next(iter(graph.pred[name]), None)


def children(graph: nx.DiGraph[str], name: str) -> list[str]:
    """Names of the limbs that hang on the node ``name``, in order.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> children(body, "limb/0")
        ['limb/1', 'limb/2']
    """
    return list(graph.succ[name])


def node_names(graph: nx.DiGraph[str]) -> list[str]:
    """Names of all nodes, depth first from the torso; this is MuJoCo's body order.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> node_names(body)
        ['torso/0', 'limb/0', 'limb/1', 'limb/2']
    """
    return subtree(graph, root(graph))


def limbs(graph: nx.DiGraph[str]) -> list[str]:
    """Names of all limbs, depth first.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> limbs(body)
        ['limb/0', 'limb/1', 'limb/2']
    """
    return node_names(graph)[1:]


def subtree(graph: nx.DiGraph[str], name: str) -> list[str]:
    """Names of a node and of all limbs below it, depth first.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> subtree(body, "limb/0")
        ['limb/0', 'limb/1', 'limb/2']
    """
    return list(nx.dfs_preorder_nodes(graph, name))


def node(graph: nx.DiGraph[str], name: str) -> Node:
    """The record of the node ``name``.

    Raises:
        BodyError: The node has no record.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> node(body, "limb/0").radius, node(body, "torso/0").radius
        (0.05, 0.1)
    """
    record = graph.nodes[name].get("node")
    if record is None:
        raise BodyError(f"node {name!r}: expected a Torso or a Limb under the key 'node', got none")
    return record


def torso(graph: nx.DiGraph[str]) -> Torso:
    """The record of the torso.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> torso(body).radius
        0.1
    """
    return graph.nodes[root(graph)]["node"]


def start_height(graph: nx.DiGraph[str]) -> float:
    """Height at which the torso begins an episode on level ground (m).

    A robot from elsewhere may begin in another pose than that of its zero angles, in which
    ``torso(graph).pos`` is.

    Examples:
        >>> start_height(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0)))
        0.3
    """
    own = physics(graph)
    return torso(graph).pos[2] + (0.0 if own is None else own.rise)


def limb(graph: nx.DiGraph[str], name: str) -> Limb:
    """The record of the limb ``name``.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> limb(body, "limb/0").radius
        0.05
    """
    return graph.nodes[name]["node"]


def joints(graph: nx.DiGraph[str]) -> Iterator[tuple[str, Joint]]:
    """The name of each limb with each of its joints, in the order of the controls.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> [(name, joint.slot) for name, joint in joints(body)]
        [('limb/0', 'x'), ('limb/0', 'y'), ('limb/1', 'y'), ('limb/2', 'y')]
    """
    for name in limbs(graph):
        for joint in limb(graph, name).joints:
            yield name, joint
