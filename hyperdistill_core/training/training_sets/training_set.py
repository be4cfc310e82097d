"""The bodies that a controller learns on: robots given, sampled and bred bodies.

From bodies that a controller cannot move at all nothing is learned. So a pool may be tried
under the controller that the training begins with, and take only what scores or stands.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.ppo.ppo_settings import require_least, require_within
from hyperdistill_core.training.training_sets.lineages import Lineages
from morph_ops import graph as bodies_graph
from morph_ops._text_file import read_text, write_text
from morph_ops.errors import BodyError
from morph_ops.identity import body_hash
from morph_ops.io.json_file import from_json, to_json
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.space import sample_body

Origin: TypeAlias = Literal["robot", "sampled", "child", "mutant", "evolved"]
#: Mean return and mean control steps of an episode of each of some bodies.
Trial: TypeAlias = "Callable[[Sequence[nx.DiGraph[str]]], Sequence[tuple[float, float]]]"
MAX_MUTATIONS = 4
#: Bodies that are tried at once.
_BATCH = 64
#: Sampled bodies of which the best founds a line.
_RIVALS = 16
#: A pool is given up when so many bodies in a row are of no use.
_PATIENCE = 4096
_HASH_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class TrainingSetSettings:
    """What a pool holds.

    Attributes:
        sampled: freshly sampled bodies.
        children: crossovers of two of the robots given.
        mutants: bodies made by 1 to 4 mutations.
        evolved: bodies of lines that are bred for many generations under a controller, each
            line for itself: one from every robot, and one from every founder.
        founders: sampled bodies that found lines too, each the best of 16 under the
            controller, without coming in themselves: lines of robots alone have little variety.
        robot_mutants: share of mutants that come from a robot or a child of robots, the
            others come from a sampled body.
        standing_steps: a sampled body or a mutant must stand so many control steps without
            control, or it teaches little but how to fall; 0 takes every body. Children are
            taken as they come: their parents were evolved, and a good walker need not
            stand by itself.
        least_score: a body that is no robot must score so much under the controller that
            bodies are tried with ...
        least_steps: ... or stay up for so many control steps in the mean; without such a
            controller neither counts.
        task: where it must stand.
        seed: of sampling and mutation.

    Raises:
        TrainingError: a number is out of its range.
    """

    sampled: int = 500
    children: int = 0
    mutants: int = 700
    evolved: int = 0
    founders: int = 0
    robot_mutants: float = 0.5
    standing_steps: int = 100
    least_score: float = 40.0
    least_steps: float = 400.0
    task: str = "flat"
    seed: int = 0

    def __post_init__(self) -> None:
        require_least(self, 0, "sampled", "children", "mutants", "evolved", "founders")
        require_least(self, 0, "standing_steps", "seed")
        require_within(self, 0.0, 1.0, "robot_mutants")


@dataclass(frozen=True)
class TrainingSet:
    """Distinct bodies to learn on.

    Attributes:
        graphs: the bodies, in the order that numbers them.
        origins: where each came from.
    """

    graphs: tuple[nx.DiGraph[str], ...]
    origins: tuple[Origin, ...]

    def __len__(self) -> int:
        return len(self.graphs)

    @cached_property
    def hash(self) -> str:
        """Of the bodies and their order: what networks and data by number belong to."""
        digest = hashlib.sha256()
        for graph in self.graphs:
            digest.update(to_json(graph).encode())
        return digest.hexdigest()[:_HASH_DIGITS]

    @property
    def counts(self) -> dict[str, int]:
        """Bodies of each origin that is there."""
        return {origin: self.origins.count(origin) for origin in sorted(set(self.origins))}

    def weights(self, robot_share: float) -> NDArray[np.float64]:
        """(bodies,) weights that sum to one and give the robots their share of the whole."""
        robots = np.array([origin == "robot" for origin in self.origins])
        if robots.all() or not robots.any():
            return np.full(len(self), 1.0 / len(self))
        share = np.where(robots, robot_share, 1.0 - robot_share)
        return share / np.where(robots, robots.sum(), (~robots).sum())

    def write(self, path: Path) -> None:
        """One line of JSON a body."""
        lines = [
            json.dumps({"origin": origin, "graph": json.loads(to_json(graph))})
            for graph, origin in zip(self.graphs, self.origins, strict=True)
        ]
        write_text(path, "\n".join(lines) + "\n")

    @classmethod
    def read(cls, path: Path) -> TrainingSet:
        """The inverse of :meth:`write`.

        Raises:
            BodyError: the file is missing, or a line of it is no body of a pool.
        """
        graphs: list[nx.DiGraph[str]] = []
        origins: list[Origin] = []
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            try:
                entry = json.loads(line)
                origin, graph = entry["origin"], from_json(json.dumps(entry["graph"]))
            except (ValueError, KeyError, TypeError) as error:
                raise BodyError(f"{path}, line {number}: no body of a pool ({error})") from None
            if origin not in get_args(Origin):
                raise BodyError(f"{path}, line {number}: unknown origin {origin!r}")
            graphs.append(graph)
            origins.append(origin)
        return cls(tuple(graphs), tuple(origins))


def plan_hash(graph: nx.DiGraph[str]) -> str:
    """Hash of a body plan: equal for bodies that differ in densities, gears or ranges alone.

    Rest height and excluded contacts follow from the plan, and do not count: operators and the
    files of others set them each in their own way.
    """
    parts: list[tuple[str, bodies_graph.Node]] = []
    for name in bodies_graph.bodies(graph):
        part = replace(bodies_graph.part(graph, name), density=1000.0, mass=None)
        if isinstance(part, bodies_graph.Limb):
            joints = tuple(replace(j, gear=150.0, range_deg=(-30.0, 30.0)) for j in part.joints)
            part = replace(part, joints=joints)
        else:
            part = replace(part, pos=(0.0, 0.0, 0.0))
        parts.append((name, part))
    plan = bodies_graph.with_excludes(bodies_graph.with_nodes(graph, parts), ())
    return body_hash(plan)


def stands(graph: nx.DiGraph[str], *, task: str, steps: int) -> bool:
    """Whether a body stays up for so many control steps of episode 0 without control."""
    world = replace(get_task(task), max_steps=steps)
    limp = _Limp(sum(1 for _ in bodies_graph.joints(graph)))
    return not rollout(graph, limp, task=world, episodes=1).fell.any()


class _Limp:
    """Controls that are always zero."""

    def __init__(self, n_controls: int) -> None:
        self._n_controls = n_controls

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros((len(state), self._n_controls))


def make_training_set(
    settings: TrainingSetSettings,
    *,
    robots: Sequence[nx.DiGraph[str]] = (),
    held_out: Iterable[nx.DiGraph[str]] = (),
    trial: Trial | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> TrainingSet:
    """A pool of distinct bodies: ``robots``, then sampled bodies, children, mutants, evolved.

    Args:
        settings: sizes and seed; the same settings, robots and trial give the same pool.
        robots: bodies to begin with, duplicates among them dropped.
        held_out: bodies of which no new body may have the plan: none that equals one of
            them but for densities, gears or joint ranges comes in new.
        trial: scores bodies under a controller; without it bodies come in untried.
        report: called with the number of bodies now and in the end.

    Returns:
        ``len(distinct robots) + sampled + children + mutants + evolved`` bodies.

    Raises:
        TrainingError: there is nothing to make children, mutants or lines of; lines are
            asked for without a trial; or thousands of bodies in a row are of no use.
    """
    return _Maker(settings, robots, held_out, trial, report).make()


class _Maker:
    """A pool in the making."""

    def __init__(
        self,
        settings: TrainingSetSettings,
        robots: Sequence[nx.DiGraph[str]],
        held_out: Iterable[nx.DiGraph[str]],
        trial: Trial | None,
        report: Callable[[int, int], None],
    ) -> None:
        self._settings, self._trial, self._report = settings, trial, report
        self._rng = np.random.default_rng(settings.seed)
        self._forbidden = {plan_hash(graph) for graph in held_out}
        self._graphs: list[nx.DiGraph[str]] = []
        self._origins: list[Origin] = []
        self._seen: set[str] = set()
        for graph in robots:
            digest = body_hash(graph)
            if digest not in self._seen:
                self._seen.add(digest)
                self._admit(graph, "robot")
        self._robots = tuple(self._graphs)
        _require_parents(settings, len(self._robots), tried=trial is not None)
        wanted = (settings.sampled, settings.children, settings.mutants, settings.evolved)
        self._total = len(self._robots) + sum(wanted)

    def make(self) -> TrainingSet:
        settings = self._settings
        sampled = self._fill(settings.sampled, "sampled", lambda: sample_body(self._rng))
        of_robots = [*self._robots, *self._fill(settings.children, "child", self._child)]
        self._fill(settings.mutants, "mutant", lambda: self._mutant(of_robots, sampled))
        if settings.evolved:
            self._evolve(settings.evolved)
        return TrainingSet(tuple(self._graphs), tuple(self._origins))

    def _child(self) -> nx.DiGraph[str]:
        a, b = self._rng.choice(len(self._robots), size=2, replace=False)
        return crossover(self._robots[a], self._robots[b], self._rng)

    def _mutant(
        self, of_robots: list[nx.DiGraph[str]], sampled: list[nx.DiGraph[str]]
    ) -> nx.DiGraph[str]:
        share = self._settings.robot_mutants
        of_robot = not sampled or (bool(of_robots) and self._rng.random() < share)
        parents = of_robots if of_robot else sampled
        graph = parents[self._rng.integers(len(parents))]
        for _ in range(self._rng.integers(1, MAX_MUTATIONS + 1)):
            graph, _ = mutate(graph, self._rng)
        return graph

    def _fill(
        self, number: int, origin: Origin, draw: Callable[[], nx.DiGraph[str]]
    ) -> list[nx.DiGraph[str]]:
        """Draw until so many new bodies of this origin are in; those bodies."""
        first, idle = len(self._graphs), 0
        while len(self._graphs) < first + number:
            batch = [self._new(origin, draw) for _ in range(_BATCH if self._trial else 1)]
            before = len(self._graphs)
            for graph, result in zip(batch, self._try(batch), strict=True):
                if len(self._graphs) < first + number and self._useful(*result):
                    self._admit(graph, origin)
            idle = self._patience(idle, len(batch), origin, admitted=len(self._graphs) > before)
        return self._graphs[first:]

    def _new(self, origin: Origin, draw: Callable[[], nx.DiGraph[str]]) -> nx.DiGraph[str]:
        """A body that may come in, untried."""
        steps = 0 if origin == "child" else self._settings.standing_steps
        for _ in range(_PATIENCE):
            try:
                graph = draw()
            except OperatorError:
                continue
            if self._may_come(graph, standing_steps=steps):
                return graph
        raise _no_new(origin)

    def _may_come(self, graph: nx.DiGraph[str], *, standing_steps: int) -> bool:
        """Whether the body was not seen yet, is not held out, and stands; it is seen now."""
        digest = body_hash(graph)
        if digest in self._seen or plan_hash(graph) in self._forbidden:
            return False
        if standing_steps and not stands(graph, task=self._settings.task, steps=standing_steps):
            return False
        self._seen.add(digest)
        return True

    def _evolve(self, number: int) -> None:
        lines = Lineages([*self._scored(self._robots), *self._founders()], self._rng)
        first, idle = len(self._graphs), 0
        while len(self._graphs) < first + number:
            bred = iter(lines.breed, None)
            some = islice(bred, _PATIENCE)
            new = (child for child in some if self._may_come(child.graph, standing_steps=0))
            batch = list(islice(new, _BATCH))
            if not batch:
                raise _no_new("evolved")
            before = len(self._graphs)
            results = self._try([child.graph for child in batch])
            for child, (score, length) in zip(batch, results, strict=True):
                lines.tell(child, score)
                if len(self._graphs) < first + number and self._useful(score, length):
                    self._admit(child.graph, "evolved")
            idle = self._patience(idle, _BATCH, "evolved", admitted=len(self._graphs) > before)

    def _founders(self) -> list[tuple[nx.DiGraph[str], float]]:
        """The best of every few sampled bodies, with their scores."""
        best = []
        for _ in range(self._settings.founders):
            rivals = [self._new("sampled", lambda: sample_body(self._rng)) for _ in range(_RIVALS)]
            best.append(max(self._scored(rivals), key=lambda body: body[1]))
        return best

    def _scored(self, graphs: Sequence[nx.DiGraph[str]]) -> list[tuple[nx.DiGraph[str], float]]:
        return list(zip(graphs, (score for score, _ in self._try(graphs)), strict=True))

    def _try(self, graphs: Sequence[nx.DiGraph[str]]) -> Sequence[tuple[float, float]]:
        return self._trial(graphs) if self._trial else [(math.inf, math.inf)] * len(graphs)

    def _useful(self, score: float, length: float) -> bool:
        return score >= self._settings.least_score or length >= self._settings.least_steps

    def _admit(self, graph: nx.DiGraph[str], origin: Origin) -> None:
        self._graphs.append(graph)
        self._origins.append(origin)
        if origin != "robot":
            self._report(len(self._graphs), self._total)

    def _patience(self, idle: int, tried: int, origin: Origin, *, admitted: bool) -> int:
        """Bodies that were tried in vain since the last one that came in."""
        if admitted:
            return 0
        if idle + tried >= _PATIENCE:
            raise TrainingError(
                f"none of {idle + tried} {origin} bodies scored {self._settings.least_score:g} or"
                f" stood for {self._settings.least_steps:g} control steps; expected some: set"
                " least_score or least_steps lower, or try them with another controller"
            )
        return idle + tried


def _no_new(origin: Origin) -> TrainingError:
    return TrainingError(
        f"{_PATIENCE} {origin} bodies in a row failed, were there already, or did not stand;"
        " expected a new one: ask for fewer, or name more robots"
    )


def _require_parents(settings: TrainingSetSettings, n_robots: int, *, tried: bool) -> None:
    if settings.children and n_robots < 2:
        raise TrainingError(
            f"a pool with {settings.children} children needs at least 2 robots to cross, got"
            f" {n_robots}; name a folder of robots or set children=0"
        )
    if settings.mutants and not n_robots and not settings.sampled:
        raise TrainingError(
            f"a pool with {settings.mutants} mutants needs robots or sampled bodies to mutate"
        )
    if settings.evolved and n_robots + settings.founders < 2:
        raise TrainingError(
            f"a pool with {settings.evolved} evolved bodies needs at least 2 robots or founders to"
            f" begin with, got {n_robots + settings.founders}; name a folder of robots, set"
            " founders, or set evolved=0"
        )
    if settings.founders and not settings.evolved:
        raise TrainingError(
            f"founders={settings.founders} found lines of evolved bodies, got evolved=0:"
            " set evolved, or founders=0"
        )
    if settings.evolved and not tried:
        raise TrainingError(
            f"a pool with {settings.evolved} evolved bodies needs a controller that they are tried"
            " with; name one or set evolved=0"
        )
