"""Adaptation: the controller learns on while a search runs, on the bodies that the search finds.

At the end of every few generations three things happen, while no candidate is scored:

    learn     the hypernetwork learns by PPO on the kept bodies and the best of the latest ones
    compare   as many of the kept bodies and the best ones so far as learn are scored under both
              controllers over fresh episodes: the search kept them for scores that luck had a
              part in
    decide    where the new mean is higher, all of these bodies are scored anew over the episodes
              of the search, which goes on with the new controller; otherwise nothing changes

All of it follows from the settings and the candidates before, so a resumed run does the same. What
an adaptation decided is in the database; a learning that was interrupted goes on.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from codesign.campaign import seeds
from codesign.campaign.learning import OnSteps, learning_workers
from codesign.campaign.metrics import Criteria
from codesign.campaign.pauses import Pauses
from codesign.campaign.reevaluation import finalists
from codesign.campaign.rescoring import score_anew
from codesign.config import Adaptation, Settings
from codesign.errors import RunError, UsageError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import AdaptationResult, Candidate, Database, Event, RunFolder
from codesign.store.ranking import evenly
from codesign.threads import torch_threads
from morph_ops._messages import one_line

#: Control steps of a simulation between two updates.
_HORIZON = 64
#: Share of an adaptation, at its end, over which the weights are averaged.
_AVERAGED = 0.33
#: Learning rate of the critic, and updates that a random one learns alone, which come on top: it
#: then explains 0.8 of the returns; with the rate of the policy it takes fifty.
_CRITIC_LR, _CRITIC_ROLLOUTS = 1e-3, 4


class Adaptations(Pauses):
    """The adaptations of one run.

    Args:
        settings: Settings of the run, with a table ``adaptation``.
        folder: Run folder, for the controllers and the learning in progress.
        database: Database of the run.
        pool: The pool that scores bodies; it is given each new controller.
        criteria: The criteria of the algorithm.
        on_steps: Function to call while a controller learns.
        on_event: Function to call with the event of every new adaptation.

    Attributes:
        latest: Number of the adaptation that the present controller comes from; 0 for none.
        steps: Control steps of the latest adaptation, learning and scores together.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        folder: RunFolder,
        database: Database,
        pool: ScoringPool,
        criteria: Criteria,
        on_steps: OnSteps,
        on_event: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._table: Adaptation = settings.adaptation or Adaptation()
        self._folder, self._database, self._pool = folder, database, pool
        self._criteria, self._on_steps, self._on_event = criteria, on_steps, on_event
        self._done = {result.number: result for result in database.adaptations()}
        super().__init__(settings.population * self._table.every)
        self.latest = 0
        self.steps = 0

    def run(
        self, number: int, *, kept: Sequence[Candidate], recent: Sequence[Candidate]
    ) -> dict[int, Candidate]:
        """Adapt the controller, or take in what an earlier process did.

        Args:
            number: Number of the next candidate; all before it are scored.
            kept: Candidates that the algorithm keeps.
            recent: Candidates since the last adaptation.

        Returns:
            Candidates with their new scores, by number; empty where the search goes on with the
            controller that it has.

        Raises:
            RunError: No body could be scored under the new controller, or the disk is full.
            UsageError: The controller of an earlier process is missing.
            TrainingError: The weights are not finite any more.
        """
        adaptation = number // self._period
        known = {c.number: c for c in (*recent, *kept)}
        before = self._done.get(adaptation)
        if before is None:
            best = finalists(self._database, self._settings)
            chosen = {c.number: c for c in (*kept, *best)}
            before, records = self._adapt(adaptation, number, chosen, recent)
        else:
            records = self._database.rescores(number)
        self.steps = before.steps
        self._forget(adaptation - 1)
        if not before.kept:
            self._forget(adaptation)
            return {}
        self._use(adaptation)
        return {
            each: replace(
                known.get(each) or self._database.candidate(each),
                rescored=record,
                rescored_in=adaptation,
            )
            for each, record in sorted(records.items())
        }

    def _adapt(
        self,
        adaptation: int,
        number: int,
        chosen: dict[int, Candidate],
        recent: Sequence[Candidate],
    ) -> tuple[AdaptationResult, dict[int, ScoreRecord]]:
        """Learn, score and decide; all of it is in the database when this returns."""
        self.steps = 0
        bodies = self._bodies(list(chosen.values()), recent)
        if not bodies:
            return self._write(AdaptationResult(adaptation, number, False, 0.0, 0.0, "", 0), {}, 0)
        controller_hash = self._learn(adaptation, bodies)
        present = self._pool.controller
        fresh = {"seed": seeds.fresh_seed(self._settings.seed, adaptation)}
        ranked = sorted(chosen.values(), key=lambda each: (-each.score, each.number))
        compared = evenly(ranked, self._table.bodies)
        before = self._score(compared, bodies[0].result.controller_hash, **fresh)
        self._pool.use_controller(self._file(adaptation))
        after = self._score(compared, controller_hash, **fresh)
        old, new, count = _means(before, after)
        records: dict[int, ScoreRecord] = {}
        if new > old:
            records = self._score(list(chosen.values()), controller_hash)
        else:
            self._pool.use_controller(present)
            self._file(adaptation).unlink(missing_ok=True)
        result = AdaptationResult(
            adaptation, number, new > old, old, new, controller_hash, self.steps
        )
        return self._write(result, records, count)

    def _write(
        self, result: AdaptationResult, records: dict[int, ScoreRecord], bodies: int
    ) -> tuple[AdaptationResult, dict[int, ScoreRecord]]:
        """Write an adaptation, and say so."""
        event = Event(
            kind="adaptation",
            generation=result.candidates // self._settings.population - 1,
            message=_message(result, bodies),
            details=dict(result._asdict()),
        )
        self._database.add_adaptation(result, records, event)
        self._on_event(event)
        return result, records

    def _learn(self, adaptation: int, bodies: Sequence[Candidate]) -> str:
        """Let the controller learn, and write it; its hash."""
        from hyperdistill_core.controller import Controller
        from hyperdistill_core.training.adaptation import CHECKPOINT, adapt
        from hyperdistill_core.training.ppo import PPOSettings

        table = self._table
        earlier = self._training(adaptation - 1) / CHECKPOINT
        of_critic = 0 if earlier.exists() else critic_steps(table, len(bodies))
        rollout = _rollout_steps(table, len(bodies))
        # (an update has the control steps of a whole rollout)
        steps = math.ceil((table.steps + of_critic) / rollout) * rollout
        settings = PPOSettings(
            horizon=_HORIZON,
            task=self._settings.task,
            steps=steps,
            n_active=table.bodies,
            n_envs=table.simulations,
            replaced_per_update=0,
            action_std=table.action_std,
            final_action_std=table.action_std,
            max_lr=table.max_lr,
            desired_kl=table.desired_kl,
            fall_cost=table.fall_cost,
            critic_lr=_CRITIC_LR,
            critic_steps=of_critic,
            average_last=_AVERAGED,
            precision="float32",
            n_workers=learning_workers(self._settings),
            seed=seeds.learning_seed(self._settings.seed, adaptation),
        )
        file = self._file(adaptation)
        try:
            with torch_threads(table.threads):
                controller = adapt(
                    self._pool.controller,
                    [candidate.graph for candidate in bodies],
                    settings,
                    self._training(adaptation),
                    name=file.stem,
                    earlier=earlier if earlier.exists() else None,
                    report=lambda row: self._on_steps(
                        "controller", min(int(row["steps"]), steps), steps
                    ),
                )
            file.parent.mkdir(exist_ok=True)
            controller.save(file, half=True)
        except OSError as error:
            raise RunError(f"cannot write to {self._folder.path}: {one_line(error)}") from None
        self.steps += steps
        return Controller.load(file).hash

    def _bodies(self, kept: Sequence[Candidate], recent: Sequence[Candidate]) -> list[Candidate]:
        """Distinct bodies that learn: the kept ones, then the latest, best first each."""
        found: dict[str, Candidate] = {}
        for group in (kept, recent):
            for candidate in sorted(group, key=lambda c: (-c.score, c.number)):
                if candidate.result.status == "ok":
                    found.setdefault(candidate.hash, candidate)
        return list(found.values())[: self._table.bodies]

    def _score(
        self, candidates: Sequence[Candidate], controller_hash: str, **options: int
    ) -> dict[int, ScoreRecord]:
        """Scores of candidates under the controller of the pool."""
        scored, steps = score_anew(
            self._pool,
            candidates,
            criteria=self._criteria,
            controller_hash=controller_hash,
            **options,
        )
        self.steps += steps
        if all(record.status == "failed" for record in scored.values()):
            raise RunError(
                f"no body could be scored under the controller {self._pool.controller}: "
                f"{next(iter(scored.values())).warnings[-1]}; all workers must see that file"
            )
        return scored

    def _use(self, adaptation: int) -> None:
        """Go on with the controller of an adaptation."""
        try:
            self._pool.use_controller(self._file(adaptation))
        except UsageError as error:
            raise UsageError(f"the run lacks a controller that it adapted: {error}") from None
        self.latest = adaptation

    def _file(self, adaptation: int) -> Path:
        """The file of a controller, where workers in other folders find it too."""
        return self._folder.adapted_controller(adaptation).absolute()

    def _training(self, adaptation: int) -> Path:
        return self._folder.learning / f"{adaptation:03d}"

    def _forget(self, adaptation: int) -> None:
        """Remove the learning of an adaptation that no later one goes on from."""
        shutil.rmtree(self._training(adaptation), ignore_errors=True)

    def finish(self) -> None:
        """Remove the learning of the last adaptation: the run needs it no more."""
        for training in self._folder.learning.glob("[0-9]*"):
            shutil.rmtree(training, ignore_errors=True)


