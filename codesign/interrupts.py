"""Ctrl-C and SIGTERM, delayed until the work in progress can bear them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminations_as_interrupts() -> Generator[None]:
    """Treat SIGTERM like Ctrl-C: a cluster's scheduler ends jobs with it, after some notice.

    This also works where Ctrl-C is ignored, as in a background job of a shell without a terminal.
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
def deferred_interrupts() -> Generator[None]:
    """Let the block finish; a Ctrl-C in the meantime is raised at its end.

    Imports need this, too: one of torch or numpy that is cut short can crash the process. Outside
    the main thread Python delivers no signals, and the block runs as it is.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
