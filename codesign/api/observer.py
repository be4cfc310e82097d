"""Following a run while it works."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesign.campaign import Progress
    from codesign.store import Event


class Observer:
    """Follows a run: override the methods that matter; each of them does nothing by default.

    Methods are called in the process that drives the run, between two candidates, so they must
    return quickly. What they raise ends the run; :func:`codesign.resume` continues it.

    Examples:
        >>> class Printer(Observer):
        ...     def progress(self, progress):
        ...         print(f"{progress.done} of {progress.total} candidates are scored")
    """

    def phase(self, name: str) -> AbstractContextManager[object]:
        """Return a context for a phase without candidates, such as "starting workers"."""
        return nullcontext()

    def progress(self, progress: Progress) -> None:
        """Handle a scored candidate."""

    def reevaluation(self, done: int, total: int) -> None:
        """Handle the re-evaluation of a finalist: ``done`` of ``total`` finalists have one."""

    def learning(self, what: str, done: int, total: int) -> None:
        """Handle control steps of learning: ``done`` of ``total``.

        ``what`` is "controller" during an adaptation, and "finalists" at the end.
        """

    def event(self, event: Event) -> None:
        """Handle the end of a generation (kind "generation"), an alarm ("alarm"), an adaptation
        of the controller ("adaptation"), a re-evaluation of kept bodies ("reevaluation") or a
        warning.

        A warning (kind "warning") says that a worker, or the start of a resumed run, has another
        processor, so that scores of equal bodies may differ.
        """
