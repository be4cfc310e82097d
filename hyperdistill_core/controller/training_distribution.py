"""The training distribution of a controller, and where a body lies outside it.

A controller generates a network for every body, but deserves trust only near the bodies that it
was trained on. :class:`TrainingDistribution` keeps the limits of each physical quantity of these
bodies: those that the context contains, and those in which all training bodies agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from morph_ops.geometry import canonical_frames, mass, rest_frames
from morph_ops.graph import joints, limb, limbs, torso

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["UNITS", "TrainingDistribution"]

#: Units of the quantities that are compared. A limb's length is the length of its axis.
UNITS: dict[str, str] = {
    "number of nodes": "",
    "torso radius": "m",
    "torso mass": "kg",
    "limb radius": "m",
    "limb length": "m",
    "limb mass": "kg",
    "rest position x": "m",
    "rest position y": "m",
    "rest position z": "m",
    "lower joint limit": "deg",
    "upper joint limit": "deg",
    "gear": "N m",
    "lower control limit": "",
    "upper control limit": "",
    "hinge stiffness": "N m/rad",
    "hinge damping": "N m s/rad",
    "hinge armature": "kg m^2",
    "sliding friction": "",
}

# Friction of the tasks' floors. Of two surfaces in contact, MuJoCo takes the larger friction.
_GROUND_FRICTION = 0.7
# Tolerance as a share of the width of the limits. Positions of UNIMAL limbs are rounded to the
# centimeter, so a smaller excess says nothing.
_SLACK = 0.01


@dataclass(frozen=True)
class TrainingDistribution:
    """Smallest and largest value of physical quantities over the training bodies.

    Attributes:
        limits: (smallest, largest) value by quantity, in the units of :data:`UNITS`. A quantity
            without limits is not compared.
    """

    limits: Mapping[str, tuple[float, float]]

    @classmethod
    def over(cls, graphs: Iterable[nx.DiGraph[str]]) -> TrainingDistribution:
        """Training distribution of some bodies.

        Args:
            graphs: The training bodies.

        Examples:
            >>> from morph_ops.graph import Torso, new_body
            >>> torso = Torso(pos=(0.0, 0.0, 1.0), radius=0.1, mass=2.0)
            >>> TrainingDistribution.over([new_body(torso)]).limits["torso radius"]
            (0.1, 0.1)
        """
        found: dict[str, list[float]] = {quantity: [] for quantity in UNITS}
        for graph in graphs:
            for quantity, values in _quantities(graph).items():
                found[quantity] += values
        return cls({name: (min(values), max(values)) for name, values in found.items() if values})

    def warnings(self, graph: nx.DiGraph[str]) -> list[str]:
        """One line for each quantity of a body that lies outside, with its worst value.

        Args:
            graph: The body.

        Examples:
            >>> from morph_ops.graph import Torso, new_body
            >>> known = TrainingDistribution({"torso radius": (0.08, 0.1)})
            >>> known.warnings(new_body(Torso(pos=(0.0, 0.0, 1.0), radius=0.25, mass=2.0)))
            ['torso radius 0.25 m outside 0.08..0.1 m']
        """
        lines: list[str] = []
        for quantity, values in _quantities(graph).items():
            if not values or quantity not in self.limits:
                continue
            low, high = self.limits[quantity]
            excess, worst = max((max(low - value, value - high), value) for value in values)
            if excess > _SLACK * (high - low) + 1e-6:
                unit = f" {UNITS[quantity]}".rstrip()
                known = f"outside {low:.4g}..{high:.4g}" if low < high else f"other than {low:.4g}"
                lines.append(f"{quantity} {worst:.4g}{unit} {known}{unit}")
        return lines


def _quantities(graph: nx.DiGraph[str]) -> dict[str, list[float]]:
    """Values of every quantity of :data:`UNITS`: one, or one for each node, limb or joint."""
    records = [limb(graph, name) for name in limbs(graph)]
    hinges = [joint for _, joint in joints(graph)]
    positions = rest_frames(canonical_frames(graph)).pos
    return {
        "number of nodes": [float(len(positions))],
        "torso radius": [torso(graph).radius],
        "torso mass": [mass(torso(graph))],
        "limb radius": [record.radius for record in records],
        "limb length": [math.dist(record.start, record.end) for record in records],
        "limb mass": [mass(record) for record in records],
        **{f"rest position {axis}": positions[:, i].tolist() for i, axis in enumerate("xyz")},
        "lower joint limit": [joint.range_deg[0] for joint in hinges],
        "upper joint limit": [joint.range_deg[1] for joint in hinges],
        "gear": [joint.gear for joint in hinges],
        "lower control limit": [joint.ctrl_range[0] for joint in hinges],
        "upper control limit": [joint.ctrl_range[1] for joint in hinges],
        "hinge stiffness": [joint.stiffness for joint in hinges],
        "hinge damping": [joint.damping for joint in hinges],
        "hinge armature": [joint.armature for joint in hinges],
        "sliding friction": [
            max(record.friction[0], _GROUND_FRICTION) for record in (torso(graph), *records)
        ],
    }
