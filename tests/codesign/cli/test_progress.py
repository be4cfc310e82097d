"""The bars of a run."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from codesign.cli.progress import progress_bar
from codesign.config import Settings


def test_finalists_have_a_bar_once_there_are_some():
    shown = []
    for total in (0, 5):
        console = Console(file=StringIO(), width=100)
        with progress_bar(console, Settings()) as bar:
            bar.reevaluation(0, total)
            bar.reevaluation(min(2, total), total)
        shown.append(console.file.getvalue())
    assert "finalists" not in shown[0]
    assert "finalists over fresh episodes" in shown[1]
    assert "2/5" in shown[1]
