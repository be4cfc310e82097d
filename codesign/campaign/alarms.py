"""What looks wrong in a search, told while it goes on.

All of it follows from the candidates in the order of their numbers and from who is kept, so
a run on other workers, or one that was cut off, sounds the same alarms.

========================== ==========================================================
alarm                      the bodies
========================== ==========================================================
diversity                  kept are nearly the same
lineage                    kept descend from one starting body, by their first parents
premature convergence      kept are alike, and none has been better for generations
speed                      of a generation: some are implausibly fast
height                     some have their torso implausibly high up
flight                     some touch the ground for little of the time
free energy                some get along with next to no work
shaking                    some get along with implausibly much work
unlike the training bodies of a generation: too many are no bodies for the controller
========================== ==========================================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from statistics import fmean

from codesign.campaign import seeds
from codesign.campaign.algorithms.base import ARCHIVE
from codesign.config import Alarms, Settings
from codesign.scoring import ScoreRecord
from codesign.scoring.record import OUT_OF_DISTRIBUTION
from codesign.store import Candidate, Event
from morph_ops.identity import body_features, distance

#: Bodies whose distances stand for those of all that are kept: 66 pairs.
SAMPLE = 12
#: A body has to get so far for its work to mean anything (m), and so fast (m/s).
SOME_WAY, SOME_SPEED = 1.0, 0.5

Suspicion = Callable[[ScoreRecord, Alarms], bool]


def _cost(record: ScoreRecord) -> float | None:
    if record.distance < SOME_WAY:
        return None
    return record.metrics.get("raw_cost_of_transport")


def _free(record: ScoreRecord, alarms: Alarms) -> bool:
    cost = _cost(record)
    return cost is not None and cost < alarms.cost_of_transport


def _shakes(record: ScoreRecord, alarms: Alarms) -> bool:
    cost = _cost(record)
    return cost is not None and record.speed > SOME_SPEED and cost > alarms.shaking


def _flies(record: ScoreRecord, alarms: Alarms) -> bool:
    return record.metrics.get("contact", 1.0) < alarms.contact


def _is_high(record: ScoreRecord, alarms: Alarms) -> bool:
    return record.metrics.get("height", 0.0) > alarms.height


#: What a body does that may be a flaw of the simulation: a test, and what to say of it.
SUSPICIONS: dict[str, tuple[Suspicion, str]] = {
    "speed": (lambda r, a: abs(r.speed) > a.speed, "faster than {speed:g} m/s"),
    "height": (_is_high, "higher up than {height:g} m"),
    "flight": (_flies, "on the ground for less than {contact:g} of the time"),
    "free energy": (_free, "moving at a cost of transport below {cost_of_transport:g}"),
    "shaking": (_shakes, "moving at a cost of transport above {shaking:g}"),
}


class Watch:
    """Looks at a search as it goes.

    Args:
        settings: of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._founder: dict[int, int] = {}  # number of the starting body, by first parents
        self._best: Candidate | None = None

    def see(self, candidate: Candidate) -> None:
        """Take in a scored candidate; they come in the order of their numbers."""
        number, parents = candidate.number, candidate.parents
        self._founder[number] = self._founder[parents[0]] if parents else number
        if candidate.result.status == "ok" and (
            self._best is None or candidate.score > self._best.score
        ):
            self._best = candidate

    def look(
        self,
        generation: int,
        *,
        born: Sequence[Candidate],
        membership: Mapping[str, Sequence[Candidate]],
    ) -> list[Event]:
        """The state at the end of a generation, then the alarms.

        Args:
            generation: which.
            born: its candidates; all were seen, and none after them.
            membership: who is kept, by role.
        """
        kept = _alive(membership)
        diversity = self._diversity(generation, kept)
        founder, share = self._largest_family(kept)
        state = Event(
            kind="generation",
            generation=generation,
            number=self._best.number if self._best else None,
            message=_summary(generation, self._best, diversity),
            details={
                "best": self._best.score if self._best else None,
                "diversity": diversity,
                "founder": founder,
                "founder_share": share,
            },
        )
        alarms = [
            *self._of_kept(generation, diversity, founder, share),
            *self._of_bodies(generation, born),
        ]
        return [state, *alarms]

    def _of_kept(
        self, generation: int, diversity: float | None, founder: int | None, share: float | None
    ) -> list[Event]:
        limits, found = self._settings.alarms, []
        if diversity is not None and diversity < limits.diversity:
            text = f"the bodies kept are nearly the same: mean distance {diversity:.3f}"
            found.append(_alarm("diversity", generation, text, diversity=diversity))
        if share is not None and share > limits.lineage:
            text = f"{share:.0%} of the bodies kept descend from starting body {founder}"
            found.append(_alarm("lineage", generation, text, number=founder, share=share))
        stale = generation - self._best.generation if self._best else 0
        alike = diversity is not None and diversity < limits.stagnation_diversity
        if alike and stale >= limits.stagnation:
            text = (
                f"no better body for {stale} generations, and those kept are alike: "
                f"mean distance {diversity:.3f}"
            )
            found.append(_alarm("premature convergence", generation, text, generations=stale))
        return found

    def _of_bodies(self, generation: int, born: Sequence[Candidate]) -> list[Event]:
        limits, found = self._settings.alarms, []
        for name, (is_suspect, text) in SUSPICIONS.items():
            suspects = [c for c in born if c.result.status == "ok" and is_suspect(c.result, limits)]
            if suspects:
                best = max(suspects, key=lambda c: c.score)
                what = text.format(**limits.model_dump())
                message = f"{_of(suspects, born)} {what}; the best of them is {best.name}"
                numbers = [c.number for c in suspects]
                found.append(_alarm(name, generation, message, number=best.number, numbers=numbers))
        unlike = [c for c in born if any(w.startswith(OUT_OF_DISTRIBUTION) for w in c.result.warnings)]
        if len(unlike) > limits.ood * len(born):
            message = f"{_of(unlike, born)} outside what the controller was trained on"
            found.append(_alarm(OUT_OF_DISTRIBUTION, generation, message, numbers=[c.number for c in unlike]))
        return found

    def _diversity(self, generation: int, kept: Sequence[Candidate]) -> float | None:
        """Mean distance between the bodies kept, of a sample of them."""
        if len(kept) < 2:
            return None
        rng = seeds.diversity_rng(self._settings.seed, generation)
        rows = rng.choice(len(kept), size=min(SAMPLE, len(kept)), replace=False)
        numbers = [body_features(kept[row].graph) for row in rows]
        return fmean(distance(one, other) for one, other in combinations(numbers, 2))

    def _largest_family(self, kept: Sequence[Candidate]) -> tuple[int | None, float | None]:
        """The starting body with the most descendants among the bodies kept, and their share."""
        if len(kept) < 2:
            return None, None
        families = Counter(self._founder[candidate.number] for candidate in kept)
        # Of two as large, the older.
        founder = min(families, key=lambda number: (-families[number], number))
        return founder, families[founder] / len(kept)


def _alive(membership: Mapping[str, Sequence[Candidate]]) -> list[Candidate]:
    """Who may be a parent, once each, by number: an archive only where there is nothing else."""
    roles = [role for role in membership if role != ARCHIVE] or list(membership)
    alive = {candidate.number: candidate for role in roles for candidate in membership[role]}
    return [alive[number] for number in sorted(alive)]


def _of(some: Sequence[Candidate], born: Sequence[Candidate]) -> str:
    return f"{len(some)} of {len(born)} bodies {'is' if len(some) == 1 else 'are'}"


def _summary(generation: int, best: Candidate | None, diversity: float | None) -> str:
    score = "no body that simulates" if best is None else f"best {best.score:.1f} ({best.name})"
    apart = "" if diversity is None else f", mean distance of the bodies kept {diversity:.3f}"
    return f"generation {generation}: {score}{apart}"


def _alarm(
    name: str, generation: int, message: str, *, number: int | None = None, **details: object
) -> Event:
    return Event(
        kind="alarm",
        name=name,
        generation=generation,
        number=number,
        message=f"generation {generation}, {name}: {message}",
        details=details,
    )
