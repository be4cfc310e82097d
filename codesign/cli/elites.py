"""``codesign elites``: a design for every kind of body that a run found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign.cli.options import PATH, IntRange, chosen_formats, formats_option, new_folder_option
from codesign.cli.text import echo

if TYPE_CHECKING:
    from rich.table import Table

    from codesign.campaign import Elites

#: Most cells along an axis of the printed map.
_MOST_PRINTED = 12


@click.command()
@click.argument("run", type=PATH, metavar="RUN")
@new_folder_option
@click.option(
    "--descriptors",
    metavar="LIST",
    help="Descriptors, joined by commas.  [default: the run's setting descriptors]",
)
@click.option(
    "--bins",
    type=IntRange(2, 1000),
    help="Cells along each descriptor.  [default: the run's setting bins]",
)
@formats_option
@click.option(
    "--workers",
    type=IntRange(min=0),
    help="Number of worker processes.  [default: the run's setting workers]",
)
def elites(
    run: Path,
    out: Path,
    descriptors: str | None,
    bins: int | None,
    formats: str,
    workers: int | None,
) -> None:
    """Write the best body of every kind that a run found.

    Descriptors, such as the number of limbs and the height, divide bodies into cells. The best
    body of each cell is scored over fresh episodes, and written as a design. Coverage is the share
    of filled cells, and the QD score the sum of their scores.

    \b
    codesign elites runs/NAME --out kinds
    codesign elites runs/NAME --descriptors mass,symmetry --bins 5 --format json --out kinds
    """
    from codesign import api
    from codesign.cli.console import new_console, print_table

    console = new_console(highlight=False)
    with console.status("scoring elites over fresh episodes") as status:
        found = api.export_elites(
            run,
            out,
            descriptors=None if descriptors is None else descriptors.replace(" ", "").split(","),
            bins=bins,
            formats=chosen_formats(formats, run=False),
            workers=workers,
            on_body=lambda done: status.update(f"scoring elites over fresh episodes: {done}"),
        )
    if len(found.descriptors) == 2 and found.bins <= _MOST_PRINTED:
        print_table(console, _map(found))
    cells = found.bins ** len(found.descriptors)
    echo(f"{len(found.elites)} of {cells} cells filled, coverage {found.coverage:.0%}")
    echo(f"QD score {found.qd_score:,.0f} over fresh episodes, {found.search_qd_score:,.0f} before")
    if found.left_out:
        echo(f"left out: {found.left_out} bodies that have scores of earlier controllers only")
    if found.elites:
        best = max(found.elites, key=lambda elite: elite.score)
        echo(f"best: {out / best.name}, {best.score:.1f}")


def _map(found: Elites) -> Table:
    """The scores of the elites by two descriptors."""
    from rich.table import Table

    across, up = found.descriptors
    scores = {elite.cell: f"{elite.score:.0f}" for elite in found.elites}
    table = Table(title=f"{across} across")
    table.add_column(f"{up} from", justify="right")
    for column in range(found.bins):
        table.add_column(f"{found.bounds(0, column)[0]:.3g}", justify="right")
    for row in reversed(range(found.bins)):
        own = [scores.get((column, row), "") for column in range(found.bins)]
        table.add_row(f"{found.bounds(1, row)[0]:.3g}", *own)
    return table
