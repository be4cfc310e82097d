"""Does a zero-shot score rank bodies as training each of them would?

Every body's generated network is trained on (:mod:`~hyperdistill_core.training.finetuning`), all with
the same budget; then the score before is set against the score after.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import networkx as nx
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


class CalibrateSettings(FineTuneSettings):
    """How bodies are fine-tuned and scored.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.
    """

    best_of: int = Field(
        default=1,
        ge=1,
        description="Number of variants of each body; the best one is scored and fine-tuned.",
    )


def calibrate(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: CalibrateSettings,
    folder: Path,
    *,
    report: Report = lambda _: None,
) -> FineTuneResult:
    """Score, train and score again; interrupted it goes on from the last checkpoint.

    Args:
        graphs: at least 3 bodies.
        controller: name or file.
        settings: budgets and seed.
        folder: where the training's checkpoint and log go; nothing else is changed.
        report: called with a row of the training's log after every update.

    Raises:
        TrainingError: there are too few bodies to rank.
        ControllerError: there is no such controller, or it has fewer variants than ``best_of``.
        CheckpointError: the folder is that of another calibration.
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
    """Each body's best variant, found once: on another processor it might be another."""
    if not file.exists():
        found = select_variants(
            graphs,
            controller,
            best_of=settings.best_of,
            task=settings.task,
            seed=settings.seed,
            n_workers=settings.n_workers,
        )
        file.write_text(json.dumps(found) + "\n", "utf-8")
    return json.loads(file.read_text("utf-8"))
