"""``codesign controller pool | train-teacher | collect | distill | variants``.

Every stage writes into a folder of its own; run again, those that take long (``train-teacher``,
``collect``, ``distill``) go on where they stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import networkx as nx
    from _typeshed import DataclassInstance

    from codesign.scoring import ScoringPool
    from hyperdistill_core.controller.controller import Controller

SettingsT = TypeVar("SettingsT", bound="DataclassInstance")
#: Kinds of teachers that see what a controller sees, and may begin as one.
CONTROLLER_KINDS = ("generalist", "specialists")
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
TEACHER_HELP = (
    "A teacher's checkpoint, or a controller, each of whose variants is a teacher; several may be"
    " named, in the same order at every stage."
)
TEACHER = click.option(
    "--teacher", "teachers", required=True, multiple=True, metavar="NAME|FILE", help=TEACHER_HELP
)
#: Episodes in which a body of a pool is tried.
TRIAL_EPISODES = 2
SET = click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting.")


def robots_in(folder: Path) -> list[Any]:
    """Bodies of all robots in a folder, by file name.

    Raises:
        BodyError: there is none, or a file is no robot.
    """
    from morph_ops.io.files import read_body, robot_files

    return [read_body(path) for path in robot_files(folder)]


def changed(default: SettingsT, changes: tuple[str, ...]) -> SettingsT:
    """Settings with ``key=value`` changes, each value of the type that the default has.

    Raises:
        UsageError: not of that form, or a value of another type.
        UnknownNameError: there is no such key.
    """
    from codesign.errors import UsageError
    from morph_ops._registry import lookup

    kinds = {field.name: type(getattr(default, field.name)) for field in fields(default)}
    values: dict[str, Any] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise UsageError(f"--set {change}: expected KEY=VALUE")
        kind = lookup(kinds, key, what="setting")
        words = {"true": True, "false": False}
        try:
            values[key] = words[text.lower()] if kind is bool else kind(text)
        except (ValueError, KeyError):
            raise UsageError(f"--set {change}: expected {kind.__name__}, got {text!r}") from None
    return replace(default, **values)


def _say(line: str) -> None:
    click.echo(line)


@click.command()
@click.option("--robots", type=FOLDER, help="Folder of robots to begin with.")
@click.option("--held-out", type=FOLDER, help="Folder of robots whose plans must not come up.")
@click.option("--controller", help="Name or file of the controller that bodies are tried with.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(min=1))
@click.option("--out", required=True, type=FILE, help="File to write (.jsonl).")
@SET
def pool(
    robots: Path | None,
    held_out: Path | None,
    controller: str | None,
    workers: int,
    out: Path,
    changes: tuple[str, ...],
) -> None:
    """Make the pool of bodies that a controller learns on.

    With a controller, only bodies that it moves or that stay up come in, and lines of bodies
    can be bred under it from the robots (--set evolved=1000) and from the best of sampled
    bodies (--set founders=50).
    """
    from codesign.scoring import ScoringPool
    from hyperdistill_core.training.training_sets import TrainingSetSettings, make_training_set
    from morph_ops._text_file import require_writable

    settings = changed(TrainingSetSettings(), changes)
    out.parent.mkdir(parents=True, exist_ok=True)
    require_writable(out)

    def report(done: int, total: int) -> None:
        if done % 100 == 0:
            _say(f"{done} of {total} bodies")

    with ExitStack() as stack:
        scorers = None
        if controller is not None:
            scorers = stack.enter_context(
                ScoringPool(
                    workers=workers,
                    controller=controller,
                    task=settings.task,
                    episodes=TRIAL_EPISODES,
                    seed=settings.seed,
                )
            )
        made = make_training_set(
            settings,
            robots=robots_in(robots) if robots else [],
            held_out=robots_in(held_out) if held_out else [],
            score=partial(_try, scorers) if scorers else None,
            report=report,
        )
    made.write(out)
    _say(f"{len(made)} bodies in {out}")


def _try(pool: ScoringPool, graphs: Sequence[nx.DiGraph[str]]) -> list[tuple[float, float]]:
    """Mean return and mean control steps of an episode of each body."""
    return [(record.score, fmean(record.lengths or [0])) for record in pool.map(graphs)]


@click.command("train-teacher")
@click.option("--pool", "pool_file", required=True, type=FILE, help="Bodies to learn on.")
@click.option("--out", required=True, type=FOLDER, help="Folder of checkpoint and log.")
@click.option("--init", "initialize_from", help="Teacher, or for specialists and generalist controller.")
@click.option("--kind", default=None, help="gnn, transformer, modumorph, generalist, specialists.")
@click.option(
    "--preset", default="cpu", show_default=True, help="Settings to begin with: cpu, paper."
)
@click.option("--name", help="Of the controller that a generalist is: NAME.safetensors in --out.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    type=click.Choice(["cpu", "cuda"]),
    help="Where the network learns; bodies are simulated on the CPU.",
)
@click.option("--tensorboard", is_flag=True, help="Write curves for TensorBoard into --out too.")
@SET
def train_teacher(
    pool_file: Path,
    out: Path,
    initialize_from: str | None,
    kind: str | None,
    preset: str,
    name: str | None,
    threads: int,
    device: str,
    tensorboard: bool,
    changes: tuple[str, ...],
) -> None:
    """Train a universal teacher by PPO on many bodies at once.

    A generalist is a controller of its own, without distillation: --name writes it too.
    """
    import torch

    from codesign.errors import UsageError
    from hyperdistill_core.controller.checkpoints import find
    from hyperdistill_core.training.distillation.student import generalist_controller
    from hyperdistill_core.training.ppo.ppo_settings import PRESETS
    from hyperdistill_core.training.ppo.trainer import TeacherTrainer
    from hyperdistill_core.training.training_log import tensorboard_log
    from hyperdistill_core.training.training_sets import TrainingSet
    from morph_ops._registry import lookup

    torch.set_num_threads(threads)
    settings = lookup(PRESETS, preset, what="preset")
    if kind is not None:
        settings = replace(settings, teacher=kind)
    if settings.teacher in CONTROLLER_KINDS:
        settings = replace(settings, observation="state")
    settings = changed(settings, changes)
    if name is not None and settings.teacher != "generalist":
        raise UsageError(f"--name: only a generalist is a controller, not a {settings.teacher}")
    if name is not None and settings.observation != "state":
        raise UsageError(
            f"--name: expected observation=state, all that controllers see, got {settings.observation}"
        )
    bodies = TrainingSet.read(pool_file)
    if settings.teacher == "specialists":
        settings = replace(settings, n_active=len(bodies), replaced_per_update=0)
    began_with = None if initialize_from is None else find(initialize_from)
    draw = tensorboard_log(out) if tensorboard else lambda row: None

    def report(row: dict[str, float]) -> None:
        draw(row)
        _say(
            f"{row['steps']:,.0f} steps, {row['seconds'] / 60:.0f} min: "
            f"return {row['return']:.1f}, speed {row['speed']:.3f} m/s, "
            f"kl {row['kl']:.4f}, {row['steps_per_s']:,.0f} steps/s"
        )

    trainer = TeacherTrainer(bodies, settings, out, initialize_from=began_with, device=device)
    trainer.train(report=report)
    if name is not None:
        made = generalist_controller(
            out / "teacher.safetensors", bodies, name=name, started_from=initialize_from
        )
        _write(made, out)


@click.command()
@click.option("--pool", "pool_file", required=True, type=FILE, help="Bodies to act on.")
@TEACHER
@click.option("--out", required=True, type=FOLDER, help="Folder of the data.")
@SET
def collect(
    pool_file: Path, teachers: tuple[str, ...], out: Path, changes: tuple[str, ...]
) -> None:
    """Record what a body's best teacher does, on every body of a pool."""
    from hyperdistill_core.training.distillation.collection import CollectSettings, load_teachers
    from hyperdistill_core.training.distillation.collection import collect as run
    from hyperdistill_core.training.distillation.expert_data import ExpertData
    from hyperdistill_core.training.training_sets import TrainingSet

    loaded, _ = load_teachers(teachers)
    data = ExpertData(out)
    run(
        TrainingSet.read(pool_file),
        data,
        changed(CollectSettings(), changes),
        teachers=loaded,
        report=lambda done, total: _say(f"{done} of {total} bodies"),
    )
    _say(f"{data.transitions:,} transitions in {out}")


