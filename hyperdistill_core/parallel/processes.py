"""How worker processes are started, and how they end.

Importing torch takes a worker seconds. So where the system can, workers are forked from a process
that has imported it and a few other packages once, and nothing of ours: the second pool of a
program, or the worker that takes the place of a dead one, starts at once, and all share the memory
of what was imported. What they inherit beside that is of when that process started, with the first
worker of the program: environment variables, standard output and error, limits.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

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
#: Packages are not to be mixed up with files that lie in the folder of the user; any value does it.
_SAFE_PATH = {"PYTHONSAFEPATH": "workers"}
#: The environment belongs to the whole process: threads that start workers take turns.
_TURN = threading.Lock()
_OUR_SERVERS: set[int | None] = {None}  # what workers are forked from; None: nothing yet


def start_worker(target: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    """A worker process that calls ``target(connection, *arguments)``.

    It does not hear Ctrl-C, has one thread for BLAS, and ends with this process, however that
    ends. Ctrl-C here waits until it has started: seconds, where it is the first.

    Args:
        target: a function of a module.
        arguments: picklable.

    Returns:
        The process, and our end of the connection.
    """
    try:
        return _start(worker_context(), target, arguments)
    except (OSError, EOFError):
        # The process that workers are forked from may be ending, or its socket be gone.
        return _start(multiprocessing.get_context("spawn"), target, arguments)


def _start(
    context: ForkServerContext | SpawnContext, target: Callable[..., None], arguments: tuple
) -> tuple[Any, Connection]:
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(target, theirs, *arguments), daemon=True)
    try:
        with worker_surroundings():
            process.start()
    except BaseException:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join()
        raise
    finally:
        theirs.close()  # so that a worker's end shows as a closed pipe
    return process, ours


def worker_context() -> ForkServerContext | SpawnContext:
    """What starts worker processes, each without anything that this process has in memory."""
    spawn = multiprocessing.get_context("spawn")
    if sys.platform in ("darwin", "win32"):  # where a fork is not safe, and where there is none
        return spawn
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    server: Any = forkserver._forkserver
    with worker_surroundings(), _environment(_SAFE_PATH):
        if server._forkserver_pid not in _OUR_SERVERS:
            return spawn  # it is somebody else's, and has not imported what we need
        context.set_forkserver_preload(list(_PRELOADED))
        try:
            forkserver.ensure_running()
        except OSError:  # no socket can be made in the folder for temporary files
            return spawn
        _OUR_SERVERS.add(server._forkserver_pid)
    return context


def begin_worker() -> None:
    """What every worker process does first: it is to end with the one that started it."""
    if os.environ.get("PYTHONSAFEPATH") == _SAFE_PATH["PYTHONSAFEPATH"]:
        del os.environ["PYTHONSAFEPATH"]
    threading.Thread(target=_end_with_parent, daemon=True).start()


def exit_code(process: Any) -> int:
    """Wait for a process to end; its exit code, or the signal that ended it, negative."""
    wait([process.sentinel])
    with _TURN:  # starting a process asks for the ends of all others, and only one is told
        process.join()
        return process.exitcode


@contextmanager
def worker_surroundings() -> Iterator[None]:
    """What a process started in here inherits: one thread for BLAS, and no Ctrl-C.

    A worker that is forked has it from the process that it is forked from.
    Ctrl-C goes to every process of a terminal. A worker must not meet it, not even while
    it still imports, and is not left half started by ours, which comes when all this is over.
    """
    with _TURN, _interrupted_later(), _environment(dict.fromkeys(_THREAD_LIMITS, "1")):
        yield


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
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
    handler, noted, mask = signal.getsignal(signal.SIGINT), [], None
    ours = callable(handler) and threading.current_thread() is threading.main_thread()
    try:
        if ours:
            signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        try:
            if mask is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        finally:
            if ours:
                signal.signal(signal.SIGINT, handler)
        if noted:
            signal.raise_signal(signal.SIGINT)


def _work(target: Callable[..., None], connection: Connection, *arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin_worker()
    target(connection, *arguments)


def _end_with_parent() -> None:
    """End this process with the one that started it, even where its work hangs."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
