"""From expert data to a controller: distillation in rounds, each on more of the data.

A generalist is a controller already, of what it learned by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.controller.training_distribution import TrainingDistribution
from hyperdistill_core.features import ContextKind
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.training.distillation.collection import (
    CollectSettings,
    Student,
    Teacher,
    VariantTeacher,
    collect,
)
from hyperdistill_core.training.distillation.distillation import Distiller, DistillSettings
from hyperdistill_core.training.distillation.expert_data import ExpertData
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets.training_set import TrainingSet

Report = Callable[[str], None]


def distill(
    pool: TrainingSet,
    data: ExpertData,
    teachers: Sequence[Teacher | VariantTeacher],
    *,
    settings: DistillSettings,
    dagger: CollectSettings,
    rounds: int,
    folder: Path,
    initialize_from: Controller | None = None,
    report: Report = lambda _: None,
) -> Distiller:
    """Train a student, with ``rounds`` of DAgger spread evenly over its updates.

    Interrupted at any moment it goes on from the last checkpoint and the last whole
    segment of data.

    Args:
        pool: bodies on which the student acts in the rounds.
        data: the teacher's data, which the rounds extend.
        teachers: label the states that the student comes to.
        settings: of the distillation.
        dagger: how the rounds collect.
        rounds: of DAgger; 0 learns from the teacher's own data alone.
        folder: of the student's checkpoint and log.
        initialize_from: controller that the student begins as.
        report: called with a line for people now and then.
    """
    distiller = Distiller(data, settings, folder, initialize_from=initialize_from)

    def tell(row: dict[str, float]) -> None:
        report(
            f"update {row['updates']:.0f}: loss {row['loss']:.4f}, "
            f"on bodies held out {row['validation_loss']:.4f}"
        )

    for round_ in range(rounds + 1):
        until = settings.updates * (round_ + 1) // (rounds + 1)
        if distiller.updates_done >= until:
            continue
        if round_:
            network, context = distiller.network.eval(), distiller.settings.context
            student = Student(network, distiller.normalization, context)
            collect(
                pool,
                data,
                dagger,
                teachers=teachers,
                student=student,
                round_=round_,
                report=lambda done, total, r=round_: report(f"round {r}: {done} of {total} bodies"),
            )
            distiller.refresh()
        distiller.train(until, report=tell)
    return distiller


def to_controller(
    distiller: Distiller, pool: TrainingSet, *, name: str, provenance: Mapping[str, Any]
) -> Controller:
    """The controller that a distillation has made so far."""
    return _controller(
        distiller.network,
        distiller.normalization,
        pool,
        task=distiller.settings.task,
        context=distiller.settings.context,
        name=name,
        provenance=provenance,
    )


def generalist_controller(
    checkpoint: Path, pool: TrainingSet, *, name: str, started_from: str | None = None
) -> Controller:
    """The controller that the actor of a trained generalist is.

    Args:
        checkpoint: of its training.
        pool: bodies that it learned on.
        name: of the controller.
        started_from: what the training began with, to be told in the controller's file.

    Raises:
        CheckpointError: no such file, or no teacher's checkpoint.
    """
    network, normalization, meta = load_teacher(checkpoint)
    provenance = {key: meta[key] for key in ("settings", "steps", "seconds")}
    return _controller(
        network.actor,
        normalization,
        pool,
        task=meta["settings"]["task"],
        context="continuous",
        name=name,
        provenance=provenance | {"pool": pool.counts, "started from": started_from},
    )


def _controller(
    network: Hypernetwork,
    normalization: Normalization,
    pool: TrainingSet,
    *,
    task: str,
    context: ContextKind,
    name: str,
    provenance: Mapping[str, Any],
) -> Controller:
    return Controller(
        name=name,
        # A controller freezes its network; the training may go on.
        network=copy.deepcopy(network),
        normalization=normalization,
        task=task,
        context=context,
        training_distribution=TrainingDistribution.over(pool.graphs),
        provenance=provenance,
    )