@click.command()
@click.option("--pool", "pool_file", required=True, type=FILE, help="Bodies for DAgger.")
@TEACHER
@click.option("--data", required=True, type=FOLDER, help="Expert data; DAgger adds to it.")
@click.option("--out", required=True, type=FOLDER, help="Folder of checkpoint and log.")
@click.option("--name", required=True, help="Of the controller: NAME.safetensors in --out.")
@click.option("--init", "initialize_from", help="Controller that the student begins as.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(min=0))
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1))
@click.option("--dagger", multiple=True, metavar="KEY=VALUE", help="Change how rounds collect.")
@SET
def distill(
    pool_file: Path,
    teachers: tuple[str, ...],
    data: Path,
    out: Path,
    name: str,
    initialize_from: str | None,
    rounds: int,
    threads: int,
    dagger: tuple[str, ...],
    changes: tuple[str, ...],
) -> None:
    """Distil a teacher into a hypernetwork: a controller for every body."""
    from dataclasses import asdict

    import torch

    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.training.distillation.collection import CollectSettings, load_teachers
    from hyperdistill_core.training.distillation.distillation import DistillSettings
    from hyperdistill_core.training.distillation.expert_data import ExpertData
    from hyperdistill_core.training.distillation.student import distill, to_controller
    from hyperdistill_core.training.training_sets import TrainingSet

    torch.set_num_threads(threads)
    settings = changed(DistillSettings(), changes)
    bodies = TrainingSet.read(pool_file)
    loaded, made = load_teachers(teachers)
    expert = ExpertData(data)
    distiller = distill(
        bodies,
        expert,
        loaded,
        settings=settings,
        dagger=changed(CollectSettings(task=settings.task, seed=settings.seed), dagger),
        rounds=rounds,
        folder=out,
        initialize_from=None if initialize_from is None else Controller.load(initialize_from),
        report=_say,
    )
    provenance = {
        "teachers": made,
        "pool": bodies.counts,
        "distillation": asdict(settings) | {"rounds": rounds, "transitions": expert.transitions},
        "started from": initialize_from,
    }
    _write(to_controller(distiller, bodies, name=name, provenance=provenance), out)