def critic_steps(table: Adaptation, bodies: int) -> int:
    """Control steps that a new critic learns alone, before the controller learns.

    Args:
        table: Settings of the adaptation.
        bodies: Number of bodies.

    Examples:
        >>> critic_steps(Adaptation(simulations=2), 10)
        5120
    """
    return _CRITIC_ROLLOUTS * _rollout_steps(table, bodies)


def _rollout_steps(table: Adaptation, bodies: int) -> int:
    """Control steps of all simulations between two updates."""
    return _HORIZON * table.simulations * min(table.bodies, bodies)


def _means(
    before: Mapping[int, ScoreRecord], after: Mapping[int, ScoreRecord]
) -> tuple[float, float, int]:
    """Mean scores under two controllers, of bodies that simulate under the first; their number.

    One that does not simulate under the second counts like the worst of the others.
    """
    old = {number: record.score for number, record in before.items() if record.status == "ok"}
    if not old:
        return 0.0, 0.0, 0
    new = {number: after[number].score for number in old if after[number].status == "ok"}
    worst = min([*old.values(), *new.values()])
    return fmean(old.values()), fmean(new.get(number, worst) for number in old), len(old)


def _message(result: AdaptationResult, bodies: int) -> str:
    if not bodies:
        return f"adaptation {result.number}: no body simulates that could learn"
    text = (
        f"adaptation {result.number}: mean score of {bodies} bodies {result.score_before:.1f} "
        f"before, {result.score_after:.1f} after"
    )
    return text if result.kept else f"{text}; the search goes on with the controller that it had"
