"""What a robot is, and how its file was read: for people, and for programs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from codesign.defaults import CONTROLLER, TASK
from codesign.scoring.controllers import load_controller
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.geometry import total_mass
from morph_ops.identity import body_hash
from morph_ops.validity import suspicions, violations

_NUMBERS = re.compile(r"\([^()]*\)|-?\d[\d.e+-]*")


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a robot is, without simulating it.

    Attributes:
        robot: Name or file of the robot.
        hash: Hash of its body.
        nodes: Number of its nodes.
        joints: Number of its hinges.
        mass_kg: Its mass (kg).
        own_physics: Whether it has physics of its own beside its nodes.
        notes: What the import approximated, left out or moved.
        suspicions: What is unusual enough to be a mistake.
        violations: Why it is no body of the UNIMAL design space; empty for one with own physics.
        controller: Name or file of the controller that the rest is about.
        unlikeness: Percentile of its distance to the training bodies (0..100); None where the
            controller or the robot has none.
        outside: What of it lies outside the training distribution.
    """

    robot: str
    hash: str
    nodes: int
    joints: int
    mass_kg: float
    own_physics: bool
    notes: tuple[str, ...]
    suspicions: tuple[str, ...]
    violations: tuple[str, ...]
    controller: str
    unlikeness: float | None
    outside: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All attributes by name, for JSON."""
        return asdict(self)


def inspected(
    graph: nx.DiGraph[str], *, robot: str | Path, controller: str | Path = CONTROLLER
) -> Inspection:
    """What a robot is, and how near it is to what a controller learned on.

    Args:
        graph: The body.
        robot: Name or file of the robot.
        controller: Name or file of a controller.

    Raises:
        UsageError: The controller cannot be read.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> seen = inspected(sample_body(np.random.default_rng(0)), robot="sampled")
        >>> seen.own_physics, seen.violations, seen.outside
        (False, (), ())
    """
    from hyperdistill_core.tasks import get_task

    known = load_controller(controller)
    own = body_graph.physics(graph) is not None
    joints = sum(1 for _ in body_graph.joints(graph))
    unlikeness = None
    if joints:
        with suppress(BodyError):  # (what the body violates says why)
            unlikeness = known.unlikeness(graph, get_task(TASK).model(graph))
    return Inspection(
        robot=str(robot),
        hash=body_hash(graph),
        nodes=len(graph),
        joints=joints,
        mass_kg=total_mass(graph),
        own_physics=own,
        notes=body_graph.import_notes(graph),
        suspicions=tuple(suspicions(graph)),
        violations=() if own else tuple(violations(graph)),
        controller=str(controller),
        unlikeness=unlikeness,
        outside=tuple(known.warnings(graph)),
    )


def grouped(graph: nx.DiGraph[str], lines: Iterable[str]) -> list[str]:
    """Lines on nodes and joints, of which those that differ in names and numbers alone are one.

    Args:
        graph: The body that they are about.
        lines: The lines.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0), name="ball")
        >>> grouped(body, ["ball: got 3", "ball: got 4", "too heavy"])
        ['ball: got 3 (and 1 more of this kind)', 'too heavy']
    """
    names = {*graph, *(joint.name for _, joint in body_graph.joints(graph))}
    any_name = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    groups: dict[str, list[str]] = {}
    for line in lines:
        kind = _NUMBERS.sub("#", any_name.sub("@", line))
        groups.setdefault(kind, []).append(line)
    return [
        first if not more else f"{first} (and {len(more)} more of this kind)"
        for first, *more in groups.values()
    ]
