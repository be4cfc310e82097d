"""Splits: sets of bodies for evaluation, made from robots and a seed.

==================== ==============================================================
split                bodies
==================== ==============================================================
sampled              freshly sampled starting bodies
mutants-1 .. 5       robots after 1 .. 5 random mutations
children             crossovers of two robots
limb-length, mass .. robots changed in one respect, see
                     :mod:`~hyperdistill_core.evaluation.variations`
==================== ==============================================================

Each body has its own generator, seeded by the seed, the split's name and the body's number. So a
longer split begins with the bodies of a shorter one, and splits do not depend on each other. The
robots take turns as parents in an order drawn from the seed. Without robots, sampled bodies are
the parents.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation.variations import VARIATIONS
from morph_ops._registry import Registry
from morph_ops.identity import body_hash
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.sampling import sample_body

if TYPE_CHECKING:
    import networkx as nx

MOST_MUTATIONS = 5
#: Number of sampled bodies that are parents where there are no robots.
SAMPLED_PARENTS = 40
#: Attempts at one new body before a split fails.
ATTEMPTS = 50


@dataclass(frozen=True)
class Entry:
    """A body of a split.

    Attributes:
        name: Name of a robot's file, or split and number of a generated body.
        graph: The body.
        parents: Names of the robots that the body was made from.

    Examples:
        >>> robot = Entry("ant", sample_body(np.random.default_rng(0)))
        >>> mutant = make_split("mutants-1", 1, robots=[robot]).entries[0]
        >>> mutant.name, mutant.parents
        ('mutants-1/0000', ('ant',))
    """

    name: str
    graph: nx.DiGraph[str]
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """A named set of bodies.

    Attributes:
        name: Name of the split.
        entries: Its bodies.

    Examples:
        >>> robot = Entry("ant", sample_body(np.random.default_rng(0)))
        >>> split = make_split("mass", 2, robots=[robot])
        >>> split.name, len(split.entries)
        ('mass', 2)
    """

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


def _varied(
    rng: np.random.Generator, robot: Entry, robots: Sequence[Entry], *, variation: str
) -> _Made:
    del robots
    return VARIATIONS[variation].vary(robot.graph, rng), (robot,)


_MUTANTS = tuple(f"mutants-{count}" for count in range(1, MOST_MUTATIONS + 1))
_MAKERS: Registry[_Make] = Registry(
    "split",
    {
        "sampled": _sampled,
        **{name: partial(_mutant, mutations=count) for count, name in enumerate(_MUTANTS, start=1)},
        "children": _child,
        **{name: partial(_varied, variation=name) for name in VARIATIONS},
    },
)

#: Names of all splits, in the order of reports.
SPLITS: tuple[str, ...] = _MAKERS.names

#: Names that stand for several splits.
GROUPS: dict[str, tuple[str, ...]] = {
    "mutants": _MUTANTS,
    "kinematics": tuple(name for name, each in VARIATIONS.items() if each.kind == "kinematics"),
    "dynamics": tuple(name for name, each in VARIATIONS.items() if each.kind == "dynamics"),
    "all": SPLITS,
}


def make_splits(
    counts: Mapping[str, int], *, robots: Sequence[Entry] = (), seed: int = 0
) -> list[Split]:
    """Make several splits.

    Args:
        counts: Number of bodies by the name of a split or of a group of :data:`GROUPS`. For a
            split that is named more than once, the last number counts; 0 leaves it out.
        robots: Parents of mutants, children and variations.
        seed: Seed of all splits.

    Returns:
        The splits in the order of :data:`SPLITS`.

    Raises:
        UnknownNameError: A name is neither a split's nor a group's.
        TrainingError: See :func:`make_split`.

    Examples:
        >>> [(split.name, len(split.entries)) for split in make_splits({"mass": 1, "sampled": 2})]
        [('sampled', 2), ('mass', 1)]
    """
    members = Registry("split", {name: (name,) for name in SPLITS} | GROUPS)
    wanted: dict[str, int] = {}
    for name, count in counts.items():
        wanted |= dict.fromkeys(members.lookup(name), count)
    return [
        make_split(name, wanted[name], robots=robots, seed=seed)
        for name in SPLITS
        if wanted.get(name)
    ]


def make_split(name: str, count: int, *, robots: Sequence[Entry] = (), seed: int = 0) -> Split:
    """Make a split of distinct bodies, none of which equals a robot.

    Args:
        name: One of :data:`SPLITS`.
        count: Number of bodies, at least 0.
        robots: Parents of mutants, children and variations. Without robots, 40 sampled bodies
            are the parents.
        seed: Seed of the split.

    Raises:
        UnknownNameError: There is no such split.
        TrainingError: The split is "children" and there are fewer than two different robots.
        TrainingError: None of 50 attempts gave a new body.

    Examples:
        >>> [entry.name for entry in make_split("sampled", 2).entries]
        ['sampled/0000', 'sampled/0001']
    """
    make = _MAKERS.lookup(name)
    originals = _distinct(robots) or _sampled_parents(seed)
    order: list[int] = np.random.default_rng(seed).permutation(len(originals)).tolist()
    parents = [originals[row] for row in order]
    hashes = {body_hash(parent.graph) for parent in parents}
    entries: list[Entry] = []
    for number in range(count):
        rng = np.random.default_rng(_stream(seed, name, number))
        graph, made_from = _new_body(make, rng, parents, number, hashes, name)
        hashes.add(body_hash(graph))
        names = tuple(parent.name for parent in made_from)
        entries.append(Entry(f"{name}/{number:04d}", graph, names))
    return Split(name, tuple(entries))


def _new_body(
    make: _Make,
    rng: np.random.Generator,
    parents: Sequence[Entry],
    number: int,
    hashes: set[str],
    name: str,
) -> _Made:
    """A body that is not in the split yet. The robots take turns as first parent."""
    reason = "each attempt gave a body that the split already has"
    for attempt in range(ATTEMPTS):
        try:
            made = make(rng, parents[(number + attempt) % len(parents)], parents)
        except OperatorError as error:
            reason = str(error)
            continue
        if body_hash(made[0]) not in hashes:
            return made
    raise TrainingError(
        f"split {name}: no body number {number} in {ATTEMPTS} attempts ({reason});"
        " ask for fewer bodies or give more robots"
    )


def _distinct(robots: Sequence[Entry]) -> list[Entry]:
    """The robots without duplicates."""
    kept: dict[str, Entry] = {}
    for robot in robots:
        kept.setdefault(body_hash(robot.graph), robot)
    return list(kept.values())


def _sampled_parents(seed: int) -> list[Entry]:
    streams = (_stream(seed, "parents", number) for number in range(SAMPLED_PARENTS))
    return [
        Entry(f"parents/{number:04d}", sample_body(np.random.default_rng(stream)))
        for number, stream in enumerate(streams)
    ]


def _stream(seed: int, name: str, number: int) -> np.random.SeedSequence:
    # The checksum of the name does not change when another split is added to the table.
    return np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), number))
