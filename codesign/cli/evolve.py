"""``codesign evolve``: start or resume a campaign."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from codesign.cli.options import INTERRUPTED, PATH, set_option
from codesign.cli.text import echo
from codesign.interrupts import deferred_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from codesign.api import Observer, Run


@click.command()
@click.argument("campaign", required=False, type=PATH, metavar="[CAMPAIGN.toml]")
@click.option(
    "--preset",
    metavar="NAME",
    help="Settings to start from: quickstart (the default without a file), tiny (only shows that "
    "everything works), derl (4,000 bodies), or an algorithm: random, aging, mu_plus_lambda, "
    "nsga2, map_elites, novelty, islands.",
)
@click.option(
    "--task",
    metavar="NAME|SCENE.xml[,...]|all",
    help="Task of the bodies, or an MJCF file as ground. Several, such as flat,csr,obstacle, are "
    "all scored; --set aggregate=min searches for the best on the worst of them in place of the "
    "mean.",
)
@set_option("campaign", "population=64 or rates.crossover=0.5")
@click.option(
    "--out", type=PATH, help="Run folder; it must be new or empty.  [default: a new one in runs/]"
)
@click.option("--seed", type=int, help="Seed of every random number of the run.")
@click.option("--workers", type=int, help="Number of worker processes; the result is the same.")
@click.option(
    "--cluster",
    metavar="ADDRESS|none",
    help="Dask scheduler to score bodies on, such as tcp://host:8786; none uses --workers.",
)
@click.option("--resume", type=PATH, metavar="RUN", help="Continue this run.")
@click.option(
    "--allow-custom",
    is_flag=True,
    help="Let CAMPAIGN.toml, or a run that somebody else started, name Python code, a scheduler or "
    "a queueing system. Read it first, like a script.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and its estimated time; run nothing.")
@click.option(
    "--report", is_flag=True, help="Write what was found as a page, RUN/report.html, at the end."
)
def evolve(
    campaign: Path | None,
    preset: str | None,
    task: str | None,
    assignments: tuple[str, ...],
    out: Path | None,
    seed: int | None,
    workers: int | None,
    cluster: str | None,
    resume: Path | None,
    allow_custom: bool,
    dry_run: bool,
    report: bool,
) -> None:
    """Search for bodies, or continue a search.

    The settings come from a preset and CAMPAIGN.toml; --set and the other options change them.
    The run folder gets a database of all bodies, the complete settings, and the best designs.

    Ctrl-C stops the search at any moment; --resume continues it with the same result as if it
    had never stopped.

    \b
    codesign evolve --preset quickstart
    codesign evolve --set population=64 --set generations=20 --out runs/longer
    codesign evolve --task flat,csr,obstacle --out runs/three
    codesign evolve --resume runs/longer
    """
    with deferred_interrupts():
        from codesign import api, config
        from codesign.cli.plan import show_plan
        from codesign.errors import UsageError
        from codesign.store.atomic import check_free
        from codesign.store.folder import new_path

    place: dict[str, Any] = {} if cluster is None else {"cluster": config.cluster_at(cluster)}
    if resume is not None:
        if campaign or preset or task or assignments or out or seed is not None or dry_run:
            raise UsageError(
                "--resume continues with the settings of the run: it goes only with --workers, "
                "--cluster and --allow-custom"
            )
        folder = resume
        _work(
            folder,
            lambda observer: api.resume(
                folder,
                workers=workers,
                changes=place,
                allow_custom=allow_custom,
                observer=observer,
            ),
            report=report,
        )
        return
    if campaign is None and preset is None:
        preset = config.DEFAULT_PRESET
    settings = config.load(
        preset=preset,
        file=campaign,
        assignments=assignments,
        overrides={"seed": seed, "workers": workers, **_tasks(task)},
        changes=place,
        allow_custom=allow_custom,
    )
    if dry_run:
        show_plan(settings)
        return
    name = campaign.stem if campaign else preset or config.DEFAULT_PRESET
    with ExitStack() as stack:
        path = out or stack.enter_context(new_path(api.RUNS, name=name, seed=settings.seed))
        check_free(path)
        _work(
            path, lambda observer: api.evolve(settings, out=path, observer=observer), report=report
        )


def _tasks(option: str | None) -> dict[str, Any]:
    """Settings for the option ``--task``."""
    from codesign.api import task_names

    return {} if option is None else {"tasks": task_names(option)}


def _work(path: Path, search: Callable[[Observer], Run], *, report: bool) -> None:
    """Search, and show what was found.

    Args:
        path: Run folder.
        search: Function that runs the search and returns the run.
        report: Whether to write the page about the run, too.
    """
    from codesign.api import Run
    from codesign.cli.console import new_console
    from codesign.cli.progress import RunProgress
    from codesign.store import RunFolder

    console = new_console()
    try:
        with RunProgress(console) as progress:
            run = search(progress)
        _show(run, console)
        if report:
            from codesign.api import write_report

            with console.status("writing the report"):
                write_report(run)
        _name_pages(run, console)
        if run.stopped:
            echo(f"stopped:    {run.stopped}")
    except KeyboardInterrupt:
        if not RunFolder.is_run(path):
            raise
        echo(f"interrupted; to continue: codesign evolve --resume {quote(str(path))}", err=True)
        # A second Ctrl-C waits until the designs are written, and changes nothing then.
        with suppress(KeyboardInterrupt), console.status("writing the best designs so far"):
            Run(path).write_designs()
        raise SystemExit(INTERRUPTED) from None


def _show(run: Run, console: Console) -> None:
    from codesign.cli.console import print_table
    from codesign.cli.score_tables import warning_lines
    from codesign.cli.tables import adaptation_lines, alarm_lines, designs_tables

    best = run.best()
    for table in designs_tables(best, depths=run.depths()):
        print_table(console, table)
    for line in warning_lines(candidate.final for candidate in best):
        console.print(line, style="yellow", soft_wrap=True)
    for line in adaptation_lines(run.events("adaptation")):
        console.print(line, soft_wrap=True)
    for line in alarm_lines(run.events("alarm")):
        console.print(line, style="yellow", soft_wrap=True)
    console.print(f"run folder: {run.path}", soft_wrap=True)
    console.print(f"designs:    {run.designs}", soft_wrap=True)


def _name_pages(run: Run, console: Console) -> None:
    """Say how to see what the run found."""
    from codesign.api.reports import PAGE

    page = run.path / PAGE
    report = page if page.exists() else f"codesign report {quote(str(run.path))}"
    console.print(f"report:     {report}", soft_wrap=True)
    console.print(f"motion:     codesign replay {quote(str(run.path))}", soft_wrap=True)
