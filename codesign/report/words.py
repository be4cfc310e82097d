"""The sentences of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.scoring.task_words import task_words

if TYPE_CHECKING:
    from codesign.config import Settings
    from codesign.report.designs import Card
    from codesign.scoring import ScoreRecord
    from codesign.store import Event, Summary

#: Distance between two mutants of one body; kept bodies below it are alike.
MUTANTS_APART = 0.3
# What the words of a report mean, but for "score", which depends on the task.
_WORDS = (
    ("zero-shot, fine-tuned", "The controller generates a network for each body; zero-shot scores "
     "are those of this network as it is, fine-tuned ones after training on this body alone."),
    ("95% interval", "Where the mean of many more episodes is expected to lie."),
    (
        "fresh episodes",
        "The finalists of a search are scored again from other initial states, because the best "
        "score of many is partly luck. Designs are ranked by these scores; the phylogeny, the "
        "front and the archive show the scores of the search.",
    ),
    ("cost of transport", "Work of the motors per weight and distance; animals need 0.1 to 2."),
    ("unlikeness", "Share of the controller's training bodies that lie nearer to others than this "
     "body does: above 90% its controller is less to be trusted."),
    ("left-right symmetry", "1 where both sides touch the ground alike, 0 where one side does."),
    ("motors at full torque", "Share of the time in which the motors of a node give all they can."),
    ("sideways drift", "How far the torso left its line, in the episode that the page shows."),
    ("first parent", "The parent whose body a child takes over; a second one gives it limbs."),
    ("variants, best-of-N", "The controller can write several networks for a body; best-of-N is "
     "the best of N of them."),
    ("adaptation", "The controller learned on during the search, on the bodies that it found."),
    ("kept bodies", "The population or the archive, from which parents come."),
    ("sample, start", "A random body; a body that the user gave, or that a screening chose."),
    ("grow_limb, delete_limb", "Adds limbs at the end of the tree, or takes some away."),
    ("limb_params, limb_length", "Changes length and radius of limbs; by small steps."),
    ("dof, joint_angle, gear", "Changes the hinges of limbs: axes, ranges, torques."),
    ("density", "Changes how heavy nodes are."),
    ("crossover", "Puts a limb of another body, with all that it carries, in place of an own."),
)  # fmt: skip
_ALGORITHMS = {
    "random": "random search",
    "aging": "aging evolution",
    "mu_plus_lambda": "a mu + lambda search",
    "nsga2": "NSGA-II",
    "map_elites": "MAP-Elites",
    "novelty": "novelty search",
    "islands": "islands that exchange bodies",
}


def asked(settings: Settings) -> str:
    """What a run was asked.

    Args:
        settings: Its settings.

    Examples:
        >>> from codesign.config import Settings
        >>> asked(Settings(population=16, generations=3, seed=7))[:66]
        'The search was asked for fast bodies on the task flat, among 64 ca'
    """
    algorithm = settings.algorithm
    on = f"on the task {settings.task}"
    by = ""
    if settings.tasks:
        by = f", by the {_aggregate(settings)} of their normalized scores"
        on = f"on the tasks {_listed(settings.tasks)}{by}"
    goal = f"{_wanted(settings.task_names)}{by}"
    if algorithm == "nsga2":
        goal = f"bodies that trade off {_listed(settings.objectives)} {on}"
    elif algorithm == "map_elites":
        goal = f"the best body of each combination of {_listed(settings.descriptors)} {on}"
    elif algorithm == "novelty":
        goal = f"bodies that differ in {_listed(settings.descriptors)} {on}"
    start = f", starting from the bodies of {settings.start}" if settings.start else ""
    if settings.screened:
        start = f", starting from the best of {settings.screened:,} sampled bodies"
    best_of = f", each with the best of {settings.best_of} variants" if settings.best_of > 1 else ""
    return (
        f"The search was asked for {goal}, among {settings.total:,} candidates of "
        f"{counted(settings.episodes, 'episode')}{best_of}, by "
        f"{_ALGORITHMS.get(algorithm, algorithm)} with a population of {settings.population}"
        f"{start}."
    )


def _wanted(tasks: Sequence[str]) -> str:
    """What bodies the tasks ask for; those that ask for the same stand together.

    Args:
        tasks: Names of the tasks.

    Examples:
        >>> _wanted(["flat", "csr"])
        'fast bodies on the tasks flat and csr'
        >>> _wanted(["csr", "ft", "exploration"])[:69]
        'bodies for several tasks at once (fast bodies on the tasks csr and ft'
    """
    found: dict[str, list[str]] = {}
    for task in tasks:
        found.setdefault(task_words(task).wanted, []).append(task)
    goals = [
        f"{wanted} on the task{'s' * (len(names) > 1)} {_listed(names)}"
        for wanted, names in found.items()
    ]
    return goals[0] if len(goals) == 1 else f"bodies for several tasks at once ({'; '.join(goals)})"


def _aggregate(settings: Settings) -> str:
    """How the scores on several tasks become one."""
    return "least" if settings.aggregate == "min" else "mean"


def notes(settings: Settings, *, learned: bool) -> str:
    """What a reader must know of a run to understand its scores.

    Args:
        settings: Its settings.
        learned: Whether the networks of its finalists have learned.
    """
    points = ""
    if settings.tasks:
        points = (
            " A score over the tasks is normalized: the reference bodies get 100 on each of them. "
            "Pictures of motion show the best designs on each task, with the score there, and in "
            "brackets that on the common scale."
        )
    else:
        points = f" {_points(settings.task)} An episode takes at most 20 seconds."
    controller = f"The controller {Path(settings.controller).stem} moved every body"
    if settings.adaptation is not None:
        controller += (
            f", and learned on by {settings.adaptation.steps:,} control steps after every "
            f"{settings.adaptation.every} generations"
        )
    else:
        controller += " without training"
    if settings.finetune_steps:
        controller += (
            f"; the networks of the finalists {'learned' if learned else 'will learn'} for "
            f"{settings.finetune_steps:,} control "
            f"steps {'on average' if settings.finetune_rounds > 1 else 'each'}"
        )
    return f"{controller}; the seed was {settings.seed}.{points}"


def adaptations(events: Sequence[Event]) -> list[str]:
    """What the controller learned during a search, one line each.

    Args:
        events: The events "adaptation" of a run.

    Examples:
        >>> from codesign.store import Event
        >>> message = "adaptation 1: mean score of 70 bodies 900.0 before, 1100.0 after"
        >>> adaptations([Event(kind="adaptation", generation=3, message=message)])
        ['After generation 3, adaptation 1: mean score of 70 bodies 900.0 before, 1100.0 after.']
    """
    return [f"After generation {event.generation}, {event.message}." for event in events]


def _points(task: str) -> str:
    """Where bodies act on a task, and what a point is there, in a sentence."""
    known = task_words(task)
    meaning = f"; {known.points}" if known.points else ""
    return f"The task {task} has {known.ground}{meaning}."


def meanings(settings: Settings) -> list[tuple[str, str]]:
    """What the words of a report mean.

    Args:
        settings: Settings of the run.

    Returns:
        Words and their meanings.
    """
    mean = "Mean return of the episodes."
    if not settings.tasks:
        return [("score", f"{mean} {_points(settings.task)}"), *_WORDS]
    score = (
        f"{_aggregate(settings).capitalize()} of the normalized scores on the tasks "
        f"{_listed(settings.tasks)}: on each of them the reference bodies get 100 on average."
    )
    alone = " ".join([mean, *map(_points, settings.tasks)])
    return [("score", score), ("score on one task", alone), *_WORDS]


def score_axis(task: str) -> str:
    """Title of an axis of scores.

    Args:
        task: Name of the task; empty for several ones.

    Examples:
        >>> score_axis("csr"), score_axis("exploration"), score_axis("somebody.module:hills")
        ('score (50 a meter)', 'score (squares)', 'score')
    """
    unit = task_words(task).unit if task else ""
    return f"score ({unit})" if unit else "score"


def episode(task: str, record: ScoreRecord) -> str:
    """Which episode the pictures of a design show.

    Args:
        task: Name of the task.
        record: The score record that its rank follows.
    """
    which = f"episode 1 of {record.episodes}" if record.episodes > 1 else "its episode"
    return f"{task} ({task_words(task).ground}), {which}, seed {record.seed}"


def progress(state: str, *, scored: int, total: int) -> str:
    """How far a run is; empty if it is finished.

    Args:
        state: Its state, as :attr:`codesign.api.RunStatus.state` says.
        scored: Number of candidates that are scored.
        total: Number of candidates of the whole run.

    Examples:
        >>> progress("running", scored=40, total=1000)
        'The run still goes on: 40 of 1,000 candidates are scored.'
    """
    if state == "finished":
        return ""
    known = {"running": "still goes on", "stopped": "stopped at its time limit"}
    return (
        f"The run {known.get(state, f'was {state}')}: {scored:,} of {total:,} candidates are "
        "scored."
    )


def found(cards: Sequence[Card], summaries: Sequence[Summary], settings: Settings) -> str:
    """What a run found, so far.

    Args:
        cards: Its best designs.
        summaries: All its candidates.
        settings: Its settings.
    """
    if not cards:
        return "No body simulates so far."
    card = cards[0]
    record, number, fell = card.record, card.candidate.number, sum(card.record.fell)
    fresh = " fresh" if card.search_score is not None else ""
    count = len(record.fell)
    episodes = f"{count}{fresh} episode{'s' * (count != 1)}"
    falls = f"and falls in {fell} of {episodes}" if fell else f"without a fall in {episodes}"
    text = (
        f"Its best design, candidate {number}, {_did(record, settings)} {falls}: a score of "
        f"{record.score:,.0f} (95% interval {record.ci95[0]:,.0f} to {record.ci95[1]:,.0f})"
    )
    first = [one.score for one in summaries if one.generation == 0 and one.status == "ok"]
    # (a score that learning raised does not compare with a zero-shot one)
    learned = card.learned or settings.adaptation is not None
    if first and max(first) > 0.0 and card.candidate.generation > 0 and not learned:
        own = record.score if card.search_score is None else card.search_score
        text += f"; in the search it had {own / max(first):.1f} times that of the best first body"
    return f"{text}."


def _did(record: ScoreRecord, settings: Settings) -> str:
    """What the best design did, a predicate."""
    if record.by_task:
        return ", ".join(
            f"{_did_on(task, part)} on {task}" for task, part in record.by_task.items()
        )
    return _did_on(settings.task, record)


def _did_on(task: str, record: ScoreRecord) -> str:
    known = [each.sentence for each in task_words(task).achievements(record)]
    if known:
        return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
    return f"covers {record.distance:.1f} m at {record.speed:.2f} m/s"


def alarms(events: Sequence[Event]) -> list[str]:
    """A line for each kind of alarm: the latest one, and in how many generations it came.

    Args:
        events: Events of the kinds "alarm" and "warning".
    """
    latest = {(event.kind, str(event.name)): event for event in events}
    times = Counter((event.kind, str(event.name)) for event in events)
    return [
        event.message
        + (f" (the latest of {times[key]} such generations)" if times[key] > 1 else "")
        for key, event in sorted(latest.items())
    ]


def spread(
    generations: Sequence[int], distances: Sequence[float | None], founders: Sequence[float]
) -> str:
    """What became of the diversity of a run.

    Args:
        generations: Numbers of generations.
        distances: Mean distance between the kept bodies of each; None for fewer than two.
        founders: Share of the kept bodies that descend from one starting body, of each.

    Examples:
        >>> spread([0, 1], [0.6, 0.2], [0.1, 1.0])
        'At the end the kept bodies are nearly alike. Since generation 1 all descend from one body.'
    """
    parts: list[str] = []
    last = distances[-1] if distances else None
    if last is not None:
        alike = "nearly alike" if last < MUTANTS_APART else "different"
        parts.append(f"At the end the kept bodies are {alike}.")
    since = len(founders)
    while since and founders[since - 1] >= 1.0:
        since -= 1
    if since < len(founders):
        parts.append(f"Since generation {generations[since]} all descend from one body.")
    return " ".join(parts)


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    Args:
        count: The number.
        noun: The noun for one.

    Examples:
        >>> counted(1, "episode"), counted(2, "episode")
        ('1 episode', '2 episodes')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _listed(names: Sequence[str]) -> str:
    plain = [name.rpartition(":")[2].replace("_", " ") for name in names]
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} and {plain[-1]}"
