"""Evaluation of a controller: returns of many bodies under mean actions, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.controller.halving import select_variant
from hyperdistill_core.evaluation.checkpoint_policies import CheckpointPolicies
from hyperdistill_core.evaluation.statistics import bootstrap_interval
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.parallel import map_in_workers
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.rollout.policy import WrappedPolicy
from hyperdistill_core.tasks import get_task
from hyperdistill_core.tasks.sight import ahead

if TYPE_CHECKING:
    import networkx as nx

#: A body fails if its return is below this share of the mean over all bodies.
_FAILURE_SHARE = 0.1


@dataclass(frozen=True)
class Evaluation:
    """Rollouts of many bodies under one controller.

    Attributes:
        rollouts: One rollout for each body, in the order of the bodies.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> result = evaluate([body], "flat-v2", episodes=1, n_workers=1)
        >>> list(result.summary())[:4]
        ['bodies', 'mean', 'low', 'high']
    """

    rollouts: tuple[Rollout, ...]

    @property
    def scores(self) -> NDArray[np.float64]:
        """(bodies,) mean return of each body."""
        return np.array([result.score for result in self.rollouts])

    def interval(self, *, seed: int = 0) -> tuple[float, float]:
        """95% bootstrap interval of the mean over bodies.

        Args:
            seed: Seed of the resamples.
        """
        return bootstrap_interval(np.mean, self.scores, seed=seed)

    def summary(self) -> dict[str, float]:
        """Figures for a table.

        Returns:
            Number of ``bodies``; ``mean``, its 95% interval ``low`` .. ``high``, ``median``,
            ``worst`` and ``best`` of the scores; ``falls``, the share of episodes that end with a
            fall; ``failure_rate``, the share of bodies that score below a tenth of the mean, NaN
            unless the mean is positive.
        """
        low, high = self.interval()
        mean = float(self.scores.mean())
        failed = float((self.scores < _FAILURE_SHARE * mean).mean())
        return {
            "bodies": len(self.rollouts),
            "mean": mean,
            "low": low,
            "high": high,
            "median": float(np.median(self.scores)),
            "worst": float(self.scores.min()),
            "best": float(self.scores.max()),
            "falls": float(np.mean([result.fell.mean() for result in self.rollouts])),
            "failure_rate": failed if mean > 0.0 else math.nan,
        }


def paired_ratio(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], *, seed: int = 0
) -> tuple[float, float, float]:
    """Ratio of two mean scores of the same bodies, with its 95% bootstrap interval.

    Args:
        ours: (bodies,) scores of the numerator.
        theirs: (bodies,) scores of the denominator. The bootstrap draws bodies, each with both
            of its scores.
        seed: Seed of the resamples.

    Returns:
        The ratio and the lower and upper bound of its interval; NaN for all unless both means are
        positive.

    Examples:
        >>> ratio, low, high = paired_ratio(np.array([2.0, 4.0]), np.array([4.0, 8.0]))
        >>> (ratio, low, high)
        (0.5, 0.5, 0.5)
    """
    if min(ours.mean(), theirs.mean()) <= 0.0:
        return math.nan, math.nan, math.nan
    low, high = bootstrap_interval(_ratio_of_means, ours, theirs, seed=seed)
    return _ratio_of_means(ours, theirs), low, high


def evaluate(
    graphs: Sequence[nx.DiGraph[str]],
    checkpoint: str | Path,
    *,
    task: str = "flat",
    episodes: int = 4,
    seed: int = 0,
    variants: Sequence[int] | None = None,
    blind: bool = False,
    n_workers: int | None = None,
) -> Evaluation:
    """Run bodies under the mean actions of a controller or a teacher.

    Args:
        graphs: The bodies.
        checkpoint: Name or file of a controller, or file of a teacher.
        task: Name of the task.
        episodes: Number of episodes of each body.
        seed: Seed of the episodes' initial states.
        variants: Number of the controller's variant for each body. None means variant 0 for all.
        blind: Whether a controller or a teacher that sees gets zeros in place of height samples,
            and a goal far ahead.
        n_workers: Number of worker processes. None means one for each core.

    Raises:
        ControllerError: There is no such controller.
        CheckpointError: The file is not a checkpoint.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> result = evaluate(bodies, "flat-v2", episodes=1, n_workers=1)
        >>> result.scores.shape
        (2,)
    """
    setup = partial(
        _BodyEvaluator, str(checkpoint), task=task, episodes=episodes, seed=seed, blind=blind
    )
    items = list(zip(graphs, variants or [0] * len(graphs), strict=True))
    return Evaluation(tuple(map_in_workers(setup, items, workers=n_workers)))


def select_variants(
    graphs: Sequence[nx.DiGraph[str]],
    checkpoint: str | Path,
    *,
    best_of: int,
    task: str = "flat",
    seed: int = 0,
    n_workers: int | None = None,
) -> list[int]:
    """Select for each body the variant of a controller that moves it best.

    Args:
        graphs: The bodies.
        checkpoint: Name or file of a controller, or file of a teacher, which has one variant.
        best_of: Number of variants that are tried, see
            :func:`hyperdistill_core.controller.select_variant`.
        task: Name of the task.
        seed: Seed of the episodes' initial states.
        n_workers: Number of worker processes. None means one for each core.

    Returns:
        Number of the variant of each body.

    Raises:
        ControllerError: There is no such controller, or it has fewer variants.
        TrainingError: The checkpoint is a teacher's and ``best_of`` is above 1.
        CheckpointError: The file is not a checkpoint.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> select_variants([sample_body(np.random.default_rng(0))], "flat-v2", best_of=1)
        [0]
    """
    CheckpointPolicies.load(checkpoint).require_variants(best_of)
    if best_of == 1:
        return [0] * len(graphs)
    setup = partial(_VariantSelector, str(checkpoint), task=task, best_of=best_of, seed=seed)
    return list(map_in_workers(setup, graphs, workers=n_workers))


def score_policies(
    bodies: Sequence[tuple[nx.DiGraph[str], BodyMLP]],
    *,
    task: str = "flat",
    episodes: int = 4,
    seed: int = 0,
    n_workers: int | None = None,
) -> NDArray[np.float64]:
    """Run bodies, each under a network of its own.

    Args:
        bodies: The bodies and their networks.
        task: Name of the task.
        episodes: Number of episodes of each body.
        seed: Seed of the episodes' initial states.
        n_workers: Number of worker processes. None means one for each core.

    Returns:
        (bodies,) mean returns.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> network = Controller.load("flat-v2").for_body(body, get_task("flat").model(body))
        >>> scores = score_policies([(body, network)], episodes=1, n_workers=1)
        >>> bool(scores[0] == evaluate([body], "flat-v2", episodes=1, n_workers=1).scores[0])
        True
    """
    setup = partial(_PolicyScorer, task=task, episodes=episodes, seed=seed)
    return np.array(list(map_in_workers(setup, bodies, workers=n_workers)))


def _ratio_of_means(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    return float(ours.mean() / theirs.mean())


class _Blind(WrappedPolicy):
    """A policy that sees flat ground and a goal far ahead, whatever there is."""

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """See :meth:`SeeingPolicy.act`."""
        seen = np.tile(ahead(self.terrain_dim), (len(state), 1))
        return super().act(state, seen, time=time)


class _BodyEvaluator:
    """What a worker of an evaluation does: rollouts of bodies under one checkpoint."""

    def __init__(
        self, checkpoint: str, *, task: str, episodes: int, seed: int, blind: bool
    ) -> None:
        self._blind = blind
        self._policies = CheckpointPolicies.load(checkpoint)
        self._task, self._episodes, self._seed = get_task(task), episodes, seed

    def __call__(self, item: tuple[nx.DiGraph[str], int]) -> Rollout:
        graph, variant = item
        policy = self._policies.for_body(graph, self._task, variant=variant)
        if self._blind and isinstance(policy, BodyMLP):
            policy = policy.on_flat_ground(ahead(policy.terrain_dim))
        elif self._blind:
            policy = _Blind(policy)
        return rollout(graph, policy, task=self._task, episodes=self._episodes, seed=self._seed)


class _VariantSelector:
    """What a worker does that selects variants of one controller for bodies."""

    def __init__(self, controller: str, *, task: str, best_of: int, seed: int) -> None:
        self._controller = Controller.load(controller)
        self._task, self._best_of, self._seed = get_task(task), best_of, seed

    def __call__(self, graph: nx.DiGraph[str]) -> int:
        return select_variant(
            graph, self._controller, task=self._task, best_of=self._best_of, seed=self._seed
        )


class _PolicyScorer:
    """What a worker does that scores bodies, each under its own network."""

    def __init__(self, *, task: str, episodes: int, seed: int) -> None:
        self._task, self._episodes, self._seed = get_task(task), episodes, seed

    def __call__(self, item: tuple[nx.DiGraph[str], BodyMLP]) -> float:
        graph, policy = item
        run = rollout(graph, policy, task=self._task, episodes=self._episodes, seed=self._seed)
        return run.score
