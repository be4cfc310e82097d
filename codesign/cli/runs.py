"""Commands on runs: ``status`` and ``runs``."""

from __future__ import annotations

from pathlib import Path

import click

from codesign.cli.options import PATH
from codesign.cli.text import echo

#: Where ``codesign evolve`` puts runs by default.
RUNS = Path("runs")


@click.command()
@click.argument("run", type=PATH, metavar="RUN")
def status(run: Path) -> None:
    """Show how far a run is, what it found so far, and its alarms."""
    from codesign.api import load_run
    from codesign.cli.console import new_console, print_table
    from codesign.cli.tables import alarm_lines, designs_table, generations_table

    opened = load_run(run)
    known = opened.status
    console = new_console(highlight=False)
    details = ", ".join(f"{count} {name}" for name, count in known.counts.items() if count)
    why = f": {known.message}" if known.state == "failed" else ""
    console.print(f"{run}: {known.state}{why}", soft_wrap=True)
    console.print(f"{known.scored} of {known.total} candidates: {details or 'none'}")
    if known.missing_reevaluations:
        console.print(f"finalists to re-evaluate: {known.missing_reevaluations}")
    if known.early_stop:
        console.print(f"stops early: {known.early_stop}", soft_wrap=True)
    print_table(console, generations_table(opened.generations()))
    print_table(console, designs_table(opened.best(), depths=opened.depths()))
    for line in alarm_lines(opened.events("alarm")):
        console.print(line, style="yellow", soft_wrap=True)


@click.command()
@click.option(
    "--in", "parent", default=RUNS, show_default=True, type=PATH, help="Folder of the runs."
)
def runs(parent: Path) -> None:
    """List runs: how far they are, and their best scores."""
    from codesign.cli.console import new_console, print_table
    from codesign.cli.tables import runs_table
    from codesign.errors import UsageError
    from codesign.store import find_runs

    if parent != RUNS and not parent.is_dir():
        raise UsageError(f"--in: expected a folder of runs, got {parent}")
    found = find_runs(parent)
    if not found:
        echo(f"no runs in {parent}")
        return
    print_table(new_console(), runs_table([_row(path) for path in found]))


def _row(path: Path) -> list[str]:
    from codesign.api import load_run
    from codesign.errors import UsageError
    from morph_ops._messages import one_line

    try:
        run = load_run(path)
        known, best = run.status, run.best(1)
    except UsageError as error:
        return [path.name, one_line(error)]
    record = (best[0].reevaluation or best[0].result) if best else None
    return [
        path.name,
        known.state,
        f"{known.scored}/{known.total}",
        f"{record.score:.1f}" if record else "",
        f"{record.speed:.2f}" if record else "",
        run.settings.task,
        Path(run.settings.controller).stem,
    ]
