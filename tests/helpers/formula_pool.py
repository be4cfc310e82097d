"""A pool that scores by a formula, for tests of campaigns."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from codesign.scoring import ScoreRecord, ScoringPool
from morph_ops.graph import node_names
from morph_ops.identity import body_hash

KNOWN = {
    "robot": "",
    "task": "flat",
    "controller": "c",
    "controller_hash": "abc",
    "episodes": 1,
    "seed": 0,
}
#: A record of a body that was not simulated.
BLANK = ScoreRecord.failed(worst_score=-1.0, hash="", **KNOWN)


class InterruptionError(Exception):
    pass


class FormulaPool(ScoringPool):
    """Scores a body by its number of nodes and its hash, and answers in random order.

    It starts no workers, so it does not call the initializer of its base class.

    Args:
        workers: Number of bodies that can be scored at the same time.
        seed: Seed of the order.
        answers: Number of scores after which the pool raises InterruptionError.
        known: Other fields of the score records.
    """

    def __init__(self, workers: int = 1, *, seed: int = 0, answers: int | None = None, **known):
        self.controller: str | Path = "c"
        self._workers = workers
        self._random = random.Random(seed)
        self._answers = answers
        self.pending: dict[int, tuple[object, int | None]] = {}
        self._known = {**KNOWN, **known}
        self.simulated: list[int] = []
        self.fresh: list[int] = []
        self.most_busy = 0
        self.thresholds: dict[int, float | None] = {}
        self.preferred_variants: dict[int, tuple[int, ...]] = {}
        self.variants: dict[int, int | None] = {}
        self.broods: dict[int, int] = {}

    @property
    def idle(self):
        return self._workers - len(self.pending)

    @property
    def busy(self):
        return bool(self.pending)

    def submit(
        self,
        number,
        graph,
        *,
        threshold=None,
        preferred_variants=(),
        variant=None,
        siblings=(),
        **fresh,
    ):
        assert self.idle > 0
        self.broods[number] = 1 + len(siblings)
        if siblings:
            brood = [(graph, variant), *siblings]
            graph, variant = max(brood, key=lambda child: self.record(child[0]).score)
        self.pending[number] = graph, variant
        (self.fresh if fresh else self.simulated).append(number)
        self.asked = fresh
        self.thresholds[number] = threshold
        self.preferred_variants[number] = preferred_variants
        self.variants[number] = variant
        self.most_busy = max(self.most_busy, len(self.pending))

    def collect(self):
        if self._answers is not None:
            if self._answers == 0:
                raise InterruptionError
            self._answers -= 1
        number = self._random.choice(list(self.pending))
        graph, variant = self.pending.pop(number)
        record = self.record(graph)
        return [(number, record if variant is None else replace(record, variant=variant))]

    def record(self, graph):
        digest = body_hash(graph)
        value = len(node_names(graph)) + int(digest[:8], 16) / 2**32
        blank = ScoreRecord.failed(worst_score=-1.0, hash=digest, **self._known)
        steps = 100 * len(node_names(graph))
        return replace(blank, score=value, ci95=(value, value), status="ok", steps=steps)


def outcome(database):
    """What must be the same in two runs of the same settings."""
    return [
        (c.number, c.generation, c.operator, c.parents, c.hash, c.duplicate_of, c.score, c.diff)
        for c in database.candidates()
    ]
