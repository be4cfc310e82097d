"""Ctrl-C at a moment that can bear it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


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
