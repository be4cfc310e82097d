"""Search for controller variants that complement each other.

Many variants are drawn and scored on some bodies. Variants are then kept one after the other: each
is the one that adds most to what the best of those before it reach. So the first few are the ones
to try first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import SettingsError, TrainingError
from hyperdistill_core.features import context_dim
from hyperdistill_core.parallel import map_in_workers
from hyperdistill_core.rollout import rollout
from hyperdistill_core.settings import FrozenSettings
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.training_sets import TrainingSet

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["VariantSearchSettings", "add_variants", "complementary"]


class VariantSearchSettings(FrozenSettings):
    """How variants are drawn, scored and kept.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.
        SettingsError: More variants are to be kept than drawn.

    Examples:
        >>> VariantSearchSettings(variants=16, drawn=40).spread
        0.15
        >>> VariantSearchSettings(variants=40)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: variants: expected at most drawn=32, got 40
    """

    variants: int = Field(
        default=8, ge=1, description="Number of variants kept, the unchanged context among them."
    )
    drawn: int = Field(
        default=32,
        ge=1,
        description="Number of variants to choose from. The unchanged context, or the existing "
        "variants where more is true, count among them.",
    )
    more: bool = Field(
        default=False,
        description="Whether the controller's existing variants are kept as the first ones. "
        "Otherwise new variants replace them.",
    )
    spread: float = Field(
        default=0.15, description="Standard deviation of the factors on a context's entries."
    )
    bodies: int = Field(
        default=150,
        ge=1,
        description="Number of bodies, drawn from the training set, that score the variants.",
    )
    episodes: int = Field(default=2, ge=1, description="Episodes of each body under each variant.")
    task: str = Field(default="flat", description="Name of the task.")
    n_workers: int = Field(default=2, ge=1, description="Number of processes.")
    seed: int = Field(default=0, ge=0, description="Seed of variants, bodies and episodes.")

    @model_validator(mode="after")
    def _keep_at_most_the_drawn(self) -> Self:
        if self.variants > self.drawn:
            raise SettingsError.of(
                "variants", f"expected at most drawn={self.drawn}, got {self.variants}"
            )
        return self


def add_variants(
    controller: str | Path,
    training_set: TrainingSet,
    settings: VariantSearchSettings,
    *,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Controller:
    """Find variants of a controller.

    Args:
        controller: Name or file of the controller.
        training_set: Bodies that score the variants. A test split must not be among them.
        settings: How variants are found.
        report: Function that receives the number of bodies done and the number of all bodies.

    Returns:
        The controller with the variants. Its provenance says how they were found.

    Raises:
        TrainingError: With ``more``, the controller already has as many variants.
        ControllerError: There is no such controller.

    Examples:
        Two variants, scored by one body; the defaults score many more:

        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet((sample_body(rng), sample_body(rng)), ("sampled",) * 2)
        >>> settings = VariantSearchSettings(variants=2, drawn=3, bodies=1, episodes=1, n_workers=1)
        >>> add_variants("flat-v0", bodies, settings).n_variants
        2
    """
    loaded = Controller.load(controller)
    width = context_dim(loaded.context)
    first = np.ones((1, width), np.float32)
    if settings.more and loaded.variants is not None:
        first = loaded.variants
    if len(first) + settings.more > settings.variants:
        raise TrainingError(
            f"variants: expected more than the {len(first)} that the controller has, got"
            f" {settings.variants}; set more=false to replace them"
        )
    # The second number makes the draws differ from those that the same seed gave before.
    rng = np.random.default_rng([settings.seed, len(first)] if settings.more else settings.seed)
    noise = rng.standard_normal((settings.drawn, width))
    drawn = (1.0 + settings.spread * noise).astype(np.float32)
    drawn[: len(first)] = first
    size = min(settings.bodies, len(training_set))
    chosen: list[int] = rng.choice(len(training_set), size=size, replace=False).tolist()
    graphs = [training_set.graphs[body] for body in sorted(chosen)]
    scores = _scores(graphs, find(controller), drawn, settings, report)
    kept = complementary(scores, settings.variants, first=len(first))
    best = [scores[:, kept[: number + 1]].max(axis=1).mean() for number in range(len(kept))]
    made = {
        **settings.to_dict(),
        "kept": kept,
        "mean of the best of the first": [round(float(score), 1) for score in best],
    }
    del made["n_workers"]
    if settings.more:
        made["before"] = loaded.provenance.get("variants")
    return replace(loaded, variants=drawn[kept], provenance={**loaded.provenance, "variants": made})


def complementary(scores: NDArray[np.float64], number: int, *, first: int = 1) -> list[int]:
    """Columns of which each adds most to the best of the columns before it.

    Every row has the same weight: what counts is the share of its best score.

    Args:
        scores: (bodies, variants) mean returns.
        number: Number of columns to keep, at most as many as there are.
        first: Number of columns that are kept in any case and come first.

    Returns:
        Indices of the columns, ``number`` in all.

    Examples:
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
    """What a worker does: mean returns of bodies under every variant."""

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
