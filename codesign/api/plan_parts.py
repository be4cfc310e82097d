"""The parts of a campaign, with the control steps and the time that each may take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from codesign.defaults import BEST_OF
from codesign.scoring.perturbations import PERTURBATIONS

if TYPE_CHECKING:
    from codesign.config import Adaptation, Settings
    from codesign.scoring import ScoreRecord

#: Control steps a second that learn, measured on two cores: of the controller, and of the networks
#: of finalists. Learning is not tried for a plan, since its first update alone takes seconds.
CONTROLLER_RATE, NETWORKS_RATE = 16_000, 3_000
#: Algorithms whose archive may keep every body.
_ARCHIVES = ("map_elites", "novelty")


@dataclass(frozen=True, kw_only=True)
class PlanPart:
    """A part of a campaign.

    Attributes:
        name: What is done.
        bodies: What it is done with, in words.
        min_steps: Control steps if bodies fall as early as the probes.
        max_steps: Control steps if no body ever falls.
        min_s: Time of the first case (s).
        max_s: Time of the second case (s).
    """

    name: str
    bodies: str
    min_steps: int
    max_steps: int
    min_s: float
    max_s: float


@dataclass(frozen=True, kw_only=True)
class Probes:
    """What some starting bodies say about the time of a campaign.

    Attributes:
        count: Number of bodies that were scored.
        screened: Number of sampled bodies that they were chosen from; 0 without screening.
        body_steps: Mean control steps of the score of a body.
        episode_steps: Mean control steps of an episode, on all tasks together.
        whole_steps: Control steps of an episode without a fall, on all tasks together.
        step_s: Time of a control step where bodies are scored side by side (s).
        short_steps: Mean control steps of a screening; 0 without.
        short_s: Time of the screening of a body where bodies are screened side by side (s).
    """

    count: int
    screened: int = 0
    body_steps: float
    episode_steps: float
    whole_steps: int
    step_s: float
    short_steps: float = 0.0
    short_s: float = 0.0


def measured(
    settings: Settings,
    records: Sequence[ScoreRecord],
    *,
    parallelism: int,
    screened: int = 0,
    short_steps: float = 0.0,
    short_s: float = 0.0,
) -> Probes | None:
    """What the records of some bodies say.

    Args:
        settings: Settings of the campaign.
        records: Records of starting bodies, scored as the run scores them and where it does.
        parallelism: Number of bodies that are scored at the same time.
        screened: Number of sampled bodies that they were chosen from; 0 without screening.
        short_steps: Mean control steps of a screening.
        short_s: Time of the screening of a body where bodies are screened side by side (s).

    Returns:
        None if none of them could be simulated.
    """
    from hyperdistill_core.tasks import get_task

    scored = [record for record in records if record.lengths]
    if not scored:
        return None
    return Probes(
        count=len(records),
        screened=screened,
        body_steps=fmean(record.steps for record in scored),
        episode_steps=fmean(sum(fmean(part.lengths or [0]) for part in r.parts) for r in scored),
        whole_steps=sum(get_task(task).max_steps for task in settings.task_names),
        step_s=sum(r.seconds for r in scored) / sum(r.steps for r in scored) / parallelism,
        short_steps=short_steps,
        short_s=short_s,
    )


def parts_of(settings: Settings, probes: Probes) -> list[PlanPart]:
    """The parts of a campaign, in order.

    Args:
        settings: Settings of the campaign.
        probes: What some starting bodies say about its time.
    """
    from hyperdistill_core.controller.halving import most_steps

    scorings = 1 + len(PERTURBATIONS) * settings.needs_robustness
    most = scorings * settings.episodes * probes.whole_steps
    most += most_steps(settings.best_of, probes.whole_steps)
    count = settings.total
    parts = [_scored("search", f"{count:,}", count * probes.body_steps, count * most, probes)]
    if settings.brood > 1:
        parts.append(_broods(settings, probes))
    if times := reevaluations(settings):
        parts.append(_kept(settings, times, probes, scorings))
    if settings.adaptation is not None:
        parts += _adaptations(settings, settings.adaptation, probes, scorings)
    if settings.screened:
        parts.insert(0, _screening(settings, probes))
    if settings.stop.control_steps is not None:
        parts = _within(parts, settings.stop.control_steps)
    number = finalists(settings)
    if settings.reevaluation_episodes:
        episodes = number * settings.reevaluation_episodes * scorings
        parts.append(_episodes("re-evaluation", number, episodes, probes))
    return parts + _finetuning(settings, number, probes, scorings)


def _within(parts: Sequence[PlanPart], steps: int) -> list[PlanPart]:
    """Parts that end after a number of control steps together, in proportion."""
    least = min(1.0, steps / max(1, sum(part.min_steps for part in parts)))
    most = min(1.0, steps / max(1, sum(part.max_steps for part in parts)))
    return [
        replace(
            part,
            bodies=part.bodies if least == most == 1.0 else f"at most {part.bodies}",
            min_steps=round(least * part.min_steps),
            max_steps=round(most * part.max_steps),
            min_s=least * part.min_s,
            max_s=most * part.max_s,
        )
        for part in parts
    ]


def finalists(settings: Settings) -> int:
    """Number of finalists of a campaign whose bodies all differ.

    Args:
        settings: Settings of the campaign.

    Examples:
        >>> from codesign.config import Settings
        >>> finalists(Settings(finalists=3, top=5)), finalists(Settings(candidates=4, population=4))
        (5, 4)
    """
    return min(max(settings.finalists, settings.top), settings.total)


def adaptations(settings: Settings) -> int:
    """Number of times that the controller of a campaign learns.

    Args:
        settings: Settings of the campaign.

    Examples:
        >>> from codesign.config import Settings
        >>> adaptations(Settings(generations=8)), adaptations(Settings(adaptation={"every": 4}))
        (0, 2)
    """
    if settings.adaptation is None:
        return 0
    return (settings.total - 1) // (settings.adaptation.every * settings.population)


def reevaluations(settings: Settings) -> int:
    """Number of times that kept bodies of a campaign are re-evaluated, at most.

    Args:
        settings: Settings of the campaign.

    Examples:
        >>> from codesign.config import Settings
        >>> reevaluations(Settings()), reevaluations(Settings(reevaluate_every=3, generations=9))
        (0, 3)
    """
    if not settings.reevaluate_every:
        return 0
    return (settings.total - 1) // (settings.reevaluate_every * settings.population)


def times_in_words(count: int) -> str:
    """How often something happens.

    Args:
        count: The number of times.

    Examples:
        >>> times_in_words(1), times_in_words(2)
        ('1 time', '2 times')
    """
    return f"{count:,} time{'s' * (count != 1)}"


def _screening(settings: Settings, probes: Probes) -> PlanPart:
    from codesign.campaign.screening import most_screening_steps

    most = most_screening_steps(settings)
    steps = settings.screened * probes.short_steps
    seconds = settings.screened * probes.short_s
    return PlanPart(
        name="screening",
        bodies=f"{settings.screened:,}",
        min_steps=round(steps),
        max_steps=most,
        min_s=seconds,
        # (the time of a short episode is mostly that of the model and the network)
        max_s=seconds + (most - steps) * probes.step_s,
    )


def _broods(settings: Settings, probes: Probes) -> PlanPart:
    """The short episodes of children."""
    from codesign.config import Racing

    short = min((settings.racing or Racing()).steps, probes.whole_steps)
    children = settings.brood * max(0, settings.total - settings.population)
    least, most = children * min(probes.episode_steps, short), children * short
    return _scored("short episodes of children", f"{children:,}", least, most, probes)


def _adaptations(
    settings: Settings, table: Adaptation, probes: Probes, scorings: int
) -> list[PlanPart]:
    """What the controller learns, and the scores of bodies under it."""
    from codesign.campaign.adaptation import critic_steps

    times, critic = adaptations(settings), critic_steps(table, table.bodies)
    learned = times * table.steps
    kept = settings.population + finalists(settings)
    kept_most = times * kept
    if settings.algorithm in _ARCHIVES:
        period = table.every * settings.population
        kept_most = max(kept_most, period * times * (times + 1) // 2)
    # Some bodies are scored under both controllers, and all once more where the new one is better.
    # Where it is not, the next adaptation begins with a new critic.
    least = 2 * times * min(kept, table.bodies)
    most = 2 * min(times * table.bodies, kept_most) + kept_most
    episode = settings.episodes * scorings
    return [
        PlanPart(
            name="learning of the controller",
            bodies=times_in_words(times),
            min_steps=learned + critic,
            max_steps=learned + times * critic,
            min_s=(learned + critic) / CONTROLLER_RATE,
            max_s=(learned + times * critic) / CONTROLLER_RATE,
        ),
        _scored(
            "scores under both",
            f"{least:,} .. {most:,}",
            least * episode * probes.episode_steps,
            most * episode * probes.whole_steps,
            probes,
        ),
    ]


def _finetuning(settings: Settings, number: int, probes: Probes, scorings: int) -> list[PlanPart]:
    """What the networks of the finalists learn, with the scores that choose among them."""
    if not settings.finetune_steps:
        return []
    from codesign.campaign.finetuning import CHECKPOINTS
    from hyperdistill_core.controller.halving import most_steps
    from hyperdistill_core.training.finetuning.rounds import plan_rounds

    episodes = scorings * (settings.reevaluation_episodes or settings.episodes)
    share = probes.episode_steps / probes.whole_steps
    selection = number * (most_steps(BEST_OF, probes.whole_steps) + episodes * probes.whole_steps)
    each = math.ceil(CHECKPOINTS / settings.finetune_rounds)
    rounds = plan_rounds(number, settings.finetune_steps, settings.finetune_rounds)
    # The generated networks and the checkpoints, to choose; then the best and the last one of
    # each body, and the generated one again.
    scores = number * 4 + sum(one.bodies for one in rounds) * each
    return [
        _scored(
            f"best-of-{BEST_OF} of finalists", f"{number}", share * selection, selection, probes
        ),
        _learned(
            "learning of finalists", f"{number}", number * settings.finetune_steps, NETWORKS_RATE
        ),
        _episodes(
            "scores of what they learned",
            number,
            scores * settings.episodes + number * episodes,
            probes,
        ),
    ]


def _kept(settings: Settings, times: int, probes: Probes, scorings: int) -> PlanPart:
    """Fresh episodes of kept bodies: new ones each time, or the same until they have enough."""
    from codesign.campaign.kept_reevaluation import ENOUGH

    at_once, fewest = settings.population + finalists(settings), settings.population
    if settings.algorithm in _ARCHIVES:
        at_once, fewest = settings.total, 1
    if settings.adaptation is not None:  # after one there is nothing to do
        fewest = 0
    least = min(times, ENOUGH - 1) * fewest
    most = min(times * at_once, (ENOUGH - 1) * settings.total)
    episodes = settings.episodes * scorings
    return _scored(
        "re-evaluation of kept bodies",
        f"{least:,} .. {most:,}",
        least * episodes * probes.episode_steps,
        most * episodes * probes.whole_steps,
        probes,
    )


def _episodes(name: str, bodies: int, episodes: int, probes: Probes) -> PlanPart:
    least, most = episodes * probes.episode_steps, episodes * probes.whole_steps
    return _scored(name, f"{bodies:,}", least, most, probes)


def _scored(name: str, bodies: str, least: float, most: float, probes: Probes) -> PlanPart:
    return PlanPart(
        name=name,
        bodies=bodies,
        min_steps=round(least),
        max_steps=round(most),
        min_s=least * probes.step_s,
        max_s=most * probes.step_s,
    )


def _learned(name: str, bodies: str, steps: int, rate: int) -> PlanPart:
    seconds = steps / rate
    return PlanPart(
        name=name,
        bodies=bodies,
        min_steps=steps,
        max_steps=steps,
        min_s=seconds,
        max_s=seconds,
    )
