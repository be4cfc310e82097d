"""Designs whose networks learn on, each on its own body alone, before they are written."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.errors import UsageError
from codesign.store.atomic import check_free
from morph_ops._messages import reason

if TYPE_CHECKING:
    from codesign.exporting.designs import Design, Motion


#: Simulations of all designs together, at least: few are slow for what is done once for all.
SIMULATIONS = 96
#: Simulations of each, at least.
FEWEST = 12


@dataclass(frozen=True, kw_only=True)
class Training:
    """How designs learn.

    Attributes:
        steps: control steps for each.
        workers: processes.
        on_steps: called with the control steps of all designs so far and in all, and the mean
            speed under the noise of the training (m/s).
    """

    steps: int
    workers: int = 1
    on_steps: Callable[[int, int, float], None] = lambda done, total, speed: None


@contextmanager
def trained(
    designs: list[Design], motion: Motion | None, training: Training | None, *, folder: Path
) -> Iterator[tuple[list[Design], Motion | None]]:
    """Improve the networks of designs by PPO, all side by side, for what writes them inside.

    What was learned is kept beside ``folder`` until that is written: the same call goes on after
    a Ctrl-C.

    Args:
        designs: to train.
        motion: what moves them; ``episodes`` are those of the scores before and after.
        training: how; None to leave all as it is.
        folder: where the designs will be written.

    Yields:
        The designs with their networks and scores, and the episodes of the scores after.

    Raises:
        UsageError: there is nothing to train, ``folder`` is taken or cannot be made, or what is
            beside it is something else.
    """
    if training is None:
        yield designs, motion
        return
    if not designs or motion is None:
        raise UsageError("--train: expected a body with a network to train, got none")
    check_free(folder)
    folder = folder.resolve()
    kept = folder.with_name(f"{folder.name}.training")
    yield _improved(designs, motion, training, kept)
    shutil.rmtree(kept, ignore_errors=True)


def _improved(
    designs: Sequence[Design], motion: Motion, training: Training, kept: Path
) -> tuple[list[Design], Motion]:
    import torch

    from hyperdistill_core.errors import CheckpointError
    from hyperdistill_core.training.finetuning.finetuning import MANIFEST, FineTuneSettings, finetune

    torch.set_num_threads(training.workers)
    settings = FineTuneSettings(
        steps_per_body=training.steps,
        n_envs=max(FEWEST, math.ceil(SIMULATIONS / len(designs))),
        n_workers=training.workers,
        seed=motion.seed,
        episodes=motion.episodes,
    )
    total = training.steps * len(designs)
    other = f"{kept} is not the training of these designs: remove it, or choose another --out"
    try:
        kept.mkdir(parents=True, exist_ok=True)
        if any(kept.iterdir()) and not (kept / MANIFEST).exists():
            raise UsageError(other)
        found = finetune(
            [design.graph for design in designs],
            motion.controller,
            settings,
            kept,
            variants=[design.variant for design in designs],
            report=lambda row: training.on_steps(int(row["steps"]), total, row["speed"]),
        )
    except CheckpointError:
        raise UsageError(other) from None
    except OSError as error:
        raise UsageError(f"cannot keep a training in {kept}: {reason(error)}") from None
    learned = [
        replace(design, network=network, scores=(float(before), float(after)))
        for design, network, before, after in zip(
            designs, found.networks, found.zero_shot, found.trained, strict=True
        )
    ]
    return learned, replace(motion, seed=settings.seed_after)
