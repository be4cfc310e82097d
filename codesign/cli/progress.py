"""The progress bar of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from codesign.config import Settings

if TYPE_CHECKING:
    from codesign.campaign import Progress


@contextmanager
def progress_bar(console: Console, settings: Settings) -> Iterator[Callable[[Progress], None]]:
    """A bar on the console; yields what to call after every candidate."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("starting bodies", total=settings.total)

        def show(progress: Progress) -> None:
            text = f"generation {progress.generation} of {settings.generations}"
            if progress.best is not None:
                best = progress.best.result
                text += f" · best {best.score:.1f} ({best.speed:.2f} m/s)"
            bar.update(task, completed=progress.done, description=text)

        yield show
