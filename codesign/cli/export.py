"""``codesign export`` and ``codesign finetune``: take robots and designs away."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign import defaults
from codesign.cli.options import (
    INTERRUPTED,
    PATH,
    IntRange,
    best_of_option,
    chosen_formats,
    formats_option,
    new_folder_option,
    root_option,
    seed_option,
)
from codesign.cli.text import echo

if TYPE_CHECKING:
    from codesign.exporting import Design, PrintSettings

_TOP = click.option(
    "--top",
    type=IntRange(min=1),
    metavar="K",
    help="Number of designs of a RUN.  [default: the run's setting top]",
)
_CONTROLLER = click.option(
    "--controller",
    metavar="NAME|FILE",
    help=f"Controller of a ROBOT; a RUN has its own.  [default: {defaults.CONTROLLER}]",
)
_BEST_OF = best_of_option(f"{defaults.BEST_OF} for a ROBOT; a RUN has the variants of its scores")
_BLIND = click.option(
    "--blind",
    is_flag=True,
    help="Fold flat ground into networks that see the ground, so that they need no height samples.",
)
_ZIP = click.option(
    "--zip", "archive", is_flag=True, help="Write the folder as one zip file, too, beside it."
)
_PRINT = click.option(
    "--print",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting of the formats print and assembly, such as scale=0.25 or servo=9g. "
    "Repeat it for more. The documentation lists all settings.",
)
_WORKERS = click.option(
    "--workers",
    type=IntRange(min=1),
    help="Number of worker processes of the fine-tuning.  [default: one per core]",
)


@click.command()
@click.argument("source", type=PATH, metavar="RUN|ROBOT")
@new_folder_option
@_TOP
@formats_option
@_CONTROLLER
@_BEST_OF
@click.option(
    "--finetune",
    type=IntRange(min=1),
    metavar="STEPS",
    help="Train each design's own network for STEPS control steps first, such as 500000.",
)
@click.option(
    "--task",
    metavar="NAME|SCENE.xml",
    help="Task of a ROBOT's score, world and training; a RUN has its own, and with --finetune it "
    "may be trained on another.  [default: flat]",
)
@_BLIND
@_WORKERS
@root_option
@_ZIP
@_PRINT
def export(
    source: Path,
    out: Path,
    top: int | None,
    formats: str,
    controller: str | None,
    best_of: int | None,
    finetune: int | None,
    task: str | None,
    blind: bool,
    workers: int | None,
    root: str | None,
    archive: bool,
    assignments: tuple[str, ...],
) -> None:
    """Write designs of a run, or a robot, for other programs.

    A run gives its best designs, and its history as tables. Each design gets a folder with a
    README, a picture, a record of its score and origin, and these formats:

    \b
    mjcf       a scene with floor and light, for any MuJoCo; of other tasks than flat
               also the robot on the ground of its first episode
    json       the project's own format
    graphml    the body as a graph
    npz        the network as plain arrays, with run_standalone.py to simulate it
    onnx       the network for other runtimes; needs codesign[onnx]
    c          the network as a C99 header
    urdf       for tool chains that know no MJCF
    usd        for OpenUSD; needs the command mujoco_usd_converter
    print      printable parts with hinges, as STL and 3MF; stl is another name of it; needs
               codesign[print]
    assembly   a sheet of lengths, masses, torques and motor classes, as CSV and HTML
    csv        of a run: every table of its database
    parquet    of a run: the same as Parquet; needs codesign[tables]
    phylogeny  of a run: its family tree, in the ALife data standard

    With --finetune each design gets a better network of its own, in a minute or a few. Ctrl-C
    stops the training at any moment; the same command continues it.
    """
    from codesign import api
    from codesign.exporting import NETWORK_FORMATS

    chosen = chosen_formats(formats, run=source.is_dir())
    with _interruptible(trains=bool(finetune)), _bar(finetune, [source], task) as on_steps:
        designs = api.export(
            source,
            out,
            top=top,
            formats=chosen,
            controller=controller,
            best_of=best_of,
            finetune=finetune or 0,
            task=task,
            blind=blind,
            workers=workers,
            root=root,
            archive=archive,
            on_steps=on_steps,
            printing=_printing(assignments),
        )
    _show(out, designs, archive=archive)
    if source.is_dir() and not NETWORK_FORMATS.isdisjoint(chosen):
        run = api.load_run(source)
        for line in filter(None, (run.without_networks, run.without_worlds)):
            echo(line, err=True)


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="RUN|ROBOT...")
@click.option(
    "--steps",
    default=500_000,
    show_default=True,
    type=IntRange(min=1),
    help="Control steps of training for each robot; the default takes a minute or a few.",
)
@click.option(
    "--task",
    metavar="NAME|SCENE.xml",
    help="Task of training and scores.  [default: flat for ROBOTs; the task of a RUN]",
)
@new_folder_option
@_TOP
@formats_option
@_CONTROLLER
@_BEST_OF
@click.option(
    "--episodes",
    default=defaults.EPISODES,
    show_default=True,
    type=IntRange(min=1),
    help="Number of episodes of the scores before and after, for ROBOTs; a RUN has its own.",
)
@seed_option("training and scores, for ROBOTs; a RUN has its own")
@_BLIND
@_WORKERS
@root_option
@_ZIP
@_PRINT
def finetune(
    sources: tuple[Path, ...],
    steps: int,
    task: str | None,
    out: Path,
    top: int | None,
    formats: str,
    controller: str | None,
    best_of: int | None,
    episodes: int,
    seed: int,
    blind: bool,
    workers: int | None,
    root: str | None,
    archive: bool,
    assignments: tuple[str, ...],
) -> None:
    """Fine-tune the networks of robots, or of a run's designs.

    The controller generates a network for each robot. Fine-tuning trains that network further, on
    this robot alone, and keeps the best of several checkpoints, the generated network included.
    The folder gets what 'codesign export' writes, and designs.csv with the scores before and
    after.

    Ctrl-C stops the training at any moment; the same command continues it.

    \b
    codesign finetune runs/NAME --top 3 --out tuned
    codesign finetune my_robot.xml other_robot.xml --steps 1000000 --out tuned
    codesign finetune runs/NAME --task csr --out tuned-on-csr
    """
    from codesign import api

    with _interruptible(trains=True), _bar(steps, sources, task) as on_steps:
        designs = api.finetune(
            sources,
            out,
            steps=steps,
            task=task,
            formats=chosen_formats(formats, run=False),
            top=top,
            controller=controller,
            best_of=best_of,
            episodes=episodes,
            seed=seed,
            blind=blind,
            workers=workers,
            root=root,
            archive=archive,
            on_steps=on_steps,
            printing=_printing(assignments),
        )
    _show(out, designs, archive=archive)


def _printing(assignments: tuple[str, ...]) -> PrintSettings | None:
    """Settings of printable parts; None if none is given."""
    if not assignments:
        return None
    from codesign.exporting import PrintSettings
    from hyperdistill_core.settings import changed

    return changed(PrintSettings(), assignments, option="--print")


def _show(out: Path, designs: Sequence[Design], *, archive: bool) -> None:
    from codesign.exporting.design_files import RUNNER

    written = {design.name for design in designs}
    for entry in sorted(out.iterdir()):
        if entry.name in written:
            echo(f"{entry}: {', '.join(sorted(file.name for file in entry.iterdir()))}")
        else:
            echo(str(entry))
    if archive:
        echo(f"{out}.zip")
    for world in sorted(out.glob("*/*.world.xml")):
        if world.with_name(RUNNER).is_file() and not world.with_suffix(".npz").is_file():
            echo(
                f"{world}: run_standalone.py leaves out this task, as its rewards are code of its "
                "own",
                err=True,
            )
    for design in designs:
        for format_, reason in design.left_out.items():
            echo(f"{design.name}: no {format_}: {reason}", err=True)
        if design.scores is not None:
            before, after = design.scores
            where = "" if design.tuned is None else f" on {design.tuned[0]}"
            echo(
                f"{design.name}: score{where} {before:.1f}, after fine-tuning {after:.1f} from "
                "other initial states"
            )
    _show_reports(designs)


def _show_reports(designs: Sequence[Design]) -> None:
    """Say of robots what 'codesign score' says beside a score."""
    from codesign.cli.score_tables import warning_lines
    from codesign.scoring import ScoreRecord
    from codesign.scoring.record import unlikeness_text

    records = [
        ScoreRecord.from_dict(design.origin["score"])
        for design in designs
        if "score" in design.origin and "candidate" not in design.origin
    ]
    for record in records:
        text = unlikeness_text(record.metrics)
        if text is not None:
            echo(f"{record.robot}: unlikeness: {text}")
    for line in warning_lines(records):
        echo(line)


@contextmanager
def _bar(
    steps: int | None, sources: Sequence[Path], task: str | None
) -> Generator[Callable[[int, int, float], None]]:
    """A progress bar where networks are fine-tuned."""
    if not steps:
        yield lambda done, total, reward: None
        return
    from codesign.cli.console import new_console
    from codesign.cli.progress import finetuning_bar, trained_task

    with finetuning_bar(new_console(), trained_task(sources, task)) as on_steps:
        yield on_steps


@contextmanager
def _interruptible(*, trains: bool) -> Generator[None]:
    """Say how to continue after Ctrl-C: a training goes on, the rest begins anew."""
    try:
        yield
    except KeyboardInterrupt:
        does = "continues the training" if trains else "writes the export from the start"
        echo(f"interrupted; the same command {does}", err=True)
        raise SystemExit(INTERRUPTED) from None
