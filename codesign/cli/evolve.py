"""``codesign evolve``: start a campaign, or go on with one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesign.interrupts import deferred_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from codesign.config import Settings
    from codesign.store import Database, Event, RunFolder

RUNS = Path("runs")
INTERRUPTED = 130
CLUSTER_HELP = "Dask scheduler to work with, as tcp://host:port; none for --workers alone."


@click.command()
@click.argument("campaign", required=False, type=click.Path(path_type=Path))
@click.option("--preset", help="Name of a preset to begin from; without it and a file: quickstart.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; must be new or empty.")
@click.option("--seed", type=int, help="Root of every random number.")
@click.option("--workers", type=int, help="Worker processes; the result does not depend on it.")
@click.option("--cluster", metavar="ADDRESS|none", help=CLUSTER_HELP)
@click.option("--resume", type=click.Path(path_type=Path), help="Run folder to go on with.")
@click.option("--dry-run", is_flag=True, help="Show the plan and how long it may take; no run.")
def evolve(
    campaign: Path | None,
    preset: str | None,
    assignments: tuple[str, ...],
    out: Path | None,
    seed: int | None,
    workers: int | None,
    cluster: str | None,
    resume: Path | None,
    dry_run: bool,
) -> None:
    """Search for bodies, as CAMPAIGN.toml or a preset says.

    Ctrl-C stops at any moment; --resume goes on as if nothing had happened.
    """
    with deferred_interrupts():
        import codesign.campaign
        import codesign.exporting  # noqa: F401  both bring what the rest of this module imports
        from codesign import config
        from codesign.errors import UsageError
        from codesign.store import RunFolder
        from codesign.store.atomic import check_free
        from codesign.store.folder import free_path

    if resume is not None:
        if campaign or preset or assignments or out or seed is not None or dry_run:
            raise UsageError(
                "--resume goes on with the settings of the run; only --workers and --cluster fit it"
            )
        folder = RunFolder(resume)
        settings = config.Settings.from_dict({**folder.settings.model_dump(), **_given(workers=workers)})
        _work(_placed(settings, cluster), folder=folder, out=resume)
        return
    if campaign is None and preset is None:
        preset = config.DEFAULT_PRESET
    settings = config.load(
        preset=preset,
        file=campaign,
        assignments=assignments,
        overrides={"seed": seed, "workers": workers},
    )
    if dry_run:
        from codesign.cli.plan import show_plan

        show_plan(_placed(settings, cluster))
        return
    name = campaign.stem if campaign else preset or config.DEFAULT_PRESET
    out = out or free_path(RUNS, name=name, seed=settings.seed)
    check_free(out)
    _work(_placed(settings, cluster), folder=None, out=out)


def _placed(settings: Settings, cluster: str | None) -> Settings:
    """The settings with the cluster that the command line names, if it names one."""
    from codesign.config import cluster_at

    if cluster is None:
        return settings
    return settings.model_copy(update={"cluster": cluster_at(cluster)})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _work(settings: Settings, *, folder: RunFolder | None, out: Path) -> None:
    """Search, then write and show what was found."""
    from rich.console import Console

    from codesign.store import RunFolder

    console = Console()
    try:
        stopped = _search(settings, folder=folder, out=out, console=console)
        folder = RunFolder(out)
        with console.status("writing designs"):
            _write_designs(folder)
        _show(folder, console)
        if stopped:
            click.echo(f"stopped:    {stopped}")
    except KeyboardInterrupt:
        if not RunFolder.is_run(out):
            raise
        click.echo(f"interrupted; to go on: codesign evolve --resume {out}", err=True)
        # A second Ctrl-C waits until the designs are written, and changes nothing then.
        with suppress(KeyboardInterrupt), console.status("writing the best designs so far"):
            _write_designs(RunFolder(out))
        raise SystemExit(INTERRUPTED) from None


def _search(
    settings: Settings, *, folder: RunFolder | None, out: Path, console: Console
) -> str | None:
    """Run to the end; a new run folder is made once the workers are known to work.

    Returns:
        Why it ended early, None if it did not.
    """
    from codesign.campaign import missing_reevaluations, prepare, require_components, run
    from codesign.cli.progress import progress_bar
    from codesign.scoring import ScoringPool
    from codesign.store import RunFolder
    from codesign.store.provenance import require_same_settings

    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(folder)
            with folder.database(read_only=True) as database:
                require_same_settings(settings, database.initial_provenance())
                ended = len(database) == database.total(settings)
                scored = ended and not missing_reevaluations(database, settings)
                if scored and database.events("finished"):
                    early_stop = database.early_stop()
                    return early_stop[1] if early_stop else None
        if folder is None:
            start = prepare(settings)
        else:
            start = folder.start()
            require_components(settings, start)
        with console.status("starting workers"):
            pool = stack.enter_context(ScoringPool.of_campaign(settings))
        kind = "started" if folder is None else "resumed"
        if folder is None:
            folder = stack.enter_context(RunFolder.create(out, settings, start=start))
        database = stack.enter_context(folder.database())
        note = stack.enter_context(_told(folder, database, settings, kind, pool.location))
        bar = stack.enter_context(progress_bar(console, settings))
        log = folder.log

        def told(event: Event) -> None:
            if event.kind == "alarm":
                log(f"alarm: {event.message}")
            else:
                bar.line(event.message)

        stopped = run(
            settings,
            database=database,
            pool=pool,
            start=start,
            on_progress=bar.candidate,
            on_reevaluation=bar.reevaluation,
            on_event=told,
        )
        done, total = len(database), database.total(settings)
        note(
            "finished" if done == total else "stopped",
            f"{done} of {total} candidates are scored, and the finalists again"
            + (f"; {stopped}" if stopped else ""),
        )
        return stopped


@contextmanager
def _told(
    folder: RunFolder, database: Database, settings: Settings, kind: str, location: str
) -> Iterator[Callable[[str, str], None]]:
    """Write into log and database how the work begins, and how it ends where that is early.

    Yields:
        What writes an event of a kind, with a message.
    """
    from codesign.store import Event
    from codesign.store.provenance import provenance
    from morph_ops._messages import one_line

    def note(kind: str, message: str, **known: Any) -> None:
        with deferred_interrupts():
            folder.log(f"{kind}: {message}")
            database.add_event(Event(kind=kind, message=message), **known)

    message = f"{settings.total} candidates with {location}"
    note(kind, message, provenance=provenance(settings))
    try:
        yield note
    except KeyboardInterrupt:
        note("interrupted", f"{len(database)} of {settings.total} candidates are scored")
        raise
    except Exception as error:
        # What cannot be written down must not hide what went wrong.
        with suppress(Exception):
            note("failed", one_line(error))
        raise


def _write_designs(folder: RunFolder) -> None:
    from codesign.exporting import export_run

    with deferred_interrupts(), folder, folder.database(read_only=True) as database:
        export_run(database, folder.settings, folder.designs, replace=True)


def _show(folder: RunFolder, console: Console) -> None:
    from codesign.cli.tables import alarm_lines, designs_table

    with folder.database(read_only=True) as database:
        console.print(designs_table(database.best(folder.settings.top), depth=database.depths()))
        for line in alarm_lines(database.events("alarm")):
            console.print(line, style="yellow", soft_wrap=True, markup=False)
    console.print(f"run folder: {folder.path}", soft_wrap=True, markup=False)
    console.print(f"designs:    {folder.designs}", soft_wrap=True, markup=False)
