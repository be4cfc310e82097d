"""A guard against readers that hang."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager

#: Processor time of a block that hangs (s): several times what the slowest takes on a slow machine.
HANGS_S = 20.0


@contextmanager
def no_hang() -> Generator[None]:
    """Fail a test whose block hangs, as one does whose time grows with the square of its input.

    It measures nothing: the limit is far from the time that any block takes.

    Examples:
        >>> with no_hang():
        ...     pass
    """

    def interrupt(*_: object) -> None:
        raise AssertionError(f"no end after {HANGS_S:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
