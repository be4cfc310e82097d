"""Scores of single bodies in this process."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from codesign import defaults
from codesign.config import Racing
from codesign.errors import UsageError, require_integers
from codesign.scoring.controllers import load_controller, require_variants, resolve_best_of
from codesign.scoring.instability import likely_cause
from codesign.scoring.perturbations import PERTURBATIONS, SCORE_WHEN
from codesign.scoring.racing import SCREENING, Pruned, race, require_bounds
from codesign.scoring.record import IMPORT, OUT_OF_DISTRIBUTION, ScoreRecord
from hyperdistill_core.evaluation.statistics import confidence_interval
from morph_ops import graph as body_graph
from morph_ops._messages import failure
from morph_ops.identity import body_hash
from morph_ops.validity import require_well_formed, suspicions

if TYPE_CHECKING:
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.rollout import Policy, Rollout


#: Most episodes of a score.
MOST_EPISODES = 1_000_000
#: Unlikeness from which a zero-shot score says little.
FAR = 99.0


class BodyScorer:
    """Scores bodies one by one in this process; the controller is loaded once.

    Args:
        controller: Name of a shipped controller, path of a controller file, or a controller.
        task: Name of the task.
        episodes: Episodes of a score, at least 1.
        seed: Seed of the episodes' initial states. Episode k of a seed starts alike for every
            body, so that scores can be compared.
        robustness: Whether to measure robustness too; this takes as many episodes again for
            each perturbation.
        racing: Settings of racing, for bodies that are scored with a threshold. None, the
            default, never prunes.
        best_of: Number of controller variants to try on each body before the best one is
            scored (:func:`hyperdistill_core.controller.select_variant`). None means
            :data:`codesign.defaults.BEST_OF`, or all variants if the controller has fewer.
        variants: Number of controller variants that bodies may come with.

    Raises:
        UnknownNameError: No task has this name.
        UsageError: No controller has this name or path, or its file cannot be read.
        UsageError: The controller has fewer variants than ``best_of`` or ``variants``.
        UsageError: The task does not reward moving along x, so that nothing can race.
        UsageError: ``episodes`` is below 1 or above :data:`MOST_EPISODES`.
        UsageError: A number is no integer.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> scorer = BodyScorer(controller="flat-v2", episodes=2)
        >>> record = scorer(sample_body(np.random.default_rng(0)), robot="first try")
        >>> record.robot, record.status, len(record.returns)
        ('first try', 'ok', 2)
    """

    def __init__(
        self,
        *,
        controller: str | Path | Controller = defaults.CONTROLLER,
        task: str = defaults.TASK,
        episodes: int = defaults.EPISODES,
        seed: int = 0,
        robustness: bool = False,
        racing: Racing | None = None,
        best_of: int | None = 1,
        variants: int = 1,
    ) -> None:
        from hyperdistill_core.tasks import get_task

        _require_episodes(episodes, seed)
        require_integers(variants=variants, best_of=1 if best_of is None else best_of)
        self._task = get_task(task)
        if racing is not None:
            require_bounds(self._task)
        named = isinstance(controller, str | Path)
        self._controller = load_controller(controller) if named else controller
        self._best_of = resolve_best_of(self._controller, best_of)
        require_variants(self._controller, variants, what="variants")
        self._episodes, self._seed = int(episodes), int(seed)
        self._racing = racing
        self._perturbations = PERTURBATIONS if robustness else {}

    def __call__(
        self,
        graph: nx.DiGraph[str],
        *,
        robot: str = "",
        seed: int | None = None,
        episodes: int | None = None,
        threshold: float | None = None,
        preferred_variants: Sequence[int] = (),
        variant: int | None = None,
        best_of: int | None = None,
        policy: Policy | None = None,
    ) -> ScoreRecord:
        """Score a body. An error during the scoring becomes a record of status "failed".

        Args:
            graph: The body.
            robot: Name of the robot, for the record.
            seed: Seed for this body alone; None takes the scorer's.
            episodes: Episodes for this body alone; None takes the scorer's.
            threshold: Score that the body must be able to reach, or racing prunes it. None
                never prunes; :data:`~codesign.scoring.racing.SCREENING` prunes after one short
                episode, also where nothing races.
            preferred_variants: Variants to try first, if several are tried.
            variant: Variant to score. None selects one out of ``best_of``. For the percentile it
                counts as one that was selected like that.
            best_of: Number of variants to try on this body alone, of those that the controller
                has; None takes the scorer's.
            policy: Policy that acts instead of the network that the controller generates, such
                as that network after fine-tuning.

        Raises:
            BodyError: The graph is so wrong that it has no hash; the message says what it lacks.
            UsageError: ``seed`` or ``episodes`` is no integer, or out of range.
        """
        episodes = self._episodes if episodes is None else episodes
        seed = self._seed if seed is None else seed
        _require_episodes(episodes, seed)
        blank = ScoreRecord.failed(
            robot=robot,
            hash=_hash(graph),
            task=self._task.name,
            controller=self._controller.name,
            controller_hash=self._controller.hash,
            episodes=int(episodes),
            seed=int(seed),
            worst_score=self._task.worst_score,
            variant=0 if variant is None else variant,
        )
        run = _CountedRollouts(task=self._task, episodes=blank.episodes, seed=blank.seed)
        count = self._best_of if best_of is None else min(best_of, self._controller.n_variants)
        try:
            if variant is None:
                variant = self._select_variant(graph, blank.seed, preferred_variants, run, count)
            record = self._simulate(graph, replace(blank, variant=variant), threshold, run, policy)
            return record if policy else self._with_percentile(record, count)
        except Exception as error:
            return replace(blank, warnings=(failure(error),))

    def _simulate(
        self,
        graph: nx.DiGraph[str],
        blank: ScoreRecord,
        threshold: float | None,
        run: _CountedRollouts,
        policy: Policy | None,
    ) -> ScoreRecord:
        model = self._task.model(graph)
        outside = self._controller.warnings(graph)
        remedy = ""
        if policy is None:
            remedy = "; fine-tuning tells more than this score: --finetune STEPS"
            policy = self._controller.for_body(graph, model, variant=blank.variant)
            outside = [*self._controller.floor_warnings(self._task), *outside]
        unlikeness = self._controller.unlikeness(graph, model)
        warnings = [*self._task.notes, *suspicions(graph)]
        warnings += [f"{IMPORT}: {note}" for note in body_graph.import_notes(graph)]
        warnings += [f"{OUT_OF_DISTRIBUTION}: {warning}" for warning in outside]
        if unlikeness is not None and unlikeness >= FAR:
            warnings.append(
                f"{OUT_OF_DISTRIBUTION}: farther from the training bodies than {FAR:.0f}% of them"
                f"{remedy}"
            )
        blank = replace(blank, warnings=tuple(warnings))
        run_body = partial(run, graph, policy)
        first = None
        racing = self._racing or (Racing() if threshold == SCREENING else None)
        if racing is not None and threshold is not None:
            first = race(run_body, self._task, racing, threshold, blank.episodes)
            if isinstance(first, Pruned):
                record = _pruned(blank, first, threshold)
                return replace(record, steps=run.steps, seconds=run.seconds)
        result = _complete(partial(run_body, measure_gait=True), first, blank.episodes)
        measured = _measured(result)
        if unlikeness is not None:
            measured["metrics"]["unlikeness"] = unlikeness
        if result.unstable:
            cause = likely_cause(graph, model)
            blank = replace(blank, warnings=(*blank.warnings, cause))
        if self._perturbations and not result.unstable:
            measured["metrics"] |= self._robustness(partial(run, graph), policy, blank.seed)
        return replace(blank, **measured, steps=run.steps, seconds=run.seconds)

    def _with_percentile(self, record: ScoreRecord, best_of: int) -> ScoreRecord:
        """The record with the share of reference bodies that score less, where it is known."""
        known = self._controller.reference_scores
        if known is None or known.task != self._task.name or record.status == "pruned":
            return record
        percentile = known.percentile(record.score, best_of=best_of)
        if percentile is None:
            return record
        return replace(record, metrics={**record.metrics, "percentile": percentile})

    def _robustness(
        self, run: Callable[..., Rollout], policy: Policy, seed: int
    ) -> dict[str, float]:
        """Scores under each perturbation, and their mean."""
        deviation = self._controller.normalization.scale
        scores = {
            f"{SCORE_WHEN}{name}": run(policy, perturbation=perturbation.sensing(deviation)).score
            for name, perturbation in self._perturbations.items()
        }
        return {**scores, "robustness": fmean(scores.values())}

    def _select_variant(
        self,
        graph: nx.DiGraph[str],
        seed: int,
        preferred_variants: Sequence[int],
        run: _CountedRollouts,
        best_of: int,
    ) -> int:
        from hyperdistill_core.controller import select_variant

        return select_variant(
            graph,
            self._controller,
            task=self._task,
            best_of=best_of,
            seed=seed,
            preferred_variants=preferred_variants,
            run=run,
        )


def _hash(graph: nx.DiGraph[str]) -> str:
    try:
        return body_hash(graph)
    except Exception:
        require_well_formed(graph)  # says what is wrong
        raise


def _require_episodes(episodes: int, seed: int) -> None:
    """Refuse a number of episodes, or a seed, that no rollout can have."""
    require_integers(episodes=episodes, seed=seed)
    if not 1 <= episodes <= MOST_EPISODES:
        raise UsageError(f"episodes: expected 1 .. {MOST_EPISODES}, got {episodes}")
    if seed < 0:
        raise UsageError(f"seed: expected at least 0, got {seed}")


class _CountedRollouts:
    """Rollouts of one body, with the control steps and the time of all of them.

    Args:
        options: Options of :func:`hyperdistill_core.rollout.rollout` that calls may replace.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.steps = 0
        self.seconds = 0.0

    def __call__(self, graph: nx.DiGraph[str], policy: Any, **options: Any) -> Rollout:
        from hyperdistill_core.rollout import rollout

        result = rollout(graph, policy, **self._options | options)
        self.steps += result.control_steps
        self.seconds += result.seconds
        return result


