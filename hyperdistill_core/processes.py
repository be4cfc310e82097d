"""How worker processes are started, and what they inherit.

Importing torch takes a worker seconds. So where the system can, workers are forked from a process
that has imported it, and nothing else, once: the second pool of a program, or the worker that
takes the place of a dead one, starts at once, and all share the memory of what was imported.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
#: What is imported once for all workers. Nothing of ours: the process that they are forked from
#: may look for modules in other places than the program that started it.
_PRELOADED = ("torch", "mujoco", "mjbatch", "networkx", "safetensors.torch")
#: The environment belongs to the whole process: threads that start workers take turns.
_TURN = threading.Lock()


@contextmanager
def worker_surroundings() -> Iterator[None]:
    """What a process started in here inherits: one thread for BLAS, and no Ctrl-C.

    Ctrl-C goes to every process of a terminal. A worker must not meet it, not even while
    it still imports, and is not left half started by ours, which comes when all this is over.
    """
    with _TURN, _interrupted_later(), _thread_limits():
        yield


@contextmanager
def _thread_limits() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Ctrl-C is blocked, as children inherit it, and met at the end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Python starts its tracker with the first process, and unblocks Ctrl-C on the way.
    resource_tracker.ensure_running()
    # Blocked in this thread it may still reach another one, and Python then raises it here.
    handler, noted = signal.getsignal(signal.SIGINT), []
    ours = callable(handler) and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if ours:
            signal.signal(signal.SIGINT, handler)
            if noted:
                signal.raise_signal(signal.SIGINT)


def worker_context() -> ForkServerContext | SpawnContext:
    """What starts worker processes, each without anything that this process has in memory.

    They know the environment, standard output and error as they were at the first call.
    """
    if sys.platform in ("darwin", "win32"):  # where a fork is not safe, and where there is none
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    with worker_surroundings():
        forkserver.ensure_running()
    return context
