"""Sets of bodies to evaluate a controller on: made from robots and a seed, always the same.

==================== ==============================================================
split                its bodies
==================== ==============================================================
sampled              freshly sampled starting bodies
mutants-1 .. 5       robots after 1 .. 5 random mutations
children             crossovers of two robots
limb-length, mass .. robots varied in one respect, see
                     :mod:`~hyperdistill_core.evaluation.variations`
==================== ==============================================================

Each body draws from a generator of its own, made of the seed, the split's name and the
body's number. So a split's first bodies are the same however many are asked for, and
whatever other splits there are. The robots take turns as parents, in an order drawn from
the seed; where none are given, sampled bodies stand in for them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import networkx as nx
import numpy as np

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation.variations import VARIATIONS
from morph_ops._registry import lookup
from morph_ops.identity import body_hash
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.sampling import sample_body

MOST_MUTATIONS = 5
STAND_INS = 40
"""Sampled bodies that are parents where no robots are given."""

ATTEMPTS = 50
"""Draws for one new body before a split is given up."""


@dataclass(frozen=True)
class Entry:
    """A body of a split.

    Attributes:
        name: what it is called: a robot's file, or its number in a generated split.
        graph: the body.
        parents: names of the robots that it was made from.
    """

    name: str
    graph: nx.DiGraph[str]
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """A named set of bodies."""

    name: str
    entries: tuple[Entry, ...] = field(repr=False)


_Made: TypeAlias = "tuple[nx.DiGraph[str], tuple[Entry, ...]]"
_Make: TypeAlias = Callable[[np.random.Generator, Entry, Sequence[Entry]], _Made]


def _sampled(rng: np.random.Generator, robot: Entry, robots: Sequence[Entry]) -> _Made:
    del robot, robots
    return sample_body(rng), ()


def _mutant(
    rng: np.random.Generator, robot: Entry, robots: Sequence[Entry], *, mutations: int
) -> _Made:
    del robots
    graph = robot.graph
    for _ in range(mutations):
        graph, _ = mutate(graph, rng)
    return graph, (robot,)


def _child(rng: np.random.Generator, robot: Entry, robots: Sequence[Entry]) -> _Made:
    others = [other for other in robots if other is not robot]
    if not others:
        raise TrainingError("children need at least 2 different robots to cross, got 1")
    other = others[int(rng.integers(len(others)))]
    return crossover(robot.graph, other.graph, rng), (robot, other)


def _variant(
    rng: np.random.Generator, robot: Entry, robots: Sequence[Entry], *, variation: str
) -> _Made:
    del robots
    return VARIATIONS[variation].vary(robot.graph, rng), (robot,)


_MUTANTS = tuple(f"mutants-{count}" for count in range(1, MOST_MUTATIONS + 1))
_MAKERS: dict[str, _Make] = {
    "sampled": _sampled,
    **{name: partial(_mutant, mutations=count) for count, name in enumerate(_MUTANTS, start=1)},
    "children": _child,
    **{name: partial(_variant, variation=name) for name in VARIATIONS},
}

GENERATED: tuple[str, ...] = tuple(_MAKERS)
"""Names of the splits that can be made, in the order of reports."""

GROUPS: dict[str, tuple[str, ...]] = {
    "mutants": _MUTANTS,
    "kinematics": tuple(name for name, each in VARIATIONS.items() if each.kind == "kinematics"),
    "dynamics": tuple(name for name, each in VARIATIONS.items() if each.kind == "dynamics"),
    "all": GENERATED,
}
"""Names that stand for several splits."""


def make_splits(
    counts: Mapping[str, int], *, robots: Sequence[Entry] = (), seed: int = 0
) -> list[Split]:
    """The splits asked for, in the order of :data:`GENERATED`.

    Args:
        counts: bodies by the name of a split or of a group of :data:`GROUPS`; of a split
            named more than once the last number counts, and 0 leaves it out.
        robots: parents of mutants, children and variations.
        seed: of everything that is drawn.

    Raises:
        UnknownNameError: a name is neither a split's nor a group's.
        TrainingError: as :func:`make_split`.

    Example:
        >>> [(split.name, len(split.entries)) for split in make_splits({"mass": 1, "sampled": 2})]
        [('sampled', 2), ('mass', 1)]
    """
    members = {name: (name,) for name in GENERATED} | GROUPS
    wanted: dict[str, int] = {}
    for name, count in counts.items():
        wanted |= dict.fromkeys(lookup(members, name, what="split"), count)
    return [
        make_split(name, wanted[name], robots=robots, seed=seed)
        for name in GENERATED
        if wanted.get(name)
    ]


def make_split(name: str, count: int, *, robots: Sequence[Entry] = (), seed: int = 0) -> Split:
    """So many distinct bodies, none of which equals a robot.

    Args:
        name: one of :data:`GENERATED`.
        count: bodies, at least 0.
        robots: parents, sampled bodies where there are none.
        seed: of everything that is drawn.

    Raises:
        UnknownNameError: there is no such split.
        TrainingError: children of fewer than two different robots are asked for.
        TrainingError: some body found no new form in 50 draws.
    """
    make = lookup(_MAKERS, name, what="split")
    parents = _distinct(robots) or _stand_ins(seed)
    parents = [parents[row] for row in np.random.default_rng(seed).permutation(len(parents))]
    seen = {body_hash(parent.graph) for parent in parents}
    entries: list[Entry] = []
    for number in range(count):
        rng = np.random.default_rng(_stream(seed, name, number))
        graph, made_from = _new_body(make, rng, parents, number, seen, name)
        seen.add(body_hash(graph))
        names = tuple(parent.name for parent in made_from)
        entries.append(Entry(f"{name}/{number:04d}", graph, names))
    return Split(name, tuple(entries))


def _new_body(
    make: _Make,
    rng: np.random.Generator,
    parents: Sequence[Entry],
    number: int,
    seen: set[str],
    name: str,
) -> _Made:
    """A body that is not yet seen; the robot whose turn it is, then the others, as parents."""
    reason = "each draw gave a body that is there already"
    for attempt in range(ATTEMPTS):
        try:
            made = make(rng, parents[(number + attempt) % len(parents)], parents)
        except OperatorError as error:
            reason = str(error)
            continue
        if body_hash(made[0]) not in seen:
            return made
    raise TrainingError(
        f"split {name}: no body number {number} in {ATTEMPTS} draws ({reason});"
        " ask for fewer bodies or give more robots"
    )


def _distinct(robots: Sequence[Entry]) -> list[Entry]:
    """The robots without doubles, the first of equal ones kept."""
    kept: dict[str, Entry] = {}
    for robot in robots:
        kept.setdefault(body_hash(robot.graph), robot)
    return list(kept.values())


def _stand_ins(seed: int) -> list[Entry]:
    streams = (_stream(seed, "parents", number) for number in range(STAND_INS))
    return [
        Entry(f"parents/{number:04d}", sample_body(np.random.default_rng(stream)))
        for number, stream in enumerate(streams)
    ]


def _stream(seed: int, name: str, number: int) -> np.random.SeedSequence:
    # A checksum of the name, so that a split's bodies outlive a change of the table.
    return np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), number))
