"""Re-evaluation of kept bodies during a search: who stays for long must not owe it to luck.

A body that an algorithm keeps beat others by one score, and the best score of many is a lucky one.
So at the end of every few generations the kept bodies and the best ones so far are scored over
fresh episodes. Their score is then the mean over all their episodes, and the algorithm takes it in.

All of it follows from the settings and the candidates before, so a resumed run does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from codesign.campaign import seeds
from codesign.campaign.metrics import Criteria, with_criteria
from codesign.campaign.pauses import Pauses
from codesign.campaign.reevaluation import finalists
from codesign.campaign.rescoring import score_anew
from codesign.campaign.variation import DuplicateKey
from codesign.config import Settings
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.scoring.pooling import pooled
from codesign.store import Candidate, Database, Event

#: A body with this many times the episodes of a score is known well enough.
ENOUGH = 8
#: Kind of the events.
EVENT = "reevaluation"


class KeptReevaluations(Pauses):
    """The re-evaluations of one run.

    Args:
        settings: Settings of the run, with ``reevaluate_every`` above 0.
        database: Database of the run.
        pool: The pool that scores bodies.
        criteria: The criteria of the algorithm.
        on_event: Function to call with the event of every new re-evaluation.

    Attributes:
        steps: Control steps of the latest re-evaluation.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        pool: ScoringPool,
        criteria: Criteria,
        on_event: Callable[[Event], None],
    ) -> None:
        self._settings, self._database, self._pool = settings, database, pool
        self._criteria, self._on_event = criteria, on_event
        super().__init__(settings.population * settings.reevaluate_every)
        done = [event.details for event in database.events(EVENT)]
        self._done: dict[int, int] = {each["candidates"]: each["steps"] for each in done}
        self.steps = 0

    def run(self, number: int, *, kept: Sequence[Candidate], adaptation: int) -> list[Candidate]:
        """Score kept bodies over fresh episodes, or take in what an earlier process did.

        Args:
            number: Number of the next candidate; all before it are scored.
            kept: Candidates that the algorithm keeps.
            adaptation: Number of the adaptation that the present controller comes from.

        Returns:
            The kept candidates that simulate, the best ones, and all with the same bodies, with
            their scores over all episodes. The best candidate of all is among them.

        Raises:
            RunError: The metric of a plugin failed, or the disk is full.
        """
        known = {candidate.number: candidate for candidate in kept}
        if number in self._done:
            records, self.steps = self._database.rescores(number), self._done[number]
        else:
            best = finalists(self._database, self._settings)
            chosen = {c.number: c for c in (*best, *kept) if c.result.status == "ok"}
            records = self._reevaluate(number, list(chosen.values()), adaptation)
        return [
            replace(
                known.get(each) or self._database.candidate(each),
                rescored=record,
                rescored_in=adaptation,
            )
            for each, record in sorted(records.items())
        ]

    def _reevaluate(
        self, number: int, chosen: Sequence[Candidate], adaptation: int
    ) -> dict[int, ScoreRecord]:
        """Score candidates over fresh episodes; all of it is in the database when this returns."""
        bodies = _distinct(chosen)
        enough = ENOUGH * self._settings.episodes
        waiting = [each for each in bodies if each.result.episodes < enough]
        of_body = {_key(candidate): candidate.result for candidate in bodies}
        self.steps, fresh = 0, dict[int, ScoreRecord]()
        if waiting:
            fresh, self.steps = score_anew(
                self._pool,
                waiting,
                criteria=self._criteria,
                controller_hash=waiting[0].result.controller_hash,
                seed=seeds.reevaluation_seed(self._settings.seed, number),
            )
            # A worker that died says nothing about the body.
            alive = [each for each in waiting if fresh[each.number].status != "failed"]
            for candidate in alive:
                both = pooled([candidate.result, fresh[candidate.number]])
                again = with_criteria(candidate.scored(both), self._criteria)
                of_body[_key(candidate)] = again.result
        records = {
            each.number: of_body[_key(each)].named(each.name)
            for body in bodies
            for each in self._database.equal_bodies(body, adaptation=adaptation)
        }
        # A body that was not scored again may be the best one now.
        for leader in self._database.best_in_search(len(bodies) + 1, of_front=False):
            records.setdefault(leader.number, leader.result)
        event = self._event(number, waiting, of_body, fresh)
        self._database.add_reevaluations(number, adaptation, records, event)
        self._on_event(event)
        return records

    def _event(
        self,
        number: int,
        waiting: Sequence[Candidate],
        of_body: Mapping[DuplicateKey, ScoreRecord],
        fresh: Mapping[int, ScoreRecord],
    ) -> Event:
        scored = [each for each in waiting if fresh[each.number].status != "failed"]
        pairs = [(each.score, of_body[_key(each)]) for each in scored]
        alive = [(before, record.score) for before, record in pairs if record.status == "ok"]
        message = "re-evaluation: no kept body needs more episodes"
        if waiting and not alive:
            message = "re-evaluation: no kept body could be scored again"
        if alive:
            before, after = map(fmean, zip(*alive, strict=True))
            message = (
                f"re-evaluation: mean score of {len(alive)} bodies {before:.1f} before, "
                f"{after:.1f} over all their episodes"
            )
        if len(alive) < len(scored):
            message += f"; {len(scored) - len(alive)} became unstable"
        if len(scored) < len(waiting):
            message += f"; the workers of {len(waiting) - len(scored)} died, their scores stay"
        return Event(
            kind=EVENT,
            generation=number // self._settings.population - 1,
            message=message,
            details={"candidates": number, "bodies": len(waiting), "steps": self.steps},
        )


def _key(candidate: Candidate) -> DuplicateKey:
    return candidate.hash, candidate.result.variant


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each body once, in the score with the most episodes; ties go to the older."""
    ordered = sorted(candidates, key=lambda each: (-each.result.episodes, each.number))
    found: dict[DuplicateKey, Candidate] = {}
    for candidate in ordered:
        found.setdefault(_key(candidate), candidate)
    return list(found.values())
