"""What worker processes inherit, wherever they are started."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
#: The environment belongs to the whole process: threads that start workers take turns.
_TURN = threading.Lock()


@contextmanager
def worker_surroundings() -> Iterator[None]:
    """What a process started in here inherits: one thread for BLAS, and no Ctrl-C.

    Ctrl-C goes to every process of a terminal. A worker must not meet it, not even while
    it still imports; a blocked signal is inherited, and ours arrives when it is unblocked.
    """
    with _TURN:
        before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
        os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
        blockable = hasattr(signal, "pthread_sigmask")
        if blockable:
            # Python starts its tracker with the first process, and unblocks Ctrl-C on the way.
            resource_tracker.ensure_running()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blockable else None
        try:
            yield
        finally:
            if mask is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