@click.command()
@click.argument("controller", metavar="NAME|FILE")
@click.option("--pool", "pool_file", required=True, type=FILE, help="Bodies to choose by.")
@click.option("--name", required=True, help="Of the new controller: NAME.safetensors in --out.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the new controller.")
@SET
def variants(
    controller: str, pool_file: Path, name: str, out: Path, changes: tuple[str, ...]
) -> None:
    """Give a controller several variants of a body, which can be tried before a score.

    Many are drawn; those are kept of which one moves the bodies of the pool that the others
    do not.
    """
    from hyperdistill_core.training.training_sets import TrainingSet
    from hyperdistill_core.training.variant_search import VariantSearchSettings, add_variants

    def report(done: int, total: int) -> None:
        if done % 10 == 0:
            _say(f"{done} of {total} bodies")

    settings = changed(VariantSearchSettings(), changes)
    made = add_variants(controller, TrainingSet.read(pool_file), settings, report=report)
    means = made.provenance["variants"]["mean of the best of the first"]
    _say("mean return of the best of the first 1, 2, ...: " + ", ".join(map(str, means)))
    _write(replace(made, name=name), out)


def _write(controller: Controller, folder: Path) -> None:
    """Write a controller and say which."""
    path = folder / f"{controller.name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    controller.save(path, half=True)
    _say(f"controller {type(controller).load(path).hash} in {path}")


COMMANDS = (pool, train_teacher, collect, distill, variants)
