"""Calibration: does a zero-shot score rank bodies as training each of them would?

The generated network of every body is fine-tuned with the same budget
(:mod:`~hyperdistill_core.training.finetuning`). The scores before and after are then compared.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation.evaluation import select_variants
from hyperdistill_core.training.finetuning import (
    FineTuner,
    FineTuneResult,
    FineTuneSettings,
    Report,
    ensure_manifest,
)
from morph_ops._text_file import write_text

if TYPE_CHECKING:
    import networkx as nx


class CalibrateSettings(FineTuneSettings):
    """How bodies are fine-tuned and scored.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> CalibrateSettings(steps_per_body=100_000, best_of=8).best_of
        8
    """

    best_of: int = Field(
        default=1,
        ge=1,
        description="Number of controller variants tried for each body. The best one generates "
        "the network that is scored and fine-tuned.",
    )


def calibrate(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: CalibrateSettings,
    folder: Path,
    *,
    report: Report = lambda _: None,
) -> FineTuneResult:
    """Score bodies, fine-tune their networks, and score them again.

    An interrupted calibration continues from its last checkpoint when it is called again.

    Args:
        graphs: At least 3 bodies.
        controller: Name or file of the controller.
        settings: Budgets and seed.
        folder: Folder of checkpoints, log and manifest. Nothing else is written.
        report: Function that receives a row of the training log after every update.

    Raises:
        TrainingError: There are fewer than 3 bodies.
        ControllerError: There is no such controller, or it has fewer variants than ``best_of``.
        CheckpointError: The folder belongs to another calibration.

    Examples:
        With a budget far below the default:

        >>> import tempfile
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(3)]
        >>> settings = CalibrateSettings(
        ...     steps_per_body=8, n_envs=2, horizon=4, checkpoints=1, episodes=1, n_workers=1
        ... )
        >>> result = calibrate(bodies, "flat-v0", settings, Path(tempfile.mkdtemp()))
        >>> result.zero_shot.shape == result.trained.shape == (3,)
        True
    """
    if len(graphs) < 3:
        raise TrainingError(f"a ranking needs at least 3 bodies, got {len(graphs)}")
    ensure_manifest(folder, graphs, controller, settings)
    variants = _variants(graphs, controller, settings, folder / "variants.json")
    return FineTuner(graphs, controller, settings, folder, variants=variants).run(report=report)


def _variants(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: CalibrateSettings,
    file: Path,
) -> list[int]:
    """Selected variant of each body, stored: another processor might select another one."""
    if not file.exists():
        found = select_variants(
            graphs,
            controller,
            best_of=settings.best_of,
            task=settings.task,
            seed=settings.seed,
            n_workers=settings.n_workers,
        )
        write_text(file, json.dumps(found) + "\n")
    return json.loads(file.read_text("utf-8"))
