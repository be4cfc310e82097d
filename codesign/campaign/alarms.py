"""Alarms: what looks wrong in a search, said while it runs.

Alarms follow from the candidates in the order of their numbers and from the kept candidates, so
they are the same on any number of workers, and after an interruption.

| alarm | condition, at the end of a generation |
|---|---|
| diversity | the kept bodies are nearly the same |
| lineage | most kept bodies descend from one starting body, by first parents |
| premature convergence | the kept bodies are alike, and no generation brought a better body |
| speed | bodies of the generation are implausibly fast |
| height | bodies have their torso implausibly high above the ground |
| flight | bodies touch the ground for an implausibly small share of the time |
| implausible energy | bodies move with an implausibly low cost of transport |
| shaking | bodies move with an implausibly high cost of transport |
| out of distribution | too many bodies are outside the controller's training distribution |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TypeAlias

from codesign.campaign import seeds
from codesign.campaign.algorithms.base import ARCHIVE
from codesign.config import Alarms, Settings
from codesign.scoring import ScoreRecord
from codesign.scoring.record import OUT_OF_DISTRIBUTION
from codesign.store import Candidate, Event
from morph_ops.identity import body_features, distance

#: Number of bodies whose distances stand for those of all kept bodies: 66 pairs.
SAMPLE_SIZE = 12
#: Distance (m) and speed (m/s) from which the cost of transport means anything.
MIN_DISTANCE, MIN_SPEED = 1.0, 0.5

#: Kept candidates by role.
Membership: TypeAlias = Mapping[str, Sequence[Candidate]]
Check: TypeAlias = Callable[[ScoreRecord, Alarms], bool]


def _cost_of_transport(record: ScoreRecord) -> float | None:
    if record.distance < MIN_DISTANCE:
        return None
    return record.metrics.get("raw_cost_of_transport")


def _has_implausible_energy(record: ScoreRecord, alarms: Alarms) -> bool:
    cost = _cost_of_transport(record)
    return cost is not None and cost < alarms.cost_of_transport


def _shakes(record: ScoreRecord, alarms: Alarms) -> bool:
    cost = _cost_of_transport(record)
    return cost is not None and record.speed > MIN_SPEED and cost > alarms.shaking


def _flies(record: ScoreRecord, alarms: Alarms) -> bool:
    return record.metrics.get("contact", 1.0) < alarms.contact


def _is_fast(record: ScoreRecord, alarms: Alarms) -> bool:
    return abs(record.speed) > alarms.speed


def _is_high(record: ScoreRecord, alarms: Alarms) -> bool:
    return record.metrics.get("height", 0.0) > alarms.height


#: Behavior that may be a flaw of the simulation: a check of the record, and the message.
IMPLAUSIBLE: Mapping[str, tuple[Check, str]] = {
    "speed": (_is_fast, "faster than {speed:g} m/s"),
    "height": (_is_high, "higher than {height:g} m"),
    "flight": (_flies, "on the ground for less than {contact:g} of the time"),
    "implausible energy": (
        _has_implausible_energy,
        "moving with a cost of transport below {cost_of_transport:g}",
    ),
    "shaking": (_shakes, "moving with a cost of transport above {shaking:g}"),
}


@dataclass(frozen=True)
class GenerationState:
    """The state of a search at the end of a generation.

    Attributes:
        generation: Number of the generation.
        best: The best candidate so far; None if no body simulated.
        diversity: Mean distance between the kept bodies; None for fewer than two.
        founder: Number of the starting body with the most descendants among the kept bodies.
        founder_share: Their share.
    """

    generation: int
    best: Candidate | None
    diversity: float | None
    founder: int | None
    founder_share: float | None

    def event(self) -> Event:
        """The state as an event of the kind "generation"."""
        best = self.best
        score = "no body simulates" if best is None else f"best {best.score:.1f} ({best.name})"
        diversity = ""
        if self.diversity is not None:
            diversity = f", mean distance between kept bodies {self.diversity:.3f}"
        return Event(
            kind="generation",
            generation=self.generation,
            number=best.number if best else None,
            message=f"generation {self.generation}: {score}{diversity}",
            details={
                "best": best.score if best else None,
                "diversity": self.diversity,
                "founder": self.founder,
                "founder_share": self.founder_share,
            },
        )


class Monitor:
    """Watches a search for alarms.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.alarms
        self._seed = settings.seed
        self._founders: dict[int, int] = {}  # starting body of each candidate
        self._best: Candidate | None = None

    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate.

        Args:
            candidate: The candidate; candidates come in the order of their numbers.
        """
        number, parents = candidate.number, candidate.parents
        self._founders[number] = self._founders[parents[0]] if parents else number
        if candidate.result.status == "ok" and (
            self._best is None or candidate.score > self._best.score
        ):
            self._best = candidate

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """Take in new scores: the best is one of them.

        Args:
            candidates: Candidates with their new scores, by number.
        """
        alive = [each for each in candidates.values() if each.result.status == "ok"]
        self._best = max(alive, key=lambda each: each.score, default=None)

    def end_generation(
        self, generation: int, *, candidates: Sequence[Candidate], membership: Membership
    ) -> list[Event]:
        """The state at the end of a generation, followed by the alarms.

        Args:
            generation: Number of the generation.
            candidates: The candidates of the generation; all were told, and none after them.
            membership: Kept candidates by role.
        """
        kept = _alive(membership)
        founder, share = self._largest_family(kept)
        state = GenerationState(
            generation, self._best, self._diversity(generation, kept), founder, share
        )
        return [state.event(), *self._kept_alarms(state), *self._body_alarms(state, candidates)]

    def _kept_alarms(self, state: GenerationState) -> list[Event]:
        """Alarms about the kept bodies."""
        limits, found = self._limits, list[Event]()
        diversity, share = state.diversity, state.founder_share
        if diversity is not None and diversity < limits.diversity:
            text = f"the kept bodies are nearly the same: mean distance {diversity:.3f}"
            found.append(_alarm("diversity", state, text, diversity=diversity))
        if share is not None and share > limits.lineage:
            text = f"{share:.0%} of the kept bodies descend from starting body {state.founder}"
            found.append(_alarm("lineage", state, text, number=state.founder, share=share))
        stale = state.generation - state.best.generation if state.best else 0
        alike = diversity is not None and diversity < limits.stagnation_diversity
        if alike and stale >= limits.stagnation:
            text = (
                f"no better body for {stale} generations, and the kept bodies are alike: "
                f"mean distance {diversity:.3f}"
            )
            found.append(_alarm("premature convergence", state, text, generations=stale))
        return found

    def _body_alarms(self, state: GenerationState, candidates: Sequence[Candidate]) -> list[Event]:
        """Alarms about bodies of the generation."""
        limits, found = self._limits, list[Event]()
        simulated = [c for c in candidates if c.result.status == "ok"]
        for name, (is_implausible, text) in IMPLAUSIBLE.items():
            suspects = [
                c for c in simulated if any(is_implausible(p, limits) for p in c.result.parts)
            ]
            if suspects:
                best = max(suspects, key=lambda c: c.score)
                what = text.format(**limits.model_dump())
                message = f"{_share(suspects, candidates)} {what}; the best is {best.name}"
                numbers = [c.number for c in suspects]
                found.append(_alarm(name, state, message, number=best.number, numbers=numbers))
        ood = [c for c in candidates if any(_is_ood(w) for p in c.result.parts for w in p.warnings)]
        if len(ood) > limits.ood * len(candidates):
            message = (
                f"{_share(ood, candidates)} outside the training distribution of the controller"
            )
            numbers = [c.number for c in ood]
            found.append(_alarm(OUT_OF_DISTRIBUTION, state, message, numbers=numbers))
        return found

    def _diversity(self, generation: int, kept: Sequence[Candidate]) -> float | None:
        """Mean distance between a sample of the kept bodies."""
        if len(kept) < 2:
            return None
        rng = seeds.diversity_rng(self._seed, generation)
        rows = rng.choice(len(kept), size=min(SAMPLE_SIZE, len(kept)), replace=False)
        features = [body_features(kept[int(row)].graph) for row in rows]
        return fmean(distance(one, other) for one, other in combinations(features, 2))

    def _largest_family(self, kept: Sequence[Candidate]) -> tuple[int | None, float | None]:
        """The starting body with the most descendants among the kept bodies, and their share."""
        if len(kept) < 2:
            return None, None
        families = Counter(self._founders[candidate.number] for candidate in kept)
        # Of two families of the same size, the one of the older body.
        founder = min(families, key=lambda number: (-families[number], number))
        return founder, families[founder] / len(kept)


def _alive(membership: Membership) -> list[Candidate]:
    """The kept candidates by number; those in an archive count only if there are no others."""
    roles = [role for role in membership if role != ARCHIVE] or list(membership)
    alive = {candidate.number: candidate for role in roles for candidate in membership[role]}
    return [alive[number] for number in sorted(alive)]


def _is_ood(warning: str) -> bool:
    return warning.startswith(OUT_OF_DISTRIBUTION)


def _share(some: Sequence[Candidate], candidates: Sequence[Candidate]) -> str:
    return f"{len(some)} of {len(candidates)} bodies {'is' if len(some) == 1 else 'are'}"


def _alarm(
    name: str, state: GenerationState, message: str, *, number: int | None = None, **details: object
) -> Event:
    return Event(
        kind="alarm",
        name=name,
        generation=state.generation,
        number=number,
        message=f"generation {state.generation}, {name}: {message}",
        details=details,
    )
