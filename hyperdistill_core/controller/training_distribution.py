"""What bodies a controller was trained on, and where another body lies outside, in words.

A controller acts for every body, but deserves trust only near those that it learned from.
:class:`TrainingDistribution` keeps the least and the largest value of each physical quantity that
a context tells of, and of those that all training bodies have alike, which it need not tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from morph_ops.geometry import canonical_frames, mass, rest_frames
from morph_ops.graph import joints, limb, limbs, torso

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
"""Quantities that are compared, with their units; a limb's length is that of its axis."""

# Of the tasks' floors; of two surfaces that touch, MuJoCo takes the larger one's.
_GROUND_FRICTION = 0.7
# Share of a range's width: directions are rounded to the centimetre, which is no news.
_SLACK = 0.01


@dataclass(frozen=True)
class TrainingDistribution:
    """Least and largest value of quantities over the training bodies.

    Attributes:
        limits: (least, largest) by quantity, in the units of :data:`UNITS`.
    """

    limits: Mapping[str, tuple[float, float]]

    @classmethod
    def over(cls, graphs: Iterable[nx.DiGraph[str]]) -> TrainingDistribution:
        """Ranges over training bodies."""
        seen: dict[str, list[float]] = {quantity: [] for quantity in UNITS}
        for graph in graphs:
            for quantity, values in _quantities(graph).items():
                seen[quantity] += values
        return cls({name: (min(values), max(values)) for name, values in seen.items() if values})

    def warnings(self, graph: nx.DiGraph[str]) -> list[str]:
        """One line for each quantity of a body that lies outside, with its worst value.

        Example:
            >>> from morph_ops.graph import Torso, new_body
            >>> ranges = TrainingDistribution({"torso radius": (0.08, 0.1)})
            >>> ranges.warnings(new_body(Torso(pos=(0.0, 0.0, 1.0), radius=0.25, mass=2.0)))
            ['torso radius 0.25 m outside 0.08..0.1 m']
        """
        lines = []
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
    """Values of every quantity of :data:`UNITS`: one, or one a limb, body or joint."""
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
