"""Fine-tuning of the best designs of a run, or of robots, from one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
        finetuning: How the designs are fine-tuned.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS`; those of networks hold
            the fine-tuned ones.
        top: Number of designs of a run; None for the run's own setting ``top``.
        controller: Name or file of the controller to fine-tune for robots; None for the usual
            one. A run has its own.
        best_of: Number of variants to try for each robot before its training; None for the
            usual number. A run has the variants of its scores.
        episodes: Number of episodes of the scores of robots. A run has its own.
        seed: Seed of the training and the scores of robots. A run has its own.
        printing: Settings of printable parts; None for the usual ones.

    Returns:
        The designs with networks and scores.

    Raises:
        BodyError: A file is not a robot.
        UsageError: ``sources`` are neither one run nor robots with a joint to control.
        UsageError: An argument does not apply to a run, or to robots.
        UsageError: The run's task is not the one of exported scenes.
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
        return _finetune_run(run, folder, finetuning, formats=formats, top=top, printing=printing)
    if top is not None:
        raise UsageError("fine-tuning: top is for a run, and the sources are robots")
    controller = controller or CONTROLLER
    designs = with_best_variants(read_designs(sources), controller, best_of)
    rollout = DesignRollout(controller=controller, seed=seed, episodes=episodes)
    return export_designs(
        designs,
        folder,
        formats=formats,
        rollout=rollout,
        finetuning=finetuning,
        printing=printing,
    )


def _finetune_run(
    run: RunFolder,
    folder: Path,
    finetuning: FineTuning,
    *,
    formats: Sequence[str],
    top: int | None,
    printing: PrintSettings | None,
) -> list[Design]:
    if run.settings.task != SCENE_TASK:
        raise UsageError(
            f"fine-tuning: expected a run on the task {SCENE_TASK}, got {run.settings.task}"
        )
    with run.database(read_only=True) as database:
        return export_run(
            database,
            run.settings,
            folder,
            top=top,
            formats=formats,
            finetuning=finetuning,
            printing=printing,
        )