def _complete(run: Callable[..., Rollout], first: Rollout | None, episodes: int) -> Rollout:
    """All episodes of a score, after the first ones that a race has simulated."""
    if first is not None:
        done = len(first.returns)
        rest = run(first_episode=done, episodes=episodes - done)
        if not rest.unstable:
            return first.joined(rest)
    return run()


def _pruned(blank: ScoreRecord, race: Pruned, threshold: float) -> ScoreRecord:
    """The record of a body that racing pruned."""
    measured = _measured(race.rollout)
    measured["status"] = "pruned"
    bound, margin = race.bound.score, race.bound.confidence_margin
    measured["metrics"] = {"upper_bound": bound, "confidence_margin": margin}
    episodes, steps = len(race.rollout.returns), max(race.rollout.lengths)
    warning = f"pruned after {episodes} episode(s) of up to {steps} control steps"
    warning += f": upper bound {bound:.1f}"
    if threshold < SCREENING:
        warning += f", threshold {threshold:.1f}"
    return replace(blank, **measured, episodes=episodes, warnings=(*blank.warnings, warning))


def _measured(result: Rollout) -> dict[str, Any]:
    """Fields of a record from a rollout."""
    returns = tuple(map(float, result.returns))
    return {
        "score": result.score,
        "ci95": confidence_interval(returns),
        "returns": returns,
        "lengths": tuple(map(int, result.lengths)),
        "fell": tuple(map(bool, result.fell)),
        "terms": {name: fmean(map(float, values)) for name, values in result.terms.items()},
        "speed": fmean(map(float, result.speed)),
        "distance": fmean(map(float, result.distance)),
        **_gait_fields(result),
        "status": "unstable" if result.unstable else "ok",
    }


def _gait_fields(result: Rollout) -> dict[str, Any]:
    gait = result.gait
    if gait is None:
        return {"metrics": {}, "duty_factors": ()}
    metrics = {
        name: float(getattr(gait, name).mean())
        for name in ("work", "height", "contact", "symmetry")
    }
    if math.isnan(metrics["work"]):  # (of actuators that are no motors)
        del metrics["work"]
    periods = gait.period[np.isfinite(gait.period)]
    if len(periods):
        metrics["period"] = float(np.median(periods))
    cost = gait.cost_of_transport(result.distance)
    if math.isfinite(cost):
        metrics["raw_cost_of_transport"] = cost
    return {
        "metrics": metrics,
        "duty_factors": tuple(gait.duty_factors.mean(axis=0).tolist()),
    }
