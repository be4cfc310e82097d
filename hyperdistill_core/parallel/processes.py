"""Worker processes: how they start, what they do, and how they end.

Every worker process runs :func:`_run_worker`: it calls a setup function once, then answers one
request after the other until its connection closes. A worker ignores Ctrl-C, uses one thread for
BLAS, and ends together with the process that started it, however that process ends.

To import MuJoCo and other packages takes a worker a second. Where the system allows it, workers are
therefore forked from a server process that has imported them once. The second pool of a
program, or the replacement of a dead worker, starts at once, and all workers share the memory of
those packages. A forked worker inherits the environment variables, the standard streams and the
resource limits of the moment when the server started, that is, when the program started its first
worker.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from hyperdistill_core.parallel.backend import WorkerError
from hyperdistill_core.parallel.launcher import SAFE_PATH, WorkerLauncher
from morph_ops._messages import failure

#: The result; or None, the type and message of the error, and the error itself, or a
#: ``WorkerError`` in its place where it cannot be pickled.
Answer: TypeAlias = tuple[Any, str | None, Exception | None]
#: Called once in a worker; returns the function that makes a result of a request.
Setup: TypeAlias = Callable[[], Callable[[Any], Any]]


@cache
def launcher() -> WorkerLauncher:
    """Return the launcher of this process; :class:`WorkerLauncher` says why there is one."""
    return WorkerLauncher()


class WorkerProcess:
    """A worker process and this process's end of the connection to it.

    The worker first answers its own setup: ``(None, None, None)``, or an error, after which it
    ends. Then it sends one :data:`Answer` for each request, in order. An error in a request does
    not end the worker.

    Args:
        setup: Picklable function that the worker calls once. It returns the function that makes
            a result of a request. Requests and results must be picklable.

    Attributes:
        connection: This process's end of the connection.

    Examples:
        >>> from functools import partial
        >>> from operator import methodcaller
        >>> worker = WorkerProcess(partial(methodcaller, "upper"))
        >>> worker.receive()
        (None, None, None)
        >>> worker.send("abc")
        >>> worker.receive()
        ('ABC', None, None)
        >>> worker.close(patience_s=5.0)
    """

    def __init__(self, setup: Setup) -> None:
        self.connection: Connection
        self._process, self.connection = launcher().start(_run_worker, setup)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, request: Any) -> None:
        """Send a request.

        Raises:
            OSError: The worker is dead, or its connection was closed here.
        """
        self.connection.send(request)

    def receive(self) -> Answer:
        """Wait for the next answer.

        Raises:
            EOFError: The worker died.
            OSError: The worker died, or its connection was closed here.
        """
        return self.connection.recv()

    def describe_end(self) -> str:
        """Wait until the process has ended; return how, as in "killed by SIGSEGV"."""
        code = launcher().exit_code(self._process)
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """Close the connection, and end the process whatever it does; :meth:`join` must follow."""
        self.connection.close()
        self._process.kill()  # a process that hangs in C code may not react to anything else

    def join(self) -> None:
        """Wait until the process has ended."""
        self._process.join()

    def close(self, *, patience_s: float) -> None:
        """Close the connection, which ends the process after its present request.

        Args:
            patience_s: Time to wait for that (s). The process is killed afterwards.
        """
        self.connection.close()
        self._process.join(timeout=patience_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _run_worker(connection: Connection, setup: Setup) -> None:
    """Run a worker process: call ``setup``, then answer requests until the connection closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.environ.get("PYTHONSAFEPATH") == SAFE_PATH["PYTHONSAFEPATH"]:
        del os.environ["PYTHONSAFEPATH"]
    end_with_parent()
    with suppress(EOFError, OSError):
        try:
            work = setup()
        except Exception as error:
            connection.send(_failed(error))
            return
        connection.send((None, None, None))
        while True:
            request = connection.recv()
            try:
                answer = (work(request), None, None)
            except Exception as error:
                answer = _failed(error)
            connection.send(answer)


def _failed(error: Exception) -> Answer:
    """Return the answer that reports an error, with the worker's traceback as a note."""
    text = failure(error)
    error.add_note("".join(["in a worker process:\n", *traceback.format_exception(error)]))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # some exceptions cannot be pickled, others cannot be built again
        return None, text, WorkerError(text)
    return None, text, error


def end_with_parent() -> None:
    """From now on, end this process with the one that started it, even while its work hangs."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
