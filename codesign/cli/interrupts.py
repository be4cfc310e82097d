"""Ctrl-C, and what is like it, at a moment that can bear it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminations_as_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does: schedulers of clusters end jobs by it, with some notice.

    Also where Ctrl-C is ignored, as a shell without a terminal has it in the background.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        on_interrupt = signal.getsignal(signal.SIGINT)
        if not callable(on_interrupt):
            raise KeyboardInterrupt
        on_interrupt(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Let what is inside finish; a Ctrl-C in the meantime is raised at its end.

    Made for imports: one of torch's or numpy's that is cut short can crash the process.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
