"""Making a training set: robots, sampled bodies, children, mutants, evolved and varied bodies.

A controller learns nothing from bodies that it cannot move at all. So bodies can be scored under
the controller that the training starts from, and only those that score or stay up are accepted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeAlias

import networkx as nx
import numpy as np

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.training.training_sets.filters import BodyFilter
from hyperdistill_core.training.training_sets.lineages import Lineages
from hyperdistill_core.training.training_sets.training_set import Origin, TrainingSet
from hyperdistill_core.training.training_sets.training_set_settings import TrainingSetSettings
from hyperdistill_core.training.training_sets.varied_physics import with_varied_physics
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.sampling import sample_body

#: Mean return and mean episode length in control steps of each of some bodies.
BodyScores: TypeAlias = "Callable[[Sequence[nx.DiGraph[str]]], Sequence[tuple[float, float]]]"
MAX_MUTATIONS = 4
#: Number of bodies that are scored together.
BATCH_SIZE = 64
#: Number of sampled bodies of which the best starts a lineage.
FOUNDER_CANDIDATES = 16
#: Number of bodies in a row without an accepted one after which the making fails.
MAX_FAILURES = 4096


def make_training_set(
    settings: TrainingSetSettings,
    *,
    robots: Sequence[nx.DiGraph[str]] = (),
    held_out: Iterable[nx.DiGraph[str]] = (),
    score: BodyScores | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    max_failures: int = MAX_FAILURES,
) -> TrainingSet:
    """A training set of distinct bodies.

    Args:
        settings: Sizes, thresholds and seed. The same settings, robots and scores give the same
            training set.
        robots: Bodies that the training set starts with; duplicates are dropped.
        held_out: Bodies whose plans no new body may have: a new body must differ from them in
            more than densities, gears and joint ranges.
        score: Function that scores bodies under a controller; without it, the default, bodies
            are accepted without a score.
        report: Function that is called after every new body with the number of bodies so far
            and in the end.
        max_failures: Number of bodies in a row without an accepted one after which the making
            fails; the default is generous.

    Returns:
        ``len(distinct robots) + sampled + children + mutants + evolved + varied`` bodies, in
        this order of origins.

    Raises:
        TrainingError: Children, mutants, lineages or varied bodies have no parents.
        TrainingError: There are founders without evolved bodies.
        TrainingError: Evolved bodies are wanted without ``score``.
        TrainingError: ``max_failures`` bodies in a row were not accepted.

    Examples:
        >>> settings = TrainingSetSettings(sampled=2, mutants=1, stable_steps=0)
        >>> make_training_set(settings).counts
        {'mutant': 1, 'sampled': 2}
    """
    return _Maker(settings, robots, held_out, score, report, max_failures).make()


class _Maker:
    """A training set in the making.

    Invariants:
        The bodies so far are distinct, and the robots come first.
        Every body that is no robot passed the filter, and the thresholds if there are scores.
        All random draws come from one generator, in the order of the bodies.
    """

    def __init__(
        self,
        settings: TrainingSetSettings,
        robots: Sequence[nx.DiGraph[str]],
        held_out: Iterable[nx.DiGraph[str]],
        score: BodyScores | None,
        report: Callable[[int, int], None],
        max_failures: int,
    ) -> None:
        self._settings, self._score, self._report = settings, score, report
        self._max_failures = max_failures
        self._rng = np.random.default_rng(settings.seed)
        self._filter = BodyFilter(task=settings.task, held_out=held_out)
        self._graphs = [graph for graph in robots if self._filter.accept_robot(graph)]
        self._origins: list[Origin] = ["robot"] * len(self._graphs)
        self._robots = tuple(self._graphs)
        _require_parents(settings, len(self._robots), scored=score is not None)
        new = (settings.sampled, settings.children, settings.mutants, settings.evolved)
        self._total = len(self._robots) + sum(new) + settings.varied

    def make(self) -> TrainingSet:
        """The whole training set."""
        settings = self._settings
        sampled = self._fill(settings.sampled, "sampled", lambda: sample_body(self._rng))
        of_robots = [*self._robots, *self._fill(settings.children, "child", self._child)]
        self._fill(settings.mutants, "mutant", lambda: self._mutant(of_robots, sampled))
        if settings.evolved:
            self._evolve(settings.evolved)
        originals = list(self._graphs)
        self._fill(settings.varied, "varied", lambda: self._varied(originals))
        return TrainingSet(tuple(self._graphs), tuple(self._origins))

    def _child(self) -> nx.DiGraph[str]:
        parents: list[int] = self._rng.choice(len(self._robots), size=2, replace=False).tolist()
        a, b = (self._robots[number] for number in parents)
        return crossover(a, b, self._rng)

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

    def _varied(self, originals: list[nx.DiGraph[str]]) -> nx.DiGraph[str]:
        return with_varied_physics(originals[self._rng.integers(len(originals))], self._rng)

    def _fill(
        self, number: int, origin: Origin, draw: Callable[[], nx.DiGraph[str]]
    ) -> list[nx.DiGraph[str]]:
        """Draw until ``number`` new bodies of an origin are added; these bodies."""
        first, failures = len(self._graphs), 0
        while len(self._graphs) < first + number:
            batch = [self._new(origin, draw) for _ in range(BATCH_SIZE if self._score else 1)]
            before = len(self._graphs)
            for graph, result in zip(batch, self._scores(batch), strict=True):
                if len(self._graphs) < first + number and self._is_useful(*result):
                    self._add(graph, origin)
            failures = self._failures(
                failures, len(batch), origin, added=len(self._graphs) > before
            )
        return self._graphs[first:]

    def _new(self, origin: Origin, draw: Callable[[], nx.DiGraph[str]]) -> nx.DiGraph[str]:
        """A body that passes the filter, without a score."""
        steps = 0 if origin in ("child", "varied") else self._settings.stable_steps
        for _ in range(self._max_failures):
            try:
                graph = draw()
            except OperatorError:
                continue
            if self._filter.accept(graph, stable_steps=steps):
                return graph
        raise self._no_new(origin)

    def _evolve(self, number: int) -> None:
        lineages = Lineages([*self._scored(self._robots), *self._founders()], self._rng)
        first, failures = len(self._graphs), 0
        while len(self._graphs) < first + number:
            offspring = islice(iter(lineages.ask, None), self._max_failures)
            new = (child for child in offspring if self._filter.accept(child.graph))
            batch = list(islice(new, BATCH_SIZE))
            if not batch:
                raise self._no_new("evolved")
            before = len(self._graphs)
            results = self._scores([child.graph for child in batch])
            for child, (score, length) in zip(batch, results, strict=True):
                lineages.tell(child, score)
                if len(self._graphs) < first + number and self._is_useful(score, length):
                    self._add(child.graph, "evolved")
            failures = self._failures(
                failures, BATCH_SIZE, "evolved", added=len(self._graphs) > before
            )

    def _founders(self) -> list[tuple[nx.DiGraph[str], float]]:
        """Sampled bodies that start a lineage, each the best of several, with their scores."""
        best: list[tuple[nx.DiGraph[str], float]] = []
        for _ in range(self._settings.founders):
            candidates = [
                self._new("sampled", lambda: sample_body(self._rng))
                for _ in range(FOUNDER_CANDIDATES)
            ]
            best.append(max(self._scored(candidates), key=lambda body: body[1]))
        return best

    def _scored(self, graphs: Sequence[nx.DiGraph[str]]) -> list[tuple[nx.DiGraph[str], float]]:
        return list(zip(graphs, (score for score, _ in self._scores(graphs)), strict=True))

    def _scores(self, graphs: Sequence[nx.DiGraph[str]]) -> Sequence[tuple[float, float]]:
        return self._score(graphs) if self._score else [(math.inf, math.inf)] * len(graphs)

    def _is_useful(self, score: float, length: float) -> bool:
        return score >= self._settings.min_score or length >= self._settings.min_steps

    def _add(self, graph: nx.DiGraph[str], origin: Origin) -> None:
        self._graphs.append(graph)
        self._origins.append(origin)
        self._report(len(self._graphs), self._total)

    def _failures(self, failures: int, scored: int, origin: Origin, *, added: bool) -> int:
        """Number of bodies that were scored since the last one that was added."""
        if added:
            return 0
        if failures + scored >= self._max_failures:
            raise TrainingError(
                f"none of {failures + scored} {origin} bodies scored {self._settings.min_score:g} "
                f"or stayed up for {self._settings.min_steps:g} control steps: lower min_score or "
                "min_steps, or choose another controller"
            )
        return failures + scored

    def _no_new(self, origin: Origin) -> TrainingError:
        return TrainingError(
            f"{self._max_failures} {origin} bodies in a row were invalid, duplicates, of a "
            "held-out plan or unstable: ask for fewer bodies, or give more robots"
        )


def _require_parents(settings: TrainingSetSettings, n_robots: int, *, scored: bool) -> None:
    if settings.children and n_robots < 2:
        raise TrainingError(
            f"children: expected at least 2 robots for {settings.children} children, got "
            f"{n_robots}; give a folder of robots or set children=0"
        )
    if settings.mutants and not n_robots and not settings.sampled:
        raise TrainingError(
            f"mutants: expected robots or sampled bodies as parents of {settings.mutants} mutants, "
            "got none; give a folder of robots, set sampled, or set mutants=0"
        )
    if settings.varied and not (n_robots + settings.sampled):
        raise TrainingError(
            f"varied: expected robots or sampled bodies that {settings.varied} varied bodies come "
            "from, got none; give a folder of robots, set sampled, or set varied=0"
        )
    if settings.evolved and n_robots + settings.founders < 2:
        raise TrainingError(
            f"evolved: expected at least 2 robots or founders for {settings.evolved} evolved "
            f"bodies, got {n_robots + settings.founders}; give a folder of robots, set founders, "
            "or set evolved=0"
        )
    if settings.founders and not settings.evolved:
        raise TrainingError(
            f"founders: expected evolved bodies for {settings.founders} founders, got evolved=0; "
            "set evolved, or set founders=0"
        )
    if settings.evolved and not scored:
        raise TrainingError(
            f"evolved: expected a controller that scores {settings.evolved} evolved bodies, got "
            "none; name a controller or set evolved=0"
        )
