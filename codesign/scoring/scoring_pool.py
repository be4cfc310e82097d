"""Scoring many bodies: here, in worker processes or on a cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import networkx as nx

from codesign.cluster import ClusterSettings, start_backend
from codesign.config import Racing, Settings
from codesign.scoring.fingerprint import fingerprint
from codesign.scoring.record import ScoreRecord
from codesign.scoring.scorer import (
    DEFAULT_CONTROLLER,
    DEFAULT_EPISODES,
    DEFAULT_TASK,
    BodyScorer,
    find_controller,
)
from hyperdistill_core.parallel import Backend, Outcome
from morph_ops.identity import body_hash

DEFAULT_TIME_LIMIT = 300.0


@dataclass(frozen=True)
class _Item:
    graph: nx.DiGraph[str]
    seed: int | None
    episodes: int | None
    threshold: float | None
    preferred_variants: Sequence[int]
    variant: int | None


class _Worker:
    """What a worker process does with items."""

    def __init__(self, **settings: Any) -> None:
        self._scorer = BodyScorer(**settings)

    def __call__(self, item: _Item) -> ScoreRecord:
        return self._scorer(
            item.graph,
            seed=item.seed,
            episodes=item.episodes,
            threshold=item.threshold,
            preferred_variants=item.preferred_variants,
            variant=item.variant,
        )


class ScoringPool:
    """Scores bodies on workers, each of which loads the controller once.

    A context manager. A worker that dies, or hangs and is killed, is replaced; a body that
    costs two of them gets a record of status "failed".

    Args:
        workers: worker processes; 0 to work in this process, without any of that.
        controller: name of a shipped controller, or path of one.
        task: name of a task.
        episodes: episodes a body, at least 1.
        seed: of the episodes' starts.
        robustness: measure it as well.
        racing: how bodies are stopped that cannot reach the bar they are submitted with.
        best_of: variants of a body that are tried before the best of them is scored; None for
            :data:`~codesign.defaults.BEST_OF`, or all that the controller has.
        variants: that bodies may be submitted with, the first so many of the controller's.
        time_limit: a body may take so long (s), None for ever. Only for bodies that come near
            it does the record depend on the machine.
        cluster: score there instead; ``workers`` does not count then.

    Raises:
        UnknownNameError: there is no such task.
        UsageError: there is no such controller, its file cannot be read, or it has fewer
            variants than ``best_of`` or ``variants``; or no such cluster, or its workers have
            other versions or another controller.
        RunError: the cluster has no workers.
    """

    def __init__(
        self,
        *,
        workers: int,
        controller: str | Path = DEFAULT_CONTROLLER,
        task: str = DEFAULT_TASK,
        episodes: int = DEFAULT_EPISODES,
        seed: int = 0,
        robustness: bool = False,
        racing: Racing | None = None,
        best_of: int | None = 1,
        variants: int = 1,
        time_limit: float | None = DEFAULT_TIME_LIMIT,
        cluster: ClusterSettings | None = None,
    ) -> None:
        from hyperdistill_core.tasks import get_task

        self._failed = partial(
            ScoreRecord.failed,
            task=task,
            controller=str(controller),
            controller_hash="",
            episodes=episodes,
            seed=seed,
            worst_score=get_task(task).worst_score,
        )
        find_controller(controller)  # a mistyped name need not wait for the workers' start
        setup = partial(
            _Worker,
            controller=controller,
            task=task,
            episodes=episodes,
            seed=seed,
            robustness=robustness,
            racing=racing,
            best_of=best_of,
            variants=variants,
        )
        self._items: dict[Hashable, _Item] = {}
        self._pool: Backend[_Item, ScoreRecord] = start_backend(
            setup,
            workers=workers,
            time_limit=time_limit,
            cluster=cluster,
            fingerprint=partial(fingerprint, controller),
        )

    @classmethod
    def of_campaign(cls, settings: Settings, *, most_workers: int | None = None) -> Self:
        """The pool that a campaign's settings ask for.

        Args:
            settings: of the campaign.
            most_workers: fewer worker processes than they say will do.

        Raises:
            Exception: as the class.
        """
        workers = settings.workers if most_workers is None else min(settings.workers, most_workers)
        return cls(
            workers=workers,
            controller=settings.controller,
            task=settings.task,
            episodes=settings.episodes,
            seed=settings.seed,
            robustness=settings.needs_robustness,
            racing=settings.racing,
            best_of=settings.best_of,
            variants=settings.variants,
            time_limit=settings.time_limit,
            cluster=settings.cluster,
        )

    @property
    def parallelism(self) -> int:
        """How many bodies are scored at the same time, when there are enough."""
        return self._pool.parallelism

    @property
    def location(self) -> str:
        """Where bodies are scored, for people."""
        return self._pool.location

    @property
    def idle(self) -> int:
        """How many bodies can be submitted now."""
        return self._pool.idle

    @property
    def busy(self) -> bool:
        """Whether any body is being scored."""
        return self._pool.busy

    def submit(
        self,
        key: Hashable,
        graph: nx.DiGraph[str],
        *,
        seed: int | None = None,
        episodes: int | None = None,
        threshold: float | None = None,
        preferred_variants: Sequence[int] = (),
        variant: int | None = None,
    ) -> None:
        """Give a body to the workers.

        Args:
            key: what the record comes back under.
            graph: the body.
            seed: other than the pool's, for this body alone.
            episodes: likewise.
            threshold: score that it must be able to reach, where there is racing; None for any.
            preferred_variants: variants that are tried first, where several are.
            variant: the one that is scored; None finds it, by the pool's ``best_of``.

        Raises:
            RuntimeError: none of them is idle.
        """
        item = _Item(graph, seed, episodes, threshold, preferred_variants, variant)
        self._pool.submit(key, item)
        self._items[key] = item

    def collect(self) -> list[tuple[Any, ScoreRecord]]:
        """Wait until at least one body is scored; keys and records of all that are."""
        return [
            (outcome.key, self._record(self._items.pop(outcome.key), outcome))
            for outcome in self._pool.collect()
        ]

    def map(
        self,
        graphs: Iterable[nx.DiGraph[str]],
        *,
        threshold: float | None = None,
        variants: Sequence[int | None] | None = None,
    ) -> list[ScoreRecord]:
        """Records of ``graphs``, in their order; ``threshold`` as for :meth:`submit`.

        ``variants`` may name the variant of each, as :meth:`submit` takes it.
        """
        records: dict[int, ScoreRecord] = {}
        known = repeat(None) if variants is None else variants
        for index, (graph, variant) in enumerate(zip(graphs, known, strict=False)):
            if not self.idle:
                records.update(self.collect())
            self.submit(index, graph, threshold=threshold, variant=variant)
        while self.busy:
            records.update(self.collect())
        return [records[index] for index in range(len(records))]

    def close(self) -> None:
        """End the work at once."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _record(self, item: _Item, outcome: Outcome[ScoreRecord]) -> ScoreRecord:
        if outcome.result is not None:
            return outcome.result
        asked = {"seed": item.seed, "episodes": item.episodes}
        return self._failed(
            **{name: value for name, value in asked.items() if value is not None},
            robot="",
            hash=body_hash(item.graph),
            warnings=(outcome.error or "",),
            variant=item.variant or 0,
        )


