"""Commands on runs: ``status``, ``runs`` and ``export``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign import defaults
from codesign.cli.evolve import INTERRUPTED, RUNS

if TYPE_CHECKING:
    import networkx as nx

    from codesign.exporting import FineTuning
    from codesign.store import Database, Event, RunFolder

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=FILE)
def status(run: Path) -> None:
    """Show how far a run is and what it found."""
    from rich.console import Console

    from codesign.campaign import missing_reevaluations
    from codesign.cli.tables import alarm_lines, designs_table, generations_table
    from codesign.store import RunFolder

    folder = RunFolder(run)
    console = Console(highlight=False)
    with folder.database(read_only=True) as database:
        counts = database.counts()
        details = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        done, total, early_stop = len(database), database.total(folder.settings), database.early_stop()
        state, last = _state(folder, database), _last_word(database)
        why = f": {last.message}" if last and last.kind == state == "failed" else ""
        console.print(f"{run}: {state}{why}", soft_wrap=True, markup=False)
        console.print(f"{done} of {total} candidates: {details or 'none'}")
        waiting = len(missing_reevaluations(database, folder.settings)) if done == total else 0
        if waiting:
            console.print(f"finalists to be scored again: {waiting}")
        if early_stop:
            console.print(f"stops early: {early_stop[1]}", soft_wrap=True, markup=False)
        console.print(generations_table(database.generations()))
        best = database.best(folder.settings.top)
        console.print(designs_table(best, depth=database.depths()))
        for line in alarm_lines(database.events("alarm")):
            console.print(line, style="yellow", soft_wrap=True, markup=False)


@click.command()
@click.option("--in", "parent", default=RUNS, show_default=True, type=FILE, help="Where they lie.")
def runs(parent: Path) -> None:
    """List runs."""
    from rich.console import Console

    from codesign.cli.tables import runs_table
    from codesign.errors import UsageError
    from codesign.store import find_runs

    if parent != RUNS and not parent.is_dir():
        raise UsageError(f"--in: expected a folder of runs, got {parent}")
    found = find_runs(parent)
    if not found:
        click.echo(f"no runs in {parent}")
        return
    Console().print(runs_table([_row(path) for path in found]))


def _row(path: Path) -> list[str]:
    from codesign.errors import UsageError
    from codesign.store import RunFolder
    from morph_ops._messages import one_line

    try:
        folder = RunFolder(path)
        with folder.database(read_only=True) as database:
            done, total, best = len(database), database.total(folder.settings), database.best(1)
            state = _state(folder, database)
    except UsageError as error:
        return [path.name, one_line(error)]
    settings = folder.settings
    result = (best[0].reevaluation or best[0].result) if best else None
    return [
        path.name,
        state,
        f"{done}/{total}",
        f"{result.score:.1f}" if result else "",
        f"{result.speed:.2f}" if result else "",
        settings.task,
        Path(settings.controller).stem,
    ]


def _state(folder: RunFolder, database: Database) -> str:
    from codesign.campaign import missing_reevaluations

    settings = folder.settings
    if len(database) == database.total(settings) and not missing_reevaluations(database, settings):
        return "finished"
    if folder.locked:
        return "running"
    # One that was killed leaves no word.
    last = _last_word(database)
    return last.kind if last and last.kind in ("stopped", "failed") else "interrupted"


def _last_word(database: Database) -> Event | None:
    """How the last process that worked on a run began or ended."""
    words = database.events("started", "resumed", "interrupted", "stopped", "failed", "finished")
    return words[-1] if words else None


@click.command()
@click.argument("source", type=FILE, metavar="RUN|ROBOT")
@click.option("--top", type=click.IntRange(min=1), help="How many designs of a run.")
@click.option("--format", "formats", default="mjcf,json,npz", show_default=True, metavar="LIST")
@click.option(
    "--controller", default=defaults.CONTROLLER, show_default=True, help="Of a ROBOT's npz."
)
@click.option(
    "--best-of",
    type=click.IntRange(min=1),
    help=f"Variants tried for a ROBOT's npz, {defaults.BEST_OF} by default as in a score; a run's "
    "designs have those that were scored.",
)
@click.option(
    "--train",
    "steps",
    type=click.IntRange(min=1),
    metavar="STEPS",
    help="Let each design's network learn on for so many control steps first: 500000, say.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes of --train; one a core.")
@click.option("--out", required=True, type=FILE, help="Folder; must be new or empty.")
def export(
    source: Path,
    top: int | None,
    formats: str,
    controller: str,
    best_of: int | None,
    steps: int | None,
    workers: int | None,
    out: Path,
) -> None:
    """Write the best designs of a run, its history, or one robot, for other programs.

    --train makes a design's own network better at its one body, in a minute or a few for each.
    Ctrl-C stops it at any moment; the same command goes on.

    \b
    mjcf       a scene with floor and light
    json       the project's format
    npz        the controller as plain arrays, with run_design.py to run it
    csv        of a run: every table of its database
    parquet    of a run: the same
    phylogeny  of a run: its family tree, by the ALife data standard
    """
    from codesign.errors import UsageError
    from codesign.exporting import (
        DESIGN_FORMATS,
        HISTORY_FORMATS,
        SCENE_TASK,
        Design,
        DesignRollout,
        export_designs,
        export_run,
    )
    from codesign.store import RunFolder
    from morph_ops import graph as body_graph
    from morph_ops._registry import lookup
    from morph_ops.io.files import read_body

    known = (*DESIGN_FORMATS, *HISTORY_FORMATS)
    wanted = [lookup({f: f for f in known}, f.strip(), what="format") for f in formats.split(",")]
    missing = ""
    if not source.exists():
        raise UsageError(f"{source}: no such run or robot")
    if steps is not None and "npz" not in wanted:
        raise UsageError(f"--train is for networks, and --format {formats} writes none: add npz")
    if workers is not None and steps is None:
        raise UsageError("--workers is for --train")
    if source.is_dir():
        given = click.get_current_context().get_parameter_source("controller")
        if given is not click.core.ParameterSource.DEFAULT:
            raise UsageError("--controller is for a robot: a run's designs have that of the run")
        if best_of is not None:
            raise UsageError("--best-of is for a robot: a run's designs have the variants scored")
        if top is not None and not set(wanted) & set(DESIGN_FORMATS):
            raise UsageError(f"--top is for designs, and --format {formats} writes none")
        folder = RunFolder(source)
        task = folder.settings.task
        if "npz" in wanted and task != SCENE_TASK:
            missing = f"no npz: run_design.py runs on flat ground, and the run's task is {task}"
        if missing and (wanted == ["npz"] or steps is not None):
            raise UsageError(missing)
        with folder.database(read_only=True) as database, _training(steps, workers) as finetuning:
            designs = export_run(
                database, folder.settings, out, top=top, formats=wanted, finetuning=finetuning
            )
    else:
        if top is not None:
            raise UsageError(f"--top is for a run, and {source} is no folder")
        for name in HISTORY_FORMATS:
            if name in wanted:
                raise UsageError(
                    f"--format {name} is for a run, and {source} is no folder: "
                    f"choose from {', '.join(DESIGN_FORMATS)}"
                )
        graph = read_body(source)
        moved = any(body_graph.joints(graph))
        if steps is not None and not moved:
            raise UsageError(f"{source}: expected a robot with a limb to move, got a torso alone")
        variant = _select_variant(graph, controller, best_of) if "npz" in wanted and moved else 0
        design = Design(name=source.stem, graph=graph, variant=variant)
        rollout = DesignRollout(controller=controller, episodes=1 if steps is None else defaults.EPISODES)
        with _training(steps, workers) as finetuning:
            designs = export_designs(
                [design], out, formats=wanted, rollout=rollout, finetuning=finetuning
            )
    for file in sorted(out.iterdir()):
        click.echo(str(file))
    for design in designs:
        if design.scores is not None:
            before, after = design.scores
            click.echo(
                f"{design.name}: score {before:.1f}, after training {after:.1f} from other starts"
            )
    if missing:
        click.echo(missing, err=True)


@contextmanager
def _training(steps: int | None, workers: int | None) -> Iterator[FineTuning | None]:
    """What trains designs, with a bar; None where nothing does."""
    from rich.console import Console

    from codesign.cli.progress import training_bar
    from codesign.config import usable_cores
    from codesign.exporting import FineTuning

    if steps is None:
        yield None
        return
    try:
        with training_bar(Console()) as on_steps:
            yield FineTuning(steps=steps, workers=workers or usable_cores(), on_steps=on_steps)
    except KeyboardInterrupt:
        click.echo("interrupted; the same command goes on", err=True)
        raise SystemExit(INTERRUPTED) from None


def _select_variant(graph: nx.DiGraph[str], controller: str, best_of: int | None) -> int:
    from codesign.exporting import SCENE_TASK
    from codesign.scoring import load_controller, resolve_best_of
    from hyperdistill_core.controller.halving import select_variant
    from hyperdistill_core.tasks import get_task

    loaded = load_controller(controller)
    best_of = resolve_best_of(loaded, best_of)
    return select_variant(graph, loaded, task=get_task(SCENE_TASK), best_of=best_of)
