"""Scores of many bodies: in this process, on worker processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import networkx as nx

from codesign import defaults
from codesign.cluster import ClusterSettings, start_backend
from codesign.config import Racing, Settings
from codesign.scoring.broods import Sibling, best_child
from codesign.scoring.controllers import find_controller, load_controller
from codesign.scoring.fingerprint import fingerprint
from codesign.scoring.racing import require_bounds
from codesign.scoring.record import ScoreRecord
from codesign.scoring.scorer import BodyScorer
from codesign.scoring.several_tasks import (
    AS_IT_IS,
    REFERENCE_EPISODES,
    REFERENCE_SEED,
    Aggregate,
    Scale,
    combined,
    reference_bodies,
    scale_of,
)
from hyperdistill_core.parallel import Backend, Outcome
from hyperdistill_core.tasks import get_task, pinned_task
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from hyperdistill_core.nets.mlp import BodyMLP


@dataclass(frozen=True)
class _Item:
    """A body with its controller, and the options of :meth:`BodyScorer.__call__`."""

    controller: str | Path
    graph: nx.DiGraph[str]
    seed: int | None
    episodes: int | None
    threshold: float | None
    preferred_variants: Sequence[int]
    variant: int | None
    best_of: int | None
    policy: BodyMLP | None
    siblings: Sequence[Sibling]


#: The records of a body, one a task.
_Parts: TypeAlias = tuple[ScoreRecord, ...]


class _Worker:
    """Scores items in a worker process, on each task.

    Args:
        tasks: Names of the tasks.
        controller: Name of a shipped controller, or path of a controller file.
        options: Other arguments of :class:`BodyScorer`.
    """

    def __init__(self, *, tasks: Sequence[str], controller: str | Path, **options: Any) -> None:
        self._tasks, self._options = tasks, options
        self._load(controller)

    def _load(self, controller: str | Path) -> None:
        loaded = load_controller(controller)
        self._scorers = [
            BodyScorer(task=task, controller=loaded, **self._options) for task in self._tasks
        ]
        # Last, so that a worker that cannot load it does not score with the one before.
        self._controller = controller

    def __call__(self, item: _Item) -> _Parts:
        if item.controller != self._controller:
            self._load(item.controller)
        if not item.siblings:
            return self._scored(item)
        first = Sibling(item.graph, item.variant)
        chosen, steps, seconds = best_child(self._scorers[0], (first, *item.siblings))
        parts = self._scored(replace(item, graph=chosen.graph, variant=chosen.variant))
        return tuple(
            replace(part, steps=part.steps + steps, seconds=part.seconds + seconds)
            for part in parts
        )

    def _scored(self, item: _Item) -> _Parts:
        return tuple(
            scorer(
                item.graph,
                seed=item.seed,
                episodes=item.episodes,
                threshold=item.threshold,
                preferred_variants=item.preferred_variants,
                variant=item.variant,
                best_of=item.best_of,
                policy=item.policy,
            )
            for scorer in self._scorers
        )


class ScoringPool:
    """Scores bodies on workers, each of which loads the controller once.

    The pool is a context manager. A worker that dies, or that exceeds the time limit and is
    killed, is replaced. A body that costs two workers gets a record of status "failed".

    Args:
        workers: Number of worker processes; 0 scores in this process.
        controller: Name of a shipped controller, or path of a controller file.
        task: Name of the task.
        tasks: Names of several tasks in place of ``task``. Records are then those of
            :func:`codesign.scoring.combined`, on the scales that :meth:`use_scales` sets; until
            then every score stays as it is.
        aggregate: How one score is made of those on several tasks.
        episodes: Episodes of a score, at least 1.
        seed: Seed of the episodes' initial states.
        robustness: Whether to measure robustness too.
        racing: Settings of racing, for bodies that are submitted with a threshold.
        best_of: Number of controller variants to try on each body before the best one is
            scored. None means :data:`codesign.defaults.BEST_OF`, or all variants if the
            controller has fewer.
        variants: Number of controller variants that bodies may be submitted with.
        time_limit: Longest time for the scoring of a body on one task (s); None for no limit. The
            records of
            bodies that take about this long depend on the machine, so it should be generous.
        cluster: Cluster to score on instead; ``workers`` is then ignored.

    Attributes:
        controller: Name or path of the controller of the bodies that are submitted now.
        tasks: Names of the tasks.

    Raises:
        UnknownNameError: No task has this name.
        UsageError: No controller has this name or path, or its file cannot be read.
        UsageError: The controller has fewer variants than ``best_of`` or ``variants``.
        UsageError: A task does not reward moving along x, so that nothing can race.
        UsageError: The cluster does not exist, or its workers have other versions of the code or
            of the controller.
        RunError: The cluster has no workers.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> with ScoringPool(workers=0, episodes=2) as pool:
        ...     [record.status for record in pool.map(bodies)]
        ['ok', 'ok']
    """

    def __init__(
        self,
        *,
        workers: int,
        controller: str | Path = defaults.CONTROLLER,
        task: str = defaults.TASK,
        tasks: Sequence[str] = (),
        aggregate: Aggregate = "mean",
        episodes: int = defaults.EPISODES,
        seed: int = 0,
        robustness: bool = False,
        racing: Racing | None = None,
        best_of: int | None = 1,
        variants: int = 1,
        time_limit: float | None = defaults.TIME_LIMIT,
        cluster: ClusterSettings | None = None,
    ) -> None:
        self.tasks = tuple(map(pinned_task, tuple(tasks) or (task,)))
        self._aggregate: Aggregate = aggregate
        self._scales = dict.fromkeys(self.tasks, AS_IT_IS)
        self._failed = [
            partial(
                ScoreRecord.failed,
                task=name,
                controller_hash="",
                episodes=episodes,
                seed=seed,
                worst_score=get_task(name).worst_score,
            )
            for name in self.tasks
        ]
        if racing is not None:
            for name in self.tasks:
                require_bounds(get_task(name))
        find_controller(controller)  # refuses a mistyped name before the workers start
        setup = partial(
            _Worker,
            controller=controller,
            tasks=self.tasks,
            episodes=episodes,
            seed=seed,
            robustness=robustness,
            racing=racing,
            best_of=best_of,
            variants=variants,
        )
        self.controller = controller
        self._items: dict[Hashable, _Item] = {}
        self._backend: Backend[_Item, _Parts] = start_backend(
            setup,
            workers=workers,
            time_limit=None if time_limit is None else time_limit * len(self.tasks),
            cluster=cluster,
            fingerprint=partial(fingerprint, controller),
        )

    @classmethod
    def of_campaign(cls, settings: Settings, *, max_workers: int | None = None) -> Self:
        """The pool that a campaign's settings describe.

        Args:
            settings: Settings of the campaign.
            max_workers: Upper limit of the worker processes; None for the settings' number.

        Raises:
            Exception: See the class.
            UsageError: Broods on a task that does not reward moving along x.
        """
        if settings.brood > 1:  # (settings know shipped tasks; a custom one is imported here)
            require_bounds(get_task(settings.task), what="brood", instead="brood=1")
        workers = settings.workers if max_workers is None else min(settings.workers, max_workers)
        return cls(
            workers=workers,
            controller=settings.controller,
            task=settings.task,
            tasks=settings.tasks,
            aggregate=settings.aggregate,
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
        """Number of bodies that are scored at the same time."""
        return self._backend.parallelism

    @property
    def location(self) -> str:
        """Where bodies are scored, in words."""
        return self._backend.location

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the machines that score: processors that differ from this one."""
        return getattr(self._backend, "warnings", ())

    @property
    def idle(self) -> int:
        """Number of bodies that can be submitted now."""
        return self._backend.idle

    @property
    def busy(self) -> bool:
        """Whether any submitted body has not been collected yet."""
        return self._backend.busy

    def use_scales(self, scales: Mapping[str, Scale]) -> None:
        """Place the scores on several tasks on scales, from now on.

        Args:
            scales: The scale of each task of the pool.

        Raises:
            ValueError: The scales are of other tasks.
        """
        if set(scales) != set(self.tasks):
            raise ValueError(
                f"scales: expected those of {', '.join(self.tasks)}, got {', '.join(scales)}"
            )
        self._scales = dict(scales)

    def use_controller(self, controller: str | Path) -> None:
        """Score the bodies that are submitted from now on with another controller.

        Args:
            controller: Name of a shipped controller, or path of a controller file, where every
                worker can read it.

        Raises:
            UsageError: No controller has this name or path.
        """
        find_controller(controller)
        self.controller = controller

    def measure_scales(self) -> dict[str, Scale]:
        """The scales of the pool's tasks: reference bodies are scored on each of them.

        They depend on the tasks and the controller alone, not on the pool's seed and episodes.

        Raises:
            UsageError: Most reference bodies do not simulate, or all score 0.
        """
        bodies = reference_bodies()
        records: dict[int, ScoreRecord] = {}
        for index, body in enumerate(bodies):
            if not self.idle:
                records.update(self.collect())
            self.submit(index, body, seed=REFERENCE_SEED, episodes=REFERENCE_EPISODES, variant=0)
        while self.busy:
            records.update(self.collect())
        return {
            task: scale_of([records[index].parts[place] for index in range(len(bodies))])
            for place, task in enumerate(self.tasks)
        }

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
        best_of: int | None = None,
        policy: BodyMLP | None = None,
        siblings: Sequence[Sibling] = (),
    ) -> None:
        """Start the scoring of a body.

        Args:
            key: Key that :meth:`collect` returns with the record.
            graph: The body.
            seed: Seed for this body alone; None takes the pool's.
            episodes: Episodes for this body alone; None takes the pool's.
            threshold: Score that the body must be able to reach, or racing prunes it. None
                never prunes.
            preferred_variants: Variants to try first, if several are tried.
            variant: Variant to score. None selects one out of the pool's ``best_of``.
            best_of: Number of variants to try on this body alone, of those that the controller
                has; None takes the pool's.
            policy: Network that acts instead of the one that the controller generates.
            siblings: Other bodies: a short episode of each chooses the one that is scored, on a
                single task. The hash of the record says which.

        Raises:
            RuntimeError: No worker is idle.
        """
        item = _Item(
            self.controller,
            graph,
            seed,
            episodes,
            threshold,
            preferred_variants,
            variant,
            best_of,
            policy,
            siblings,
        )
        self._backend.submit(key, item)
        self._items[key] = item

    def collect(self) -> list[tuple[Any, ScoreRecord]]:
        """Wait for at least one score; the keys and records of all that are complete."""
        return [
            (outcome.key, self._record(self._items.pop(outcome.key), outcome))
            for outcome in self._backend.collect()
        ]

    def map(
        self,
        graphs: Iterable[nx.DiGraph[str]],
        *,
        threshold: float | None = None,
        variants: Sequence[int | None] | None = None,
    ) -> list[ScoreRecord]:
        """Score bodies and wait for all of them.

        Args:
            graphs: The bodies.
            threshold: Score that each body must be able to reach, or racing prunes it. None
                never prunes.
            variants: Variant to score for each body; None selects one out of ``best_of``.

        Returns:
            One record for each body, in order.

        Raises:
            ValueError: There are more or fewer ``variants`` than bodies.
        """
        records: dict[int, ScoreRecord] = {}
        chosen = repeat(None) if variants is None else variants
        for index, (graph, variant) in enumerate(zip(graphs, chosen, strict=variants is not None)):
            if not self.idle:
                records.update(self.collect())
            self.submit(index, graph, threshold=threshold, variant=variant)
        while self.busy:
            records.update(self.collect())
        return [records[index] for index in range(len(records))]

    def scores_and_lengths(self, graphs: Sequence[nx.DiGraph[str]]) -> list[tuple[float, float]]:
        """Mean return and mean length of an episode, in control steps, of each body.

        A training set chooses its bodies by them.

        Args:
            graphs: The bodies.
        """
        return [(record.score, fmean(record.lengths or [0])) for record in self.map(graphs)]

    def close(self) -> None:
        """Stop the workers at once."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _record(self, item: _Item, outcome: Outcome[_Parts]) -> ScoreRecord:
        parts = outcome.result
        if parts is None:
            options = {"seed": item.seed, "episodes": item.episodes}
            known: dict[str, Any] = {n: value for n, value in options.items() if value is not None}
            known |= {"robot": "", "hash": body_hash(item.graph), "variant": item.variant or 0}
            known["controller"] = str(item.controller)
            parts = [failed(**known, warnings=(outcome.error or "",)) for failed in self._failed]
        if len(parts) == 1:
            return parts[0]
        return combined(parts, scales=self._scales, aggregate=self._aggregate)


def score(
    graphs: Iterable[nx.DiGraph[str]],
    *,
    controller: str | Path = defaults.CONTROLLER,
    task: str = defaults.TASK,
    episodes: int = defaults.EPISODES,
    seed: int = 0,
    best_of: int | None = None,
    workers: int = 1,
) -> list[ScoreRecord]:
    """Score bodies under a controller that needs no training for them.

    Args:
        graphs: The bodies.
        controller: Name of a shipped controller, or path of a controller file.
        task: Name of the task.
        episodes: Episodes of a score, at least 1.
        seed: Seed of the episodes' initial states.
        best_of: Number of controller variants to try on each body before the best one is
            scored. None, the default, means :data:`codesign.defaults.BEST_OF`, or all variants
            if the controller has fewer.
        workers: Number of worker processes; 1 scores in this process. A script that asks for
            more needs the usual ``if __name__ == "__main__":``.

    Returns:
        One record for each body, in order.

    Raises:
        UnknownNameError: No task has this name.
        UsageError: No controller has this name or path, or its file cannot be read.
        UsageError: The controller has fewer variants than ``best_of``.
        ValueError: ``episodes`` or ``workers`` is below 1.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> [record] = score([body], controller="flat-v2", episodes=2, best_of=1)
        >>> record.episodes, record.controller, record.status
        (2, 'flat-v2', 'ok')
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