def score(
    graphs: Iterable[nx.DiGraph[str]],
    *,
    controller: str | Path = DEFAULT_CONTROLLER,
    task: str = DEFAULT_TASK,
    episodes: int = DEFAULT_EPISODES,
    seed: int = 0,
    best_of: int | None = None,
    workers: int = 1,
) -> list[ScoreRecord]:
    """Score bodies under a controller that needs no training for them.

    Args:
        graphs: the bodies.
        controller: name of a shipped controller, or path of one.
        task: name of a task.
        episodes: episodes a body, at least 1.
        seed: of the episodes' starts.
        best_of: variants of a body that are tried before the best of them is scored; by default
            :data:`~codesign.defaults.BEST_OF`, or all that the controller has.
        workers: 1 to work in this process, more for so many worker processes; a script
            that asks for more needs the usual ``if __name__ == "__main__":``.

    Returns:
        One record a body, in order.

    Raises:
        UnknownNameError: there is no such task.
        UsageError: there is no such controller, its file cannot be read, or it has fewer
            variants than ``best_of``.
        ValueError: ``episodes`` or ``workers`` is below 1.
    """
    if workers < 1:
        raise ValueError(f"workers: expected at least 1, got {workers}")
    with ScoringPool(
        workers=workers if workers > 1 else 0,
        controller=controller,
        task=task,
        episodes=episodes,
        seed=seed,
        best_of=best_of,
    ) as pool:
        return pool.map(graphs)
