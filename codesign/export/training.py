"""Designs whose networks learn on, each on its own body alone, before they are written."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.store.whole import check_free

if TYPE_CHECKING:
    from codesign.export.designs import Design, Motion


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


def train_designs(
    designs: Sequence[Design], motion: Motion, training: Training, *, folder: Path
) -> tuple[list[Design], Motion]:
    """Improve the networks of designs by PPO, all side by side.

    What was learned so far is kept beside ``folder`` until it is complete: the same call goes
    on after a Ctrl-C.

    Args:
        designs: at least one.
        motion: what moves them; ``episodes`` are those of the scores before and after.
        training: how.
        folder: where the designs will be written.

    Returns:
        The designs with their networks and scores, and the episodes of the scores after.

    Raises:
        UsageError: ``folder`` is taken.
        TrainingError: what is beside it is of another training, or of other designs.
    """
    import torch

    from hyperdistill_core.training.improve import ImproveSettings, improve

    check_free(folder)
    kept = folder.with_name(f"{folder.name}.training")
    settings = ImproveSettings(
        steps_per_body=training.steps,
        n_envs=max(FEWEST, math.ceil(SIMULATIONS / len(designs))),
        n_workers=training.workers,
        seed=motion.seed,
        episodes=motion.episodes,
    )
    torch.set_num_threads(training.workers)
    total = training.steps * len(designs)
    found = improve(
        [design.graph for design in designs],
        motion.controller,
        settings,
        kept,
        readings=[design.reading for design in designs],
        report=lambda row: training.on_steps(int(row["steps"]), total, row["speed"]),
    )
    learned = [
        replace(design, network=network, scores=(float(before), float(after)))
        for design, network, before, after in zip(
            designs, found.networks, found.zero_shot, found.trained, strict=True
        )
    ]
    shutil.rmtree(kept, ignore_errors=True)
    return learned, replace(motion, seed=settings.seed_after)
