"""Episodes of designs on a page: one on each task of a run, with pictures of the motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesign.errors import WRONG_INPUT, RunError
from codesign.replay import Recording, record
from codesign.report.pictures import Pictures, gait_diagram
from codesign.report.words import episode
from codesign.scoring.controllers import load_scored_with
from codesign.scoring.several_tasks import NORMALIZED
from hyperdistill_core.tasks import get_task
from morph_ops._messages import one_line
from morph_ops._registry import is_plugin

if TYPE_CHECKING:
    from codesign.scoring import ScoreRecord
    from codesign.store import Candidate, RunFolder

#: Most episodes of the designs that a page shows on every one of several tasks.
MOST_EPISODES = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Episode:
    """Pictures of a design on one task.

    Attributes:
        task: Name of the task where the run has several; empty otherwise.
        score: The score on that task, in words; empty where the run has one.
        words: Which episode the pictures show.
        strobe: Poses of the body in motion, as SVG.
        moving: The body in motion, as SVG whose frames the page has; empty without.
        gait: Its gait diagram, as SVG.
    """

    task: str
    score: str
    words: str
    strobe: str
    moving: str
    gait: str


def designs_everywhere(tasks: int) -> int:
    """Number of designs, the best ones, that a page shows on every task; all on one.

    Args:
        tasks: Number of tasks of the run.

    Examples:
        >>> designs_everywhere(3)
        13
    """
    return max(1, MOST_EPISODES // tasks)


def recordings_of(
    best: Sequence[Candidate], run: RunFolder, *, everywhere: int
) -> tuple[dict[int, dict[str, Recording]], str | None]:
    """An episode of each design on each task: the first one of the score that it is ranked by.

    A custom task is never loaded for this, since it can run code of somebody else.

    Args:
        best: The designs.
        run: The run folder.
        everywhere: Number of designs, the best ones, that are shown on every task; the others are
            on the first one.

    Returns:
        The episodes by number of the candidate and task, and why some are missing.
    """
    names = [name for name in run.settings.task_names if not is_plugin(name)]
    own = [name for name in run.settings.task_names if name not in names]
    why = None
    if own:
        why = f"the task {own[0]} is a custom component, which a page does not load"
    if not best or not names:
        return {}, why
    found: dict[int, dict[str, Recording]] = {}
    try:
        tasks = {name: get_task(name) for name in names}
        controller = load_scored_with(
            run.controller_of(best[0]),
            best[0].final.controller_hash,
            remedy="the run's own controller would move them",
        )
    except WRONG_INPUT as error:
        return {}, one_line(error)
    for rank, candidate in enumerate(best):
        for name in names if rank < everywhere else names[:1]:
            try:
                policy = run.own_network(candidate) or controller.for_body(
                    candidate.graph, tasks[name].model(candidate.graph), variant=candidate.variant
                )
                found.setdefault(candidate.number, {})[name] = record(
                    candidate.graph,
                    policy,
                    task=tasks[name],
                    name=f"candidate {candidate.number}",
                    seed=candidate.final.seed,
                )
            except (*WRONG_INPUT, RunError) as error:
                why = one_line(error)
    return found, why


def episodes_of(
    shown: ScoreRecord, recordings: Mapping[str, Recording], pictures: Pictures, *, animated: bool
) -> list[Episode]:
    """Pictures of a design on each task.

    Args:
        shown: The score record that its rank follows.
        recordings: Its episodes, by task.
        pictures: What draws the pictures of the page.
        animated: Whether there are moving pictures.
    """
    made: list[Episode] = []
    for task, recording in recordings.items():
        on = f" on {task}" if shown.by_task else ""
        made.append(
            Episode(
                task=task if shown.by_task else "",
                score=score_on(shown.by_task[task]) if task in shown.by_task else "",
                words=episode(task, shown),
                strobe=pictures.strobe(recording),
                moving=pictures.moving(recording, title=f"{recording.name} in motion{on}")
                if animated
                else "",
                gait=gait_diagram(recording),
            )
        )
    return made


def score_on(part: ScoreRecord) -> str:
    """The score on one of several tasks, and in brackets where it is on the common scale.

    Args:
        part: The score record on that task.
    """
    if part.status != "ok":
        return part.status
    return f"{part.score:,.0f} ({part.metrics[NORMALIZED]:.0f})"
