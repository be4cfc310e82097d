"""Starts worker processes with the environment, the signals and the packages that they need."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

_ONE_THREAD: dict[str, str] = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
# Packages that the server imports for all workers. None of this project's: the server may search
# for modules in other folders than the program that started it.
_PRELOADED = ("mujoco", "mjbatch", "networkx", "pydantic", "safetensors.numpy", "scipy.special")
#: Keeps files in the user's folder from being imported in place of packages. Python accepts any
#: value; workers recognize this one and remove the variable.
SAFE_PATH = {"PYTHONSAFEPATH": "workers"}


class WorkerLauncher:
    """Starts worker processes, and owns what must happen once in this process for all of them.

    Use :func:`~hyperdistill_core.parallel.processes.launcher`, which returns the one instance
    of this process. There can be only one, since it changes state that belongs to the whole
    process while a worker starts:

    - the environment variables, which a new process inherits: threads that start workers at the
      same time take turns, with the lock of this object;
    - the handler and the mask of SIGINT, for the same reason;
    - the fork server of :mod:`multiprocessing`, of which a process has one. Other code may have
      started it without the packages and the environment that workers need. This object
      therefore remembers the servers that it started itself, and uses no other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Process ids of the servers that this object started; None stands for "no server yet".
        self._own_servers: set[int | None] = {None}

    def start(
        self, target: Callable[..., None], *arguments: Any, daemon: bool = True
    ) -> tuple[Any, Connection]:
        """Start a process that calls ``target(connection, *arguments)``.

        A Ctrl-C that arrives meanwhile takes effect afterwards. The first start takes seconds.

        Args:
            target: Function of a module.
            arguments: Picklable arguments.
            daemon: Whether Python ends the process at its own exit. Only a process that is not a
                daemon may start workers.

        Returns:
            The process, and this process's end of the connection.
        """
        try:
            return self._start(self._context(), target, arguments, daemon)
        except (OSError, EOFError):
            # The server may have ended a moment ago, or its socket may be gone.
            return self._start(multiprocessing.get_context("spawn"), target, arguments, daemon)

    def exit_code(self, process: Any) -> int:
        """Wait until a process has ended; return its exit code, or minus the signal's number."""
        wait([process.sentinel])
        # To start a process also collects the exit codes of all others, and the system reports
        # each exit code once: without the lock both could miss it.
        with self._lock:
            process.join()
            return process.exitcode

    @contextmanager
    def worker_environment(self) -> Generator[None]:
        """Inside, new processes inherit one thread for BLAS, and a blocked SIGINT.

        A terminal sends Ctrl-C to all of its processes. A worker must not receive it, not even
        while it imports packages, and this process must not be interrupted while a worker is
        half started. The Ctrl-C of this process therefore takes effect at the end.

        A forked worker inherits both from the server.
        """
        with self._lock, _interrupt_later(), _environment(_ONE_THREAD):
            yield

    def _start(
        self,
        context: ForkServerContext | SpawnContext,
        target: Callable[..., None],
        arguments: tuple[Any, ...],
        daemon: bool,
    ) -> tuple[Any, Connection]:
        ours, theirs = context.Pipe()
        process = context.Process(target=target, args=(theirs, *arguments), daemon=daemon)
        try:
            with self.worker_environment():
                process.start()
        except BaseException:
            ours.close()
            if process.pid is not None:
                process.kill()
                process.join()
            raise
        finally:
            theirs.close()  # the end of the worker is then the end of the connection
        return process, ours

    def _context(self) -> ForkServerContext | SpawnContext:
        """Return what starts processes that share no memory with this one."""
        spawn = multiprocessing.get_context("spawn")
        if sys.platform in ("darwin", "win32"):  # to fork is unsafe there, or impossible
            return spawn
        from multiprocessing import forkserver

        context = multiprocessing.get_context("forkserver")
        with self.worker_environment(), _environment(SAFE_PATH):
            if fork_server_pid() not in self._own_servers:
                return spawn
            context.set_forkserver_preload(list(_PRELOADED))
            try:
                forkserver.ensure_running()
            except OSError:  # the folder for temporary files cannot hold the server's socket
                return spawn
            self._own_servers.add(fork_server_pid())
        return context


def fork_server_pid() -> int | None:
    """Return the process id of this process's fork server, None where there is none.

    The standard library has no public way to ask whether other code started the server.
    """
    from multiprocessing import forkserver

    server: Any = vars(forkserver)["_forkserver"]
    return server._forkserver_pid


@contextmanager
def _environment(changes: dict[str, str]) -> Generator[None]:
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
def _interrupt_later() -> Generator[None]:
    """Block SIGINT, so that children inherit the mask, and deliver it at the end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Python starts its resource tracker with the first process, and unblocks SIGINT on the way.
    resource_tracker.ensure_running()
    # The mask covers this thread. Another thread may still receive the signal, and Python would
    # then call the handler here: so the handler only takes note.
    handler, mask = signal.getsignal(signal.SIGINT), None
    received: list[int] = []
    in_main = callable(handler) and threading.current_thread() is threading.main_thread()
    try:
        if in_main:
            signal.signal(signal.SIGINT, lambda number, _: received.append(number))
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        try:
            if mask is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        finally:
            if in_main:
                signal.signal(signal.SIGINT, handler)
        if received:
            signal.raise_signal(signal.SIGINT)
