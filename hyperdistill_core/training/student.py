"""From expert data to a controller: distillation in rounds, each on more of the data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyperdistill_core.controller import Controller
from hyperdistill_core.ranges import TrainingRanges
from hyperdistill_core.training.collect import CollectSettings, Student, Teacher, collect
from hyperdistill_core.training.distill import Distiller, DistillSettings
from hyperdistill_core.training.expert import ExpertData
from hyperdistill_core.training.pool import Pool

Report = Callable[[str], None]


def distil(
    pool: Pool,
    data: ExpertData,
    teachers: Sequence[Teacher],
    *,
    settings: DistillSettings,
    dagger: CollectSettings,
    rounds: int,
    folder: Path,
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
        report: called with a line for people now and then.
    """
    distiller = Distiller(data, settings, folder)

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
            student = Student(distiller.network.eval(), distiller.normalisation)
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
    distiller: Distiller, pool: Pool, *, name: str, provenance: Mapping[str, Any]
) -> Controller:
    """The controller that a distillation has made so far."""
    return Controller(
        name=name,
        # A controller freezes its network; the distillation may go on.
        network=copy.deepcopy(distiller.network),
        normalisation=distiller.normalisation,
        task=distiller.settings.task,
        context="continuous",
        ranges=TrainingRanges.over(pool.graphs),
        provenance=provenance,
    )
