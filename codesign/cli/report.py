"""``codesign report``: runs as pages."""

from __future__ import annotations

import time
from pathlib import Path

import click

from codesign.cli.options import FILE, FOLDER, PATH, IntRange
from codesign.cli.text import echo


@click.command()
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option(
    "--out",
    type=FILE,
    help="Page to write.  [default: report.html in the run folder, or comparison.html]",
)
@click.option(
    "--top",
    type=IntRange(min=1),
    metavar="K",
    help="Number of best designs.  [default: the run's setting top]",
)
@click.option(
    "--tuned",
    type=FOLDER,
    help="Folder that 'codesign finetune RUN' wrote, for the scores after fine-tuning.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Write the page again every 20 seconds while the run goes on.",
)
def report(
    runs: tuple[Path, ...], out: Path | None, top: int | None, tuned: Path | None, watch: bool
) -> None:
    """Write what a run found as one HTML page.

    The page stands alone: it opens from disk and needs no network. It has the best designs with
    pictures, gaits and files, fitness, diversity, alarms, the success of operators, the Pareto
    front or the archive, the ancestors of the winners, and the settings. It can be written while
    the run goes on.

    With several runs the page compares them: curves, with intervals over seeds where nothing else
    differs, best designs, and the settings that differ.

    \b
    codesign report runs/NAME
    codesign report runs/a runs/b --out comparison.html
    """
    from codesign import api
    from codesign.errors import UsageError

    run, *others = runs
    if watch and others:
        raise UsageError("--watch applies to the page of one run: leave it out")
    echo(str(api.write_report(runs if others else run, out, top=top, tuned=tuned)))
    while watch and api.load_run(run).status.state == "running":
        time.sleep(api.REFRESH_S)
        api.write_report(run, out, top=top, tuned=tuned)
