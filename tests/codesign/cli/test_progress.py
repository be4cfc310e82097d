"""The progress bars of a run."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from codesign.cli.progress import RunProgress


def test_finalists_have_a_bar_once_there_are_some():
    shown = []
    for total in (0, 5):
        text = StringIO()
        with RunProgress(Console(file=text, width=100)) as progress:
            progress.reevaluation(0, total)
            progress.reevaluation(min(2, total), total)
        shown.append(text.getvalue())
    assert "finalists" not in shown[0]
    assert "re-evaluation of finalists" in shown[1]
    assert "2/5" in shown[1]
