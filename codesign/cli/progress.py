"""Progress: bars on a terminal, lines in a file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from codesign import defaults
from codesign.api import Observer
from codesign.errors import UsageError
from codesign.scoring.task_words import task_words

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID

    from codesign.campaign import Progress as RunState
    from codesign.store import Event

_COLUMNS = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)


class RunProgress(Observer):
    """A progress bar for the candidates of a run, and one for the re-evaluation of finalists.

    A context manager; the bars appear with the first candidate. A console that is no terminal
    gets one line for each generation instead.

    Args:
        console: Where to show them.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(*_COLUMNS, console=console)
        self._tasks: dict[str, TaskID] = {}
        self._learned = 0  # control steps of what learns

    def __enter__(self) -> RunProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def phase(self, name: str) -> AbstractContextManager[object]:
        """Show a spinner; bars before it end here."""
        self._stop()
        return self._console.status(name)

    def progress(self, progress: RunState) -> None:
        """Move the bar of the candidates."""
        text = f"generation {progress.generation}"
        if progress.best is not None:
            best = progress.best.result
            text += f" · best {best.score:.1f} ({best.speed:.2f} m/s)"
        self._show("candidates", text, progress.done, progress.total)

    def reevaluation(self, done: int, total: int) -> None:
        """Move the bar of the finalists, which is there once there are some."""
        text = "re-evaluation of finalists"
        if total:
            self._show("finalists", text, done, total)
        if total and not done:
            self._line(f"{text}: {total}")

    def learning(self, what: str, done: int, total: int) -> None:
        """Move the bar of what learns; an adaptation has one bar after the other."""
        if what in self._tasks and done < self._learned:
            self._bars.remove_task(self._tasks.pop(what))
        self._learned = done
        self._show(what, f"learning: {what}", done, total)

    def event(self, event: Event) -> None:
        """Write a warning, or a line for the end of a generation where there is no terminal."""
        if event.kind == "warning":
            text = f"warning: {event.message}"
            self._bars.console.print(text, style="yellow", soft_wrap=True, markup=False)
        elif event.kind != "alarm":
            self._line(event.message)

    def _show(self, name: str, text: str, done: int, total: int) -> None:
        if not self._tasks:
            self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(text, total=total)
        self._bars.update(self._tasks[name], description=text, completed=done, total=total)

    def _stop(self) -> None:
        # Bars that never started would still print an empty line.
        if self._tasks:
            self._bars.stop()

    def _line(self, text: str) -> None:
        write_line(self._bars.console, text)


@contextmanager
def finetuning_bar(
    console: Console, task: str | None = None
) -> Generator[Callable[[int, int, float], None]]:
    """A progress bar for the control steps of fine-tuning; it appears with the first update.

    Args:
        console: Where to show it.
        task: Task of the training, which decides how its reward is said; None where it is unknown.

    Yields:
        A function to call with the control steps so far, their total, and the mean reward of a
        control step.
    """
    words = task_words(task or "")
    with ExitStack() as started:
        bar = Progress(*_COLUMNS, console=console)
        tenth = 0

        def show(done: int, total: int, reward: float) -> None:
            nonlocal tenth
            if not bar.tasks:
                started.enter_context(bar)
                bar.add_task("fine-tuning", total=total)
            text = f"fine-tuning · {words.reward_text(reward)} with action noise"
            bar.update(bar.task_ids[0], completed=min(done, total), description=text)
            if 10 * done // total > tenth:
                tenth = 10 * done // total
                write_line(console, f"{text} · {min(done, total)} of {total} control steps")

        yield show


def trained_task(sources: Sequence[Path], task: str | None) -> str | None:
    """The task that networks are fine-tuned on; None where the sources do not say it.

    Args:
        sources: A run, or robots.
        task: Name of the task that was asked for; None for that of the run, or the usual one.
    """
    from codesign.store import RunFolder

    if task is not None:
        return task
    runs = [source for source in sources if RunFolder.is_run(source)]
    if not runs:
        return defaults.TASK
    with suppress(UsageError):
        return RunFolder(runs[0]).settings.task
    return None


@contextmanager
def frames_bar(console: Console) -> Generator[Callable[[int, int], None]]:
    """A progress bar for the frames of a film; it appears with the first one, on a terminal.

    Yields:
        A function to call with the frames so far, and their total.
    """
    with ExitStack() as started:
        bar = Progress(*_COLUMNS, console=console, transient=True)

        def show(done: int, total: int) -> None:
            if not bar.tasks and console.is_terminal:
                started.enter_context(bar)
                bar.add_task("frames", total=total)
            if bar.tasks:
                bar.update(bar.task_ids[0], completed=done)

        yield show


def write_line(console: Console, text: str) -> None:
    """Write a line with the time, unless the console is a terminal, which has bars."""
    if not console.is_terminal:
        line = f"{datetime.now():%H:%M:%S} {text}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
