"""Variants of bodies that make up for each other: where one moves a body badly, another does well.

Many are drawn, all are scored on some bodies, and one after the other that is kept which adds
most to what the best of those kept so far reaches. So the first few are the ones to try first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import context_dim
from hyperdistill_core.parallel import map_in_workers
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.training_sets import TrainingSet


@dataclass(frozen=True, kw_only=True)
class VariantSearchSettings:
    """How variants are found.

    Attributes:
        variants: how many are kept, the context as it is among them.
        drawn: how many are drawn to choose from, the context as it is or those that the
            controller has already counted among them.
        more: the controller's own variants come first, as they are; without it they are replaced.
        spread: standard deviation of the factors on a context's entries, around 1.
        bodies: of the pool, drawn at random, that they are scored on.
        episodes: of each body under each variant.
        task: name of the task.
        n_workers: processes.
        seed: of variants, bodies and episodes.
    """

    variants: int = 8
    drawn: int = 32
    more: bool = False
    spread: float = 0.3
    bodies: int = 150
    episodes: int = 2
    task: str = "flat"
    n_workers: int = 2
    seed: int = 0


def add_variants(
    controller: str | Path,
    pool: TrainingSet,
    settings: VariantSearchSettings,
    *,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Controller:
    """The controller with variants.

    Args:
        controller: name or file.
        pool: bodies to choose them by, none of a test split among them.
        settings: how many, and how they are found.
        report: called with the bodies done and their number.

    Raises:
        TrainingError: more variants are to be kept than drawn; or, with ``more``, no more than
            the controller has; or fewer than 1 of anything.
        ControllerError: there is no such controller.
    """
    for name in ("bodies", "episodes", "n_workers"):
        if getattr(settings, name) < 1:
            raise TrainingError(f"{name}: expected at least 1, got {getattr(settings, name)}")
    if not 1 <= settings.variants <= settings.drawn:
        raise TrainingError(
            f"variants: expected 1 .. {settings.drawn}, of so many drawn, got {settings.variants}"
        )
    loaded = Controller.load(controller)
    width = context_dim(loaded.context)
    first = np.ones((1, width), np.float32)
    if settings.more and loaded.variants is not None:
        first = loaded.variants
    if len(first) + settings.more > settings.variants:
        raise TrainingError(
            f"variants: expected more than the {len(first)} that the controller has, got"
            f" {settings.variants}; more=false replaces them"
        )
    # Others than those that the same seed gave before.
    rng = np.random.default_rng([settings.seed, len(first)] if settings.more else settings.seed)
    noise = rng.standard_normal((settings.drawn, width))
    drawn = (1.0 + settings.spread * noise).astype(np.float32)
    drawn[: len(first)] = first
    chosen = rng.choice(len(pool), size=min(settings.bodies, len(pool)), replace=False)
    graphs = [pool.graphs[body] for body in sorted(chosen)]
    scores = _scores(graphs, find(controller), drawn, settings, report)
    kept = complementary(scores, settings.variants, first=len(first))
    best = [scores[:, kept[: number + 1]].max(axis=1).mean() for number in range(len(kept))]
    made = {
        **asdict(settings),
        "kept": kept,
        "mean of the best of the first": [round(float(score), 1) for score in best],
    }
    del made["n_workers"]
    if settings.more:
        made["before"] = loaded.provenance.get("variants")
    return replace(loaded, variants=drawn[kept], provenance={**loaded.provenance, "variants": made})


def complementary(scores: NDArray[np.float64], number: int, *, first: int = 1) -> list[int]:
    """Columns, the first ones first, of which each other adds most to the best of those before.

    Every row weighs the same: what counts is the share of its best score.

    Args:
        scores: (bodies, variants).
        number: of columns, at most as many as there are.
        first: how many come first in any case.

    Example:
        >>> complementary(np.array([[9.0, 9.9, 0.0], [1.0, 1.0, 8.0]]), 2)
        [0, 2]
    """
    shares = scores.clip(min=0.0) / scores.max(axis=1, keepdims=True).clip(min=1e-9)
    kept = list(range(first))
    best = shares[:, :first].max(axis=1)
    while len(kept) < number:
        together = np.maximum(best[:, None], shares).mean(axis=0)
        together[kept] = -np.inf
        kept.append(int(together.argmax()))
        best = np.maximum(best, shares[:, kept[-1]])
    return kept


def _scores(
    graphs: Sequence[nx.DiGraph[str]],
    controller: Path,
    variants: NDArray[np.float32],
    settings: VariantSearchSettings,
    report: Callable[[int, int], None],
) -> NDArray[np.float64]:
    """(bodies, variants) mean returns."""
    setup = partial(_VariantScorer, controller, variants, settings)
    rows: list[list[float]] = []
    for row in map_in_workers(setup, graphs, workers=settings.n_workers):
        rows.append(row)
        report(len(rows), len(graphs))
    return np.array(rows)


class _VariantScorer:
    """The work of a worker: mean returns of bodies under every variant."""

    def __init__(
        self, controller: Path, variants: NDArray[np.float32], settings: VariantSearchSettings
    ) -> None:
        self._controller = replace(Controller.load(controller), variants=variants)
        self._task, self._settings = get_task(settings.task), settings

    def __call__(self, graph: nx.DiGraph[str]) -> list[float]:
        model = self._task.model(graph)
        return [
            rollout(
                graph,
                self._controller.for_body(graph, model, variant=variant),
                task=self._task,
                episodes=self._settings.episodes,
                seed=self._settings.seed,
            ).score
            for variant in range(self._controller.n_variants)
        ]
