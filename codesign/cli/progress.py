"""How far a run is: bars on a terminal, lines in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from codesign.config import Settings

if TYPE_CHECKING:
    from codesign.campaign import Progress

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)


class RunBar:
    """A bar for the candidates of a run, and one for its finalists.

    Where the console is no terminal, a line a generation.

    Args:
        bar: where they are shown.
        settings: of the run.
    """

    def __init__(self, bar: Bar, settings: Settings) -> None:
        self._bar, self._generations = bar, settings.generations
        self._search = bar.add_task("starting bodies", total=settings.total)
        self._finals = bar.add_task("finalists", total=None, visible=False)

    def candidate(self, progress: Progress) -> None:
        """To be called after every candidate."""
        text = f"generation {progress.generation} of {self._generations}"
        if progress.best is not None:
            best = progress.best.result
            text += f" · best {best.score:.1f} ({best.speed:.2f} m/s)"
        self._bar.update(self._search, completed=progress.done, description=text)

    def reevaluation(self, done: int, total: int) -> None:
        """To be called after every finalist."""
        text = "finalists over fresh episodes"
        self._bar.update(
            self._finals, completed=done, total=total, description=text, visible=total > 0
        )
        if total and not done:
            self.line(f"{total} {text}")

    def line(self, text: str) -> None:
        """To be called with what a log should say."""
        _line(self._bar.console, text)


def _line(console: Console, text: str) -> None:
    if not console.is_terminal:
        told = f"{datetime.now():%H:%M:%S} {text}"
        console.print(told, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def training_bar(console: Console) -> Iterator[Callable[[int, int, float], None]]:
    """A bar for the control steps of a training.

    Yields:
        What to call with how many are done, how many there are, and the mean speed (m/s).
    """
    with Bar(*_COLUMNS, console=console) as bar:
        task = bar.add_task("training", total=None)
        tenth = 0

        def show(done: int, total: int, speed: float) -> None:
            nonlocal tenth
            text = f"training · {speed:.2f} m/s under noise"
            bar.update(task, completed=min(done, total), total=total, description=text)
            if 10 * done // total > tenth:
                tenth = 10 * done // total
                _line(console, f"{text} · {min(done, total)} of {total} control steps")

        yield show


@contextmanager
def progress_bar(console: Console, settings: Settings) -> Iterator[RunBar]:
    """Bars on the console."""
    with Bar(*_COLUMNS, console=console) as bar:
        yield RunBar(bar, settings)
