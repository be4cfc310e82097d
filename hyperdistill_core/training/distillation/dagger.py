"""Distillation in rounds: training, then DAgger, then training on more data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.training.distillation.collect_settings import CollectSettings
from hyperdistill_core.training.distillation.collection import collect
from hyperdistill_core.training.distillation.distill_settings import DistillSettings
from hyperdistill_core.training.distillation.distiller import Distiller
from hyperdistill_core.training.distillation.expert_data import ExpertData
from hyperdistill_core.training.distillation.labelers import Labeler, Student
from hyperdistill_core.training.training_sets.training_set import TrainingSet


def distill(
    training_set: TrainingSet,
    data: ExpertData,
    teachers: Sequence[Labeler],
    *,
    settings: DistillSettings,
    dagger: CollectSettings,
    rounds: int,
    folder: Path,
    initialize_from: Controller | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Distiller:
    """Train a student, with rounds of DAgger (Ross 2011) spread evenly over its updates.

    An interrupted distillation goes on from its last checkpoint and the last whole segment of
    data when it is called again.

    Args:
        training_set: Bodies on which the student acts in the rounds.
        data: The teachers' expert data; the rounds add to it.
        teachers: Teachers that label the states that the student reaches.
        settings: Settings of the distillation.
        dagger: Settings of the collection in the rounds.
        rounds: Number of rounds; 0 for the teachers' own data alone.
        folder: Folder of the student's checkpoint and log.
        initialize_from: Controller that the student starts as; None for random weights.
        report: Function that is called with lines about the progress.

    Returns:
        The distiller with the trained student.

    Raises:
        TrainingError: There is no data, or it is of another training set, task or teachers.
        CheckpointError: The checkpoint in ``folder`` is of another network or other settings.

    Examples:
        From expert data to a controller, with settings far below the defaults:

        >>> import tempfile
        >>> import numpy as np
        >>> from hyperdistill_core.training.distillation import load_teachers, student_controller
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet((sample_body(rng), sample_body(rng)), ("sampled",) * 2)
        >>> teachers, _ = load_teachers(["flat-v0"])
        >>> folder = Path(tempfile.mkdtemp())
        >>> few = CollectSettings(n_active=2, n_envs=1, horizon=4, n_workers=1)
        >>> data = ExpertData(folder / "data")
        >>> collect(bodies, data, few, teachers=teachers[:1])
        >>> settings = DistillSettings(updates=2, n_bodies=2, n_states=4, hidden=8, embed=8)
        >>> distiller = distill(
        ...     bodies, data, teachers[:1], settings=settings, dagger=few, rounds=1, folder=folder
        ... )
        >>> distiller.updates_done, len(data.segments)
        (2, 4)
        >>> student_controller(distiller, bodies, name="my-v0", provenance={}).task
        'flat'
    """
    distiller = Distiller(data, settings, folder, initialize_from=initialize_from)
    for round_ in range(rounds + 1):
        until = settings.updates * (round_ + 1) // (rounds + 1)
        if distiller.updates_done >= until:
            continue
        if round_:
            network = distiller.network.eval()
            collect(
                training_set,
                data,
                dagger,
                teachers=teachers,
                student=Student(network, distiller.normalization, settings.context),
                round_=round_,
                report=partial(_report_bodies, report, round_),
            )
            distiller.refresh()
        distiller.train(until, report=partial(_report_loss, report))
    return distiller


def _report_bodies(report: Callable[[str], None], round_: int, done: int, total: int) -> None:
    report(f"round {round_}: {done} of {total} bodies")


def _report_loss(report: Callable[[str], None], row: dict[str, float]) -> None:
    report(
        f"update {row['updates']:.0f}: loss {row['loss']:.4f}, "
        f"on held-out bodies {row['validation_loss']:.4f}"
    )
