"""The physics that a robot from elsewhere brings along, beside the nodes that stand for it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

__all__ = [
    "HINGE_MASS_KG",
    "Physics",
    "Scale",
    "changed_copy",
    "import_notes",
    "own_nodes",
    "physics",
    "with_import_notes",
    "with_physics",
]


#: Mass of a node that stands for a hinge alone (kg).
HINGE_MASS_KG = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Factors of a node of a robot from elsewhere, against the robot's file.

    Attributes:
        size: Factor of all lengths. The mass grows with its third power.
        gear: Factor of the torques of its motors.
        density: Factor of its density.

    Examples:
        >>> Scale(size=1.5).over(Scale(size=0.75, gear=2.0))
        Scale(size=2.0, gear=0.5, density=1.0)
    """

    size: float = 1.0
    gear: float = 1.0
    density: float = 1.0

    def over(self, other: Scale) -> Scale:
        """The factors that lead from another scale to this one."""
        return Scale(
            size=self.size / other.size,
            gear=self.gear / other.gear,
            density=self.density / other.density,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """The true physics of a robot from elsewhere, for which its nodes stand.

    Attributes:
        mjcf: MJCF text of the robot alone. Its bodies have the names and frames of the nodes, and
            its joints those of the hinges.
        nodes: Names of the nodes that stand for it. Other nodes are limbs that were grown on it.
        drives: Name of the hinge whose action each actuator follows, in the order of the actuators.
        height: Height of the torso above the lowest point that touches the ground, in the pose in
            which episodes begin (m).
        rise: How much higher the torso is in that pose than in the zero pose of ``mjcf`` (m); below
            0 for a robot that begins on bent legs.
        falls: Whether it can fall: a robot that slides in a plane at a fixed height cannot.
        notes: What the import approximated or left out, a line each.
        scales: Names of nodes that are scaled, with their scales against the robot's file.
    """

    mjcf: str
    nodes: tuple[str, ...]
    drives: tuple[str, ...]
    height: float
    rise: float = 0.0
    falls: bool = True
    notes: tuple[str, ...] = ()
    scales: tuple[tuple[str, Scale], ...] = ()

    def scale(self, name: str) -> Scale:
        """The scale of a node."""
        return dict(self.scales).get(name, Scale())


def physics(graph: nx.DiGraph[str]) -> Physics | None:
    """The true physics of a robot from elsewhere; None for a body that is what its nodes say.

    Args:
        graph: A body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))
        >>> physics(body) is None
        True
    """
    return graph.graph.get("physics")


def own_nodes(graph: nx.DiGraph[str]) -> frozenset[str]:
    """Names of the nodes whose physics a robot from elsewhere brings along; none for others.

    Limbs may grow on these nodes. No operator changes them but
    :func:`~morph_ops.operators.scale_own`.

    Args:
        graph: A body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> own_nodes(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0)))
        frozenset()
    """
    own = physics(graph)
    return frozenset() if own is None else frozenset(own.nodes)


def with_physics(graph: nx.DiGraph[str], physics: Physics | None) -> nx.DiGraph[str]:
    """A copy of a body with another true physics.

    Args:
        graph: A body; it stays untouched.
        physics: The physics; None for a body that is what its nodes say.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))
        >>> own = Physics(mjcf="<mujoco/>", nodes=(), drives=(), height=0.3)
        >>> physics(with_physics(body, own)).height
        0.3
    """
    copy = graph.copy()
    copy.graph.pop("physics", None)
    if physics is not None:
        copy.graph["physics"] = physics
    return copy


def import_notes(graph: nx.DiGraph[str]) -> tuple[str, ...]:
    """What the import of a robot's file approximated, left out or moved, a line each.

    A robot from elsewhere keeps its notes; those of another body are lost when it changes or is
    written.

    Args:
        graph: A body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> import_notes(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0)))
        ()
    """
    own = physics(graph)
    return graph.graph.get("import_notes", ()) if own is None else own.notes


def with_import_notes(graph: nx.DiGraph[str], notes: tuple[str, ...]) -> nx.DiGraph[str]:
    """A copy of a body that is what its nodes say, with notes on its import.

    Args:
        graph: A body; it stays untouched.
        notes: The notes, a line each.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))
        >>> import_notes(with_import_notes(body, ("moved",)))
        ('moved',)
    """
    copy = graph.copy()
    copy.graph["import_notes"] = notes
    return copy


def changed_copy(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """A copy of a body for a change: without the notes on the import of the file that it was.

    Args:
        graph: A body; it stays untouched.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))
        >>> import_notes(changed_copy(with_import_notes(body, ("moved",))))
        ()
    """
    copy = graph.copy()
    copy.graph.pop("import_notes", None)
    return copy
