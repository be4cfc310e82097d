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
    from codesign.cli.score_tables import warning_lines
    from codesign.cli.tables import (
        adaptation_lines,
        alarm_lines,
        designs_tables,
        generations_table,
    )
    from codesign.errors import UsageError
    from codesign.store import RunFolder
    from morph_ops._messages import one_line

    try:
        opened = load_run(run)
        known = opened.status
        generations, best, depths = opened.generations(), opened.best(), opened.depths()
        alarms, adaptations = opened.events("alarm"), opened.events("adaptation")
    except UsageError as error:
        if not RunFolder.is_run(run):
            raise
        raise UsageError(f"{one_line(error)}; {readable_parts(run)}") from None
    console = new_console(highlight=False)
    details = ", ".join(f"{count} {name}" for name, count in known.counts.items() if count)
    why = f": {known.message}" if known.state == "failed" else ""
    console.print(f"{run}: {known.state}{why}", soft_wrap=True)
    console.print(f"{known.scored} of {known.total} candidates: {details or 'none'}")
    if known.missing_reevaluations:
        console.print(f"finalists to re-evaluate: {known.missing_reevaluations}")
    if known.missing_finetunings:
        console.print(f"finalists to fine-tune: {known.missing_finetunings}")
    if known.early_stop:
        console.print(f"stops early: {known.early_stop}", soft_wrap=True)
    print_table(console, generations_table(generations))
    for table in designs_tables(best, depths=depths):
        print_table(console, table)
    for line in warning_lines(candidate.final for candidate in best):
        console.print(line, style="yellow", soft_wrap=True)
    for line in adaptation_lines(adaptations):
        console.print(line, soft_wrap=True)
    for line in alarm_lines(alarms):
        console.print(line, style="yellow", soft_wrap=True)


@click.command()
@click.option(
    "--in", "parent", default=RUNS, show_default=True, type=PATH, help="Folder of the runs."
)
def runs(parent: Path) -> None:
    """List runs: how far they are, their best scores, and whether learning raised these.

    The column "best is" says zero-shot for the controller as it was given, adapted-003 for one that
    learned during the search, and fine-tuned where the network of the best body learned on.
    """
    from codesign.cli.console import new_console, print_table
    from codesign.cli.tables import runs_table
    from codesign.errors import UsageError
    from codesign.store import find_runs

    if parent != RUNS and not parent.is_dir():
        raise UsageError(f"--in: expected a folder of runs, got {parent}")
    found = find_runs(parent)
    if not found:
        echo(f"no runs in {parent}; --in names another folder")
        return
    print_table(new_console(), runs_table([_row(path) for path in found]))


def _row(path: Path) -> list[str]:
    from codesign.api import load_run
    from codesign.cli.tables import kind_of_score
    from codesign.errors import UsageError
    from morph_ops._messages import failure, one_line

    try:
        run = load_run(path)
        known, best = run.status, run.best(1)
    except UsageError as error:
        return [path.name, f"{one_line(error)}; {readable_parts(path)}"]
    except Exception as error:  # one damaged run must not hide the others
        return [path.name, f"damaged: {failure(error)}; {readable_parts(path)}"]
    record = best[0].final if best else None
    return [
        path.name,
        known.state,
        f"{known.scored}/{known.total}",
        f"{record.score:.1f}" if record else "",
        kind_of_score(best[0]) if best else "",
        f"{record.speed:.2f}" if record else "",
        ", ".join(run.settings.task_names),
        Path(run.settings.controller).stem,
    ]


def readable_parts(run: Path) -> str:
    """What of a damaged run can still be read, in words.

    Args:
        run: Run folder.
    """
    designs = sum(1 for _ in (run / "designs").glob("design-*/design-*.record.json"))
    parts = [name for name in ("settings.toml", "log.txt") if (run / name).is_file()]
    parts += [f"{designs} exported designs"] if designs else []
    return f"still there: {', '.join(parts) or 'nothing'}"
