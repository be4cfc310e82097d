"""The console of every command: as wide as the terminal, and wide where there is none."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codesign.cli.text import visible

#: Columns of output to a file or a pipe: nothing folds there, however long the names are.
PIPE_WIDTH = 10_000
#: Columns that names keep in a terminal that is too narrow for a table.
NAME_WIDTH = 12


class PlainConsole(Console):
    """A console that takes text as it is: no markup, and control characters are shown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text of a line, a cell or a title; rich calls this for every string."""
        return super().render_str(visible(text), **options)


def new_console(
    *, stderr: bool = False, highlight: bool = True, soft_wrap: bool = False
) -> Console:
    """Return a console for standard output, or for standard error.

    Args:
        stderr: Whether it writes to standard error.
        highlight: Whether it colors numbers and the like by itself.
        soft_wrap: Whether it leaves long lines to the terminal.
    """
    stream = sys.stderr if stderr else sys.stdout
    fixed = stream.isatty() or "COLUMNS" in os.environ
    width = None if fixed else PIPE_WIDTH
    return PlainConsole(stderr=stderr, highlight=highlight, width=width, soft_wrap=soft_wrap)


def print_table(console: Console, table: Table) -> None:
    """Print a table whose names stay readable in a narrow terminal.

    Names fold to :data:`NAME_WIDTH` columns. If that is not narrow enough, the lines are longer
    than the terminal, which breaks them; rich would drop the names.

    Args:
        console: Where to print it.
        table: The table; names are in the columns that fold.
    """
    whole = console.measure(table, options=console.options.update(width=PIPE_WIDTH)).maximum
    folding = [column for column in table.columns if column.overflow == "fold"]
    for column in folding:
        widest = max(map(cell_len, map(str, [column.header, *column.cells])), default=0)
        whole -= max(0, widest - NAME_WIDTH)
    width = console.width
    console.width = max(width, min(whole, PIPE_WIDTH))
    console.print(table)
    console.width = width
