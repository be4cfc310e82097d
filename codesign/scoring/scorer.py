"""Scoring one body after the other in this process."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import networkx as nx

from codesign.config import Racing
from codesign.defaults import BEST_OF
from codesign.defaults import CONTROLLER as DEFAULT_CONTROLLER
from codesign.errors import UsageError
from codesign.interval import confidence_interval
from codesign.scoring.racing import SCREENING, Pruned, race
from codesign.scoring.record import OUT_OF_DISTRIBUTION, ScoreRecord
from codesign.scoring.robustness import PERTURBATIONS
from morph_ops._messages import one_line
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.rollout import Rollout

DEFAULT_TASK = "flat"
DEFAULT_EPISODES = 8


def find_controller(name: str | Path) -> Path:
    """The file of a controller, by its name or path; needs no torch.

    Raises:
        UsageError: there is no such controller.
    """
    from hyperdistill_core.controller.checkpoints import ControllerError, find

    try:
        return find(name)
    except ControllerError as error:
        raise UsageError(one_line(error)) from None


def require_variants(controller: Controller, wanted: int, *, what: str = "best_of") -> None:
    """Refuse a setting that wants more variants than a controller has.

    Raises:
        UsageError: it has fewer, or it is not even one.
    """
    from hyperdistill_core.controller.checkpoints import ControllerError

    try:
        controller.require_variants(wanted, what=what)
    except ControllerError as error:
        raise UsageError(one_line(error)) from None


def load_controller(name: str | Path) -> Controller:
    """A controller by its name or path.

    Raises:
        UsageError: there is no such controller, or its file cannot be read.
    """
    # Imported here: torch takes seconds, and the process that drives a pool needs none.
    from hyperdistill_core.controller.controller import Controller, ControllerError

    try:
        return Controller.load(name)
    except ControllerError as error:
        raise UsageError(one_line(error)) from None


def resolve_best_of(controller: Controller, best_of: int | None) -> int:
    """Variants to try of a body.

    Args:
        controller: that has them.
        best_of: so many; None for the usual number, or all where the controller has fewer.

    Raises:
        UsageError: it has fewer than ``best_of``.
    """
    if best_of is None:
        return min(BEST_OF, controller.n_variants)
    require_variants(controller, best_of)
    return best_of


class BodyScorer:
    """Scores one body after the other in this process; loads the controller once.

    Args:
        controller: name of a shipped controller, or path of one.
        task: name of a task.
        episodes: episodes a body, at least 1.
        seed: of the episodes' starts.
        robustness: measure it as well; it takes as many episodes again in each world.
        racing: how bodies are stopped that cannot reach the bar they are given.
        best_of: variants of each body that are tried before the best of them is scored
            (:mod:`hyperdistill_core.controller.halving`); None for :data:`~codesign.defaults.BEST_OF`, or all
            that the controller has.
        variants: that bodies may come with, the first so many of the controller's.

    Raises:
        UnknownNameError: there is no such task.
        UsageError: there is no such controller, its file cannot be read, or it has fewer
            variants than ``best_of`` or ``variants``.
        ValueError: ``episodes`` is below 1.
    """

    def __init__(
        self,
        *,
        controller: str | Path | Controller = DEFAULT_CONTROLLER,
        task: str = DEFAULT_TASK,
        episodes: int = DEFAULT_EPISODES,
        seed: int = 0,
        robustness: bool = False,
        racing: Racing | None = None,
        best_of: int | None = 1,
        variants: int = 1,
    ) -> None:
        from hyperdistill_core.tasks import get_task

        if episodes < 1:
            raise ValueError(f"episodes: expected at least 1, got {episodes}")
        self._task = get_task(task)
        named = isinstance(controller, str | Path)
        self._controller = load_controller(controller) if named else controller
        self._best_of = resolve_best_of(self._controller, best_of)
        require_variants(self._controller, variants, what="variants")
        self._episodes = episodes
        self._seed = seed
        self._racing = racing
        self._worlds = tuple(PERTURBATIONS.values()) if robustness else ()

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
    ) -> ScoreRecord:
        """The record of a body; an error inside is a record of status "failed", no exception.

        Args:
            graph: the body.
            robot: what it is called.
            seed: other than usual, for this body alone.
            episodes: likewise.
            threshold: score that it must be able to reach, where there is racing; None for any.
            preferred_variants: variants that are tried first, where several are.
            variant: the one that is scored; None finds it, by ``best_of``.
        """
        blank = ScoreRecord.failed(
            robot=robot,
            hash=body_hash(graph),
            task=self._task.name,
            controller=self._controller.name,
            controller_hash=self._controller.hash,
            episodes=self._episodes if episodes is None else episodes,
            seed=self._seed if seed is None else seed,
            worst_score=self._task.worst_score,
            variant=0 if variant is None else variant,
        )
        try:
            if variant is None:
                return self._simulate(graph, blank, threshold, partial(self._select_variant, preferred_variants))
            return self._simulate(graph, blank, threshold, lambda *_: variant)
        except Exception as error:
            message = f"{type(error).__name__}: {one_line(error)}"
            return replace(blank, warnings=(message,))

    def _simulate(
        self,
        graph: nx.DiGraph[str],
        blank: ScoreRecord,
        threshold: float | None,
        find: Callable[[nx.DiGraph[str], int, _Counted], int],
    ) -> ScoreRecord:
        run = _Counted(task=self._task, episodes=blank.episodes, seed=blank.seed)
        variant = find(graph, blank.seed, run)
        control = self._controller.for_body(graph, self._task.model(graph), variant=variant)
        doubts = tuple(f"{OUT_OF_DISTRIBUTION}: {d}" for d in self._controller.warnings(graph))
        blank = replace(blank, warnings=doubts, variant=variant)
        begun = None
        if self._racing is not None and threshold is not None:
            begun = race(
                partial(run, graph, control), self._task, self._racing, threshold, blank.episodes
            )
            if isinstance(begun, Pruned):
                return replace(_stopped(blank, begun, threshold), steps=run.steps, seconds=run.seconds)
        result = _whole(partial(run, graph, control, measure_gait=True), begun, blank.episodes)
        measured = _measured(result)
        if self._worlds and not result.unstable:
            # The controller is that of the body as it was meant to be.
            elsewhere = [run(world(graph), control).score for world in self._worlds]
            measured["metrics"]["robustness"] = fmean(elsewhere)
        return replace(blank, **measured, steps=run.steps, seconds=run.seconds)

    def _select_variant(
        self, preferred_variants: Sequence[int], graph: nx.DiGraph[str], seed: int, run: _Counted
    ) -> int:
        from hyperdistill_core.controller.halving import select_variant

        return select_variant(
            graph,
            self._controller,
            task=self._task,
            best_of=self._best_of,
            seed=seed,
            preferred_variants=preferred_variants,
            run=run,
        )


class _Counted:
    """Rollouts of a body, and what all of them took.

    Args:
        usual: what a rollout is given unless it says otherwise.
    """

    def __init__(self, **usual: Any) -> None:
        self._usual = usual
        self.steps = 0
        self.seconds = 0.0

    def __call__(self, graph: nx.DiGraph[str], control: Any, **options: Any) -> Rollout:
        from hyperdistill_core.rollout import rollout

        result = rollout(graph, control, **self._usual | options)
        self.steps += int(result.lengths.sum())
        self.seconds += result.seconds
        return result


def _whole(run: Callable[..., Rollout], begun: Rollout | None, episodes: int) -> Rollout:
    """All episodes of a score, of which some may have been run."""
    if begun is not None:
        done = len(begun.returns)
        rest = run(first=done, episodes=episodes - done)
        if not rest.unstable:
            return begun.joined(rest)
    return run()


def _stopped(blank: ScoreRecord, lost: Pruned, threshold: float) -> ScoreRecord:
    """The record of a body that lost a race."""
    measured = _measured(lost.rollout) | {"status": "pruned"}
    measured["metrics"] = {"upper_bound": lost.bound.score, "confidence_margin": lost.bound.doubt}
    episodes, steps = len(lost.rollout.returns), max(lost.rollout.lengths)
    reason = f"stopped after {episodes} episode(s) of up to {steps} control steps"
    reason += f": {lost.bound.score:.1f} at best"
    if threshold < SCREENING:
        reason += f", of {threshold:.1f} needed"
    return replace(blank, **measured, episodes=episodes, warnings=(*blank.warnings, reason))


def _measured(result: Rollout) -> dict[str, Any]:
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
        **_behaviour(result),
        "status": "unstable" if result.unstable else "ok",
    }


def _behaviour(result: Rollout) -> dict[str, Any]:
    gait = result.gait
    if gait is None:
        return {"metrics": {}, "duty_factors": ()}
    metrics = {
        name: float(getattr(gait, name).mean())
        for name in ("work", "height", "contact", "symmetry")
    }
    cost = gait.cost_of_transport(result.distance)
    if math.isfinite(cost):
        metrics["raw_cost_of_transport"] = cost
    return {"metrics": metrics, "duty_factors": tuple(gait.duty_factors.mean(axis=0).tolist())}
