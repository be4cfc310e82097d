"""Fine-tuning of the best designs of a run, or of robots, from one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codesign.config import Settings
from codesign.defaults import CONTROLLER, EPISODES
from codesign.errors import UsageError
from codesign.exporting.design import (
    SCENE_TASK,
    USUAL_FORMATS,
    Design,
    DesignRollout,
)
from codesign.exporting.design_files import export_designs
from codesign.exporting.finetuning import FineTuning
from codesign.exporting.printing import PrintSettings
from codesign.exporting.robots import read_designs, with_best_variants
from codesign.exporting.runs import export_run
from codesign.store import RunFolder
from morph_ops._registry import is_plugin


def finetune(
    sources: Sequence[Path],
    folder: Path,
    finetuning: FineTuning,
    *,
    formats: Sequence[str] = USUAL_FORMATS,
    top: int | None = None,
    controller: str | Path | None = None,
    best_of: int | None = None,
    episodes: int = EPISODES,
    seed: int = 0,
    blind: bool = False,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Fine-tune the best designs of a run, or robots, and write them.

    PPO trains the network of each design on that body alone; all designs train at the same
    time. Each keeps the best network of several checkpoints, the generated one included. The
    folder then has the designs, and ``designs.csv`` with their zero-shot and fine-tuned scores.
    The training lies in ``FOLDER.finetuning`` until the designs are written; after an
    interruption, the same call continues it.

    Args:
        sources: One run folder, or files of robots.
        folder: The folder to make. It must not exist, or be empty.
        finetuning: How the designs are fine-tuned. Without a task it is that of the run, and
            ``"flat"`` for robots.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS`; those of networks hold
            the fine-tuned ones.
        top: Number of designs of a run; None for the run's own setting ``top``.
        controller: Name or file of the controller to fine-tune for robots; None for the usual
            one. A run has its own.
        best_of: Number of variants to try for each robot before its training; None for the
            usual number. A run has the variants of its scores.
        episodes: Number of episodes of the scores of robots. A run has its own.
        seed: Seed of the training and the scores of robots. A run has its own.
        blind: Whether networks with height samples get flat ground folded in when they are written.
        printing: Settings of printable parts; None for the usual ones.

    Returns:
        The designs with networks and scores.

    Raises:
        BodyError: A file is not a robot.
        UsageError: ``sources`` are neither one run nor robots with a joint to control.
        UsageError: An argument does not apply to a run, or to robots.
        UsageError: The run has several tasks, or one of somebody's own code, and no task is named.
        UsageError: The folder is not empty, or the training folder has another training.
        UsageError: There is no such controller, or it has fewer than ``best_of`` variants.

    Examples:
        >>> tuning = FineTuning(steps=500_000, workers=4)
        >>> designs = finetune([Path("runs/walk")], Path("tuned"), tuning)  # doctest: +SKIP
        >>> [design.scores for design in designs]  # doctest: +SKIP
        [(899.4, 1294.1), (756.0, 1299.3)]
    """
    for source in sources:
        if not source.exists():
            raise UsageError(f"{source}: no such run or robot")
    if any(source.is_dir() for source in sources):
        if len(sources) > 1:
            raise UsageError("fine-tuning: expected one run, or robots, got a folder among others")
        if controller is not None or best_of is not None:
            raise UsageError(
                "fine-tuning: controller and best_of are for robots; a run has its own controller, "
                "and the variants of its scores"
            )
        run = RunFolder(sources[0])
        require_task(run.settings, finetuning.task)
        with run.database(read_only=True) as database:
            return export_run(
                run,
                database,
                folder,
                top=top,
                formats=formats,
                finetuning=finetuning,
                blind=blind,
                printing=printing,
            )
    if top is not None:
        raise UsageError("fine-tuning: top is for a run, and the sources are robots")
    controller = controller or CONTROLLER
    task = finetuning.task or SCENE_TASK
    designs = with_best_variants(read_designs(sources), controller, best_of, task=task)
    rollout = DesignRollout(
        controller=controller, task=task, blind=blind, seed=seed, episodes=episodes
    )
    return export_designs(
        designs,
        folder,
        formats=formats,
        rollout=rollout,
        finetuning=finetuning,
        printing=printing,
    )


def require_task(settings: Settings, task: str | None) -> None:
    """Refuse to fine-tune the designs of a run on a task that nobody can know.

    Args:
        settings: Settings of the run.
        task: Name of the task that was asked for; None for that of the run.

    Raises:
        UsageError: No task is named, and the run has several, or one of somebody's own code.
    """
    if task is not None:
        return
    first, *more = settings.task_names
    if more:
        raise UsageError(
            f"task: the run has the tasks {', '.join(settings.task_names)}: name the one to train "
            "on"
        )
    if is_plugin(first):
        raise UsageError(
            f"task: the run has the task {first}, which is code: name it to say that you trust it, "
            "or name another task"
        )
