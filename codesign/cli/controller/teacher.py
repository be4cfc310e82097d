"""``codesign controller train-teacher``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign.cli.controller.files import write_controller
from codesign.cli.options import (
    FOLDER,
    FloatRange,
    IntRange,
    preset_option,
    set_option,
    threads_option,
    training_set_option,
)
from codesign.cli.text import echo
from codesign.threads import torch_threads

if TYPE_CHECKING:
    from hyperdistill_core.training.ppo import PPOSettings

#: Kinds of teachers with the observations of a controller; one can initialize them.
CONTROLLER_KINDS = ("generalist", "specialists")


@click.command("train-teacher")
@training_set_option
@click.option("--out", required=True, type=FOLDER, help="Folder of the checkpoint and the log.")
@click.option(
    "--init",
    "initialize_from",
    metavar="NAME|FILE",
    help="Checkpoint of a teacher to start from; for a generalist and for specialists also a "
    "controller.",
)
@click.option(
    "--kind",
    metavar="KIND",
    help="Network of the teacher: gnn, transformer, modumorph, generalist, or specialists.  "
    "[default: that of the preset]",
)
@preset_option
@click.option(
    "--name", help="Write the controller that a generalist is, as NAME.safetensors in --out."
)
@threads_option(None)
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    type=click.Choice(["cpu", "cuda"]),
    help="Device of the network; bodies are simulated on the CPU.",
)
@click.option(
    "--workers",
    type=IntRange(min=1),
    help="Number of simulation processes; sets n_workers.  [default: that of the preset]",
)
@click.option(
    "--minutes",
    type=FloatRange(min=0, min_open=True),
    help="Duration of the training, in place of its number of steps; sets minutes.",
)
@click.option("--tensorboard", is_flag=True, help="Write curves for TensorBoard into --out, too.")
@set_option("training", "steps=1000000")
def train_teacher(
    training_set_file: Path,
    out: Path,
    initialize_from: str | None,
    kind: str | None,
    preset: str,
    name: str | None,
    threads: int,
    device: str,
    workers: int | None,
    minutes: float | None,
    tensorboard: bool,
    assignments: tuple[str, ...],
) -> None:
    """Train a universal teacher by PPO, on many bodies at once.

    A generalist is the hypernetwork of a controller itself: with --name it is written as one, and
    needs no distillation. Specialists are one network for each body.
    """
    from hyperdistill_core.controller.checkpoints import find
    from hyperdistill_core.training.distillation import generalist_controller
    from hyperdistill_core.training.ppo import TeacherTrainer
    from hyperdistill_core.training.training_sets import TrainingSet

    click.get_current_context().with_resource(torch_threads(threads))
    settings = _settings(preset, kind, assignments, name)
    limits = {"n_workers": workers, "minutes": minutes}
    settings = settings.replace(**{key: n for key, n in limits.items() if n is not None})
    bodies = TrainingSet.read(training_set_file)
    if settings.teacher == "specialists":
        settings = settings.replace(n_active=len(bodies), replaced_per_update=0)
    trainer = TeacherTrainer(
        bodies,
        settings,
        out,
        initialize_from=None if initialize_from is None else find(initialize_from),
        device=device,
    )
    trainer.train(report=_reporter(out, settings.task, tensorboard=tensorboard))
    if name is not None:
        made = generalist_controller(
            out / "teacher.safetensors", bodies, name=name, initialized_from=initialize_from
        )
        write_controller(made, out)


def _settings(
    preset: str, kind: str | None, assignments: tuple[str, ...], name: str | None
) -> PPOSettings:
    """Settings of the training.

    Raises:
        UnknownNameError: There is no such preset.
        SettingsError: A setting is wrong.
        UsageError: ``name`` asks for a controller, and the teacher is none.
    """
    from codesign.errors import UsageError
    from hyperdistill_core.settings import changed
    from hyperdistill_core.training.ppo import PRESETS
    from morph_ops._registry import lookup

    settings = lookup(PRESETS, preset, what="preset")
    if kind is not None:
        settings = settings.replace(teacher=kind)
    if settings.teacher in CONTROLLER_KINDS:
        settings = settings.replace(observation="state")
    settings = changed(settings, assignments)
    if name is not None and settings.teacher != "generalist":
        raise UsageError(f"--name: only a generalist is a controller, not a {settings.teacher}")
    if name is not None and settings.observation != "state":
        raise UsageError(
            "--name: expected observation=state, which is all that a controller observes, got "
            f"observation={settings.observation}"
        )
    return settings


def _reporter(out: Path, task: str, *, tensorboard: bool) -> Callable[[dict[str, float]], None]:
    """A function that prints a row of the training log, and draws it for TensorBoard."""
    from codesign.scoring.task_words import task_words
    from hyperdistill_core.training.training_log import tensorboard_log

    words = task_words(task)
    draw: Callable[[dict[str, float]], None] = lambda row: None  # noqa: E731  a type for both
    if tensorboard:
        draw = tensorboard_log(out)

    def report(row: dict[str, float]) -> None:
        draw(row)
        echo(
            f"{row['steps']:,.0f} steps, {row['seconds'] / 60:.0f} min: "
            f"return {row['return']:.1f}, {words.reward_text(row['reward'])}, "
            f"kl {row['kl']:.4f}, {row['steps_per_s']:,.0f} steps/s"
        )

    return report
