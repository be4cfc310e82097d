"""What a body is judged by, beside its score: objectives by name, and descriptors by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codesign.store import Candidate
from morph_ops import graph as body_graph
from morph_ops.geometry import extent, total_mass

#: Value of a body that did not simulate, whatever the objective.
HOPELESS = -1e9
#: Cost of transport of a body that gets nowhere: no body that walks comes near.
NO_WAY = 1e6


@dataclass(frozen=True)
class Objective:
    """Something to be as large, or as small, as possible.

    Attributes:
        unit: of the value.
        larger: whether larger is better.
        value: of a scored candidate.
        about: what it is.
    """

    unit: str
    larger: bool
    value: Callable[[Candidate], float]
    about: str

    def merit(self, candidate: Candidate) -> float:
        """The value with its sign turned where smaller is better."""
        if candidate.result.status != "ok":
            return HOPELESS
        value = self.value(candidate)
        return value if self.larger else -value


@dataclass(frozen=True)
class Descriptor:
    """Something to differ in: an axis of an archive.

    Attributes:
        unit: of the value.
        low: smallest value that an archive tells apart.
        high: largest.
        value: of a scored candidate.
        about: what it is.
    """

    unit: str
    low: float
    high: float
    value: Callable[[Candidate], float]
    about: str

    def place(self, candidate: Candidate) -> float:
        """The value within ``low .. high``; what lies beyond counts as the end."""
        return min(max(self.value(candidate), self.low), self.high)


def _measure(name: str, missing: float = 0.0) -> Callable[[Candidate], float]:
    return lambda candidate: candidate.result.measures.get(name, missing)


def _duty(rank: int) -> Callable[[Candidate], float]:
    """The share of time on the ground of the part that is there rank-th most."""

    def value(candidate: Candidate) -> float:
        shares = sorted(candidate.result.duty, reverse=True)
        return shares[rank] if rank < len(shares) else 0.0

    return value


def actuators(candidate: Candidate) -> float:
    """Number of motors."""
    return float(sum(1 for _ in body_graph.joints(candidate.graph)))


def _size(candidate: Candidate) -> float:
    return float(extent(candidate.graph).max())


OBJECTIVES: dict[str, Objective] = {
    "score": Objective("-", True, lambda c: c.score, "mean return of the task"),
    "speed": Objective("m/s", True, lambda c: c.result.speed, "mean speed along x"),
    "cost_of_transport": Objective(
        "-", False, _measure("cost_of_transport", NO_WAY), "work per weight and way"
    ),
    "mass": Objective("kg", False, lambda c: total_mass(c.graph), "mass of the body"),
    "actuators": Objective("-", False, actuators, "number of motors"),
    "robustness": Objective(
        "-", True, _measure("robustness"), "score where the world or the body is not as expected"
    ),
}

DESCRIPTORS: dict[str, Descriptor] = {
    "size": Descriptor(
        "m", 0.4, 3.0, lambda c: float(extent(c.graph).max()), "longest side at rest"
    ),
    "limbs": Descriptor("-", 1.0, 11.0, lambda c: float(len(c.graph) - 1), "number of limbs"),
    "mass": Descriptor("kg", 0.0, 60.0, lambda c: total_mass(c.graph), "mass of the body"),
    "actuators": Descriptor("-", 1.0, 20.0, actuators, "number of motors"),
    "symmetry": Descriptor("-", 0.0, 1.0, _measure("symmetry"), "likeness of left and right"),
    "contact": Descriptor("-", 0.0, 1.0, _measure("contact"), "share of time on the ground"),
    "height": Descriptor("m", 0.0, 1.5, _measure("height"), "mean height of the torso"),
    **{
        f"duty_{rank + 1}": Descriptor(
            "-", 0.0, 1.0, _duty(rank), f"share of time on the ground of part {rank + 1} by it"
        )
        for rank in range(4)
    },
}
