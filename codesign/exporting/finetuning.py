"""Fine-tuning of designs: PPO continues from the generated network, for each body alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codesign.errors import UsageError
from codesign.exporting.design import Design, DesignRollout
from codesign.scoring import BodyScorer, ScoreRecord
from codesign.store.atomic import check_free
from codesign.threads import torch_threads
from morph_ops._messages import reason


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How designs are fine-tuned.

    Attributes:
        steps: Number of control steps of training for each design.
        task: Name of the task that the designs are trained on; None for that of their episodes.
        workers: Number of worker processes.
        on_steps: Function to call after every update, with the number of control steps of all
            designs so far, that of the whole training, and the mean reward of a control step
            with action noise: the speed (m/s) on tasks that reward speed alone.

    Examples:
        >>> def show(done, total, reward):
        ...     print(f"{done:,} of {total:,} control steps, a reward of {reward:.2f} each")
        >>> FineTuning(steps=500_000, workers=4, on_steps=show).steps
        500000
    """

    steps: int
    task: str | None = None
    workers: int = 1
    on_steps: Callable[[int, int, float], None] = lambda done, total, reward: None


def finetuned_record(
    design: Design, scorer: BodyScorer, *, zero_shot: float, steps: int
) -> ScoreRecord:
    """The score record of a fine-tuned design.

    Args:
        design: The design with its network.
        scorer: Scorer with the episodes of the score after fine-tuning.
        zero_shot: Score before; it becomes a metric.
        steps: Number of control steps of the training; it becomes a metric.
    """
    record = scorer(design.graph, robot=design.name, variant=design.variant, policy=design.network)
    added = {"zero_shot_score": zero_shot, "finetune_steps": float(steps)}
    return replace(record, metrics={**record.metrics, **added})


def with_records(designs: Sequence[Design], rollout: DesignRollout) -> list[Design]:
    """Fine-tuned robots with the score records of their networks, for their own records.

    Args:
        designs: The designs; those without scores stay as they are.
        rollout: The episodes of the scores after fine-tuning.
    """
    scorer = BodyScorer(
        controller=rollout.controller,
        task=rollout.task,
        episodes=rollout.episodes,
        seed=rollout.seed,
    )
    return [
        design
        if design.scores is None or design.tuned is None
        else replace(design, origin=_origin(design, scorer, design.scores[0], design.tuned[1]))
        for design in designs
    ]


def _origin(design: Design, scorer: BodyScorer, zero_shot: float, steps: int) -> Mapping[str, Any]:
    record = finetuned_record(design, scorer, zero_shot=zero_shot, steps=steps)
    return {**design.origin, "score": record.to_dict()}


@contextmanager
def finetuned(
    designs: list[Design],
    rollout: DesignRollout | None,
    finetuning: FineTuning | None,
    *,
    folder: Path,
) -> Generator[tuple[list[Design], DesignRollout | None]]:
    """Fine-tune the networks of designs before the ``with`` block writes them.

    The training folder lies beside ``folder`` until the block ends without an error. After an
    interruption, the same call continues the training that is there.

    Args:
        designs: The designs to fine-tune.
        rollout: The controller; its ``episodes`` are those of the scores before and after, on the
            task of the fine-tuning.
        finetuning: How the designs are fine-tuned; None leaves everything as it is.
        folder: The folder that the block writes.

    Yields:
        The designs with networks and scores, and the episodes of the scores after fine-tuning.

    Raises:
        UsageError: There is no design, or no controller.
        UsageError: ``folder`` is not empty, or the training folder cannot be made.
        UsageError: The training folder has the training of other designs.
    """
    if finetuning is None:
        yield designs, rollout
        return
    if not designs or rollout is None:
        raise UsageError(
            "fine-tuning: expected at least one design that a controller moves, got none"
        )
    rollout = replace(rollout, task=finetuning.task or rollout.task)
    check_free(folder)
    folder = folder.resolve()
    training_folder = folder.with_name(f"{folder.name}.finetuning")
    yield _finetune(designs, rollout, finetuning, training_folder)
    shutil.rmtree(training_folder, ignore_errors=True)


def _finetune(
    designs: Sequence[Design], rollout: DesignRollout, finetuning: FineTuning, folder: Path
) -> tuple[list[Design], DesignRollout]:
    from hyperdistill_core.errors import CheckpointError
    from hyperdistill_core.tasks import get_task, pinned_task
    from hyperdistill_core.training.finetuning import (
        MANIFEST,
        FineTuneSettings,
        enough_simulations,
        finetune,
    )

    settings = FineTuneSettings(
        steps_per_body=finetuning.steps,
        task=pinned_task(rollout.task),
        n_envs=enough_simulations(len(designs)),
        n_workers=finetuning.workers,
        seed=rollout.seed,
        episodes=rollout.episodes,
    )
    total = finetuning.steps * len(designs)
    other = (
        f"{folder} is not the fine-tuning of these designs: remove it, or choose another "
        "folder with --out"
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / MANIFEST).exists():
            raise UsageError(other)
        with torch_threads(finetuning.workers):
            result = finetune(
                [design.graph for design in designs],
                rollout.controller,
                settings,
                folder,
                variants=[design.variant for design in designs],
                report=lambda row: finetuning.on_steps(int(row["steps"]), total, row["reward"]),
            )
    except CheckpointError:
        raise UsageError(other) from None
    except OSError as error:
        raise UsageError(f"cannot write the fine-tuning to {folder}: {reason(error)}") from None
    tuned = [
        replace(
            design,
            network=network,
            scores=(float(before), float(after)),
            tuned=(get_task(rollout.task).name, finetuning.steps),
        )
        for design, network, before, after in zip(
            designs, result.networks, result.zero_shot, result.trained, strict=True
        )
    ]
    return tuned, replace(rollout, seed=settings.seed_after)
