"""``codesign controller collect`` and ``distill``."""

from __future__ import annotations

from pathlib import Path

import click

from codesign.cli.controller.files import write_controller
from codesign.cli.options import (
    FOLDER,
    IntRange,
    preset_option,
    set_option,
    teacher_option,
    threads_option,
    training_set_option,
)
from codesign.cli.text import echo
from codesign.threads import torch_threads

_mean_option = click.option(
    "--mean",
    is_flag=True,
    help="Label with the mean of the teachers' controls, in place of those of each body's best "
    "teacher. Of a controller its first variant takes part.",
)


@click.command()
@training_set_option
@teacher_option
@_mean_option
@click.option("--out", required=True, type=FOLDER, help="Folder of the data.")
@set_option("collection", "horizon=1000")
def collect(
    training_set_file: Path,
    teachers: tuple[str, ...],
    mean: bool,
    out: Path,
    assignments: tuple[str, ...],
) -> None:
    """Record expert data for distillation.

    The data are states, and the actions of each body's best teacher in them, or of all teachers
    together.
    """
    from hyperdistill_core.settings import changed
    from hyperdistill_core.training import distillation
    from hyperdistill_core.training.training_sets import TrainingSet

    loaded, _ = distillation.load_teachers(teachers, mean=mean)
    data = distillation.ExpertData(out)
    distillation.collect(
        TrainingSet.read(training_set_file),
        data,
        changed(distillation.CollectSettings(), assignments),
        teachers=loaded,
        report=lambda done, total: echo(f"{done} of {total} bodies"),
    )
    echo(f"{data.transitions:,} transitions in {out}")


@click.command()
@training_set_option
@teacher_option
@_mean_option
@click.option(
    "--data", required=True, type=FOLDER, help="Expert data of 'collect'; DAgger adds to it."
)
@click.option("--out", required=True, type=FOLDER, help="Folder of the checkpoint and the log.")
@click.option(
    "--name", required=True, help="Name of the controller, written as NAME.safetensors in --out."
)
@click.option(
    "--init",
    "initialize_from",
    metavar="NAME|FILE",
    help="Controller that the student starts from.  [default: random weights]",
)
@click.option(
    "--rounds",
    default=2,
    show_default=True,
    type=IntRange(min=0),
    help="Number of rounds of DAgger: the student acts, and the teachers label its states.",
)
@preset_option
@threads_option(2)
@click.option(
    "--dagger",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting of the collection in rounds of DAgger. Repeat it for more.",
)
@set_option("distillation", "updates=20000")
def distill(
    training_set_file: Path,
    teachers: tuple[str, ...],
    mean: bool,
    data: Path,
    out: Path,
    name: str,
    initialize_from: str | None,
    rounds: int,
    preset: str,
    threads: int,
    dagger: tuple[str, ...],
    assignments: tuple[str, ...],
) -> None:
    """Distill teachers into a controller.

    A hypernetwork learns to generate, for every body, a network that acts as the teachers do.
    """
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.settings import changed
    from hyperdistill_core.training import distillation
    from hyperdistill_core.training.training_sets import TrainingSet
    from morph_ops._registry import lookup

    click.get_current_context().with_resource(torch_threads(threads))
    start = lookup(distillation.DISTILL_PRESETS, preset, what="preset")
    settings = changed(start, assignments)
    collecting = distillation.CollectSettings(task=settings.task, seed=settings.seed)
    bodies = TrainingSet.read(training_set_file)
    loaded, teachers_made = distillation.load_teachers(teachers, mean=mean)
    expert = distillation.ExpertData(data)
    distiller = distillation.distill(
        bodies,
        expert,
        loaded,
        settings=settings,
        dagger=changed(collecting, dagger),
        rounds=rounds,
        folder=out,
        initialize_from=None if initialize_from is None else Controller.load(initialize_from),
        report=echo,
    )
    provenance = {
        "teachers": teachers_made,
        "training set": bodies.counts,
        "distillation": {
            **settings.to_dict(),
            "rounds": rounds,
            "mean of the teachers": mean,
            "transitions": expert.transitions,
        },
        "initialized from": initialize_from,
    }
    made = distillation.student_controller(distiller, bodies, name=name, provenance=provenance)
    write_controller(made, out)
