"""``codesign evolve``: start a campaign, or go on with one."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesign.cli.interrupts import deferred_interrupts

if TYPE_CHECKING:
    from rich.console import Console

    from codesign.config import Settings
    from codesign.store import RunFolder

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
def evolve(
    campaign: Path | None,
    preset: str | None,
    assignments: tuple[str, ...],
    out: Path | None,
    seed: int | None,
    workers: int | None,
    cluster: str | None,
    resume: Path | None,
) -> None:
    """Search for bodies, as CAMPAIGN.toml or a preset says.

    Ctrl-C stops at any moment; --resume goes on as if nothing had happened.
    """
    with deferred_interrupts():
        import codesign.campaign
        import codesign.export  # noqa: F401  both bring what the rest of this module imports
        from codesign import config
        from codesign.errors import UsageError
        from codesign.store import RunFolder
        from codesign.store.folder import free_path
        from codesign.store.whole import check_free

    if resume is not None:
        if campaign or preset or assignments or out or seed is not None:
            raise UsageError(
                "--resume goes on with the settings of the run; only --workers and --cluster fit it"
            )
        folder = RunFolder(resume)
        settings = config.build({**folder.settings.model_dump(), **_given(workers=workers)})
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
    name = campaign.stem if campaign else preset or config.DEFAULT_PRESET
    out = out or free_path(RUNS, name=name, seed=settings.seed)
    check_free(out)
    _work(_placed(settings, cluster), folder=None, out=out)


def _placed(settings: Settings, cluster: str | None) -> Settings:
    """The settings with the cluster that the command line names, if it names one."""
    from codesign.config import chosen_cluster

    if cluster is None:
        return settings
    return settings.model_copy(update={"cluster": chosen_cluster(cluster)})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _work(settings: Settings, *, folder: RunFolder | None, out: Path) -> None:
    """Search, then write and show what was found."""
    from rich.console import Console

    from codesign.store import RunFolder

    console = Console()
    try:
        _search(settings, folder=folder, out=out, console=console)
        folder = RunFolder(out)
        _write_designs(folder)
        _show(folder, console)
    except KeyboardInterrupt:
        if not RunFolder.is_one(out):
            raise
        click.echo(f"interrupted; to go on: codesign evolve --resume {out}", err=True)
        with suppress(KeyboardInterrupt):  # pressed twice
            RunFolder(out).log("interrupted")
            _write_designs(RunFolder(out))
        raise SystemExit(INTERRUPTED) from None


def _search(settings: Settings, *, folder: RunFolder | None, out: Path, console: Console) -> None:
    """Run to the end; a new run folder is made once the workers are known to work."""
    from codesign.campaign import missing_finals, run
    from codesign.cli.progress import progress_bar
    from codesign.scoring import ScoringPool
    from codesign.store import RunFolder

    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(folder)
            with folder.database(read_only=True) as database:
                if len(database) == settings.total and not missing_finals(database, settings):
                    return
        with console.status("starting workers"):
            pool = stack.enter_context(
                ScoringPool(
                    workers=settings.workers,
                    controller=settings.controller,
                    task=settings.task,
                    episodes=settings.episodes,
                    seed=settings.seed,
                    robustness=settings.measures_robustness,
                    time_limit=settings.time_limit,
                    cluster=settings.cluster,
                )
            )
        if folder is None:
            folder = stack.enter_context(RunFolder.create(out, settings))
        folder.log(f"working on {settings.total} candidates with {pool.place}")
        database = stack.enter_context(folder.database())
        show = stack.enter_context(progress_bar(console, settings))
        run(settings, database=database, pool=pool, on_progress=show)
        folder.log("all candidates are scored, and the finalists again")


def _write_designs(folder: RunFolder) -> None:
    from codesign.export import export_run

    with deferred_interrupts(), folder, folder.database(read_only=True) as database:
        export_run(database, folder.settings, folder.designs, replace=True)


def _show(folder: RunFolder, console: Console) -> None:
    from codesign.cli.tables import designs_table

    with folder.database(read_only=True) as database:
        console.print(designs_table(database.best(folder.settings.top), depth=database.ancestry()))
    console.print(f"run folder: {folder.path}", soft_wrap=True, markup=False)
    console.print(f"designs:    {folder.designs}", soft_wrap=True, markup=False)
