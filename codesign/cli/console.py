"""The console of every command: as wide as the terminal, and wide where there is none."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from codesign.cli.text import visible

#: Columns of output to a file or a pipe: no table of the commands folds.
PIPE_WIDTH = 160


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
