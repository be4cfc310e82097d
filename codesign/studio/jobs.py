"""Work in processes of its own, which may take long, be stopped, or crash.

A :class:`Job` runs one function in a process. The function gets a :class:`Channel`, through which
messages go both ways. A job that is stopped is killed, whatever it does; a job that crashes costs
a message.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from codesign.errors import WRONG_INPUT
from hyperdistill_core.parallel.processes import end_with_parent, launcher
from morph_ops._messages import failure, one_line

__all__ = ["STOP", "Channel", "Job", "Work"]

#: Message that ends work early; what it found so far counts.
STOP = "stop"


class Channel:
    """The end of a job's connection that is inside its process.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, message: Any) -> None:
        """Send a message to the process that started the job.

        Args:
            message: Anything that can be pickled.
        """
        self._connection.send(("message", message))

    def receive(self) -> Any:
        """Wait for the next message from the process that started the job.

        Raises:
            EOFError: That process has no more interest.
        """
        return self._connection.recv()

    def waits(self) -> bool:
        """Whether a message is there."""
        return self._connection.poll()

    def is_stopped(self) -> bool:
        """Whether :data:`STOP` is there; it is taken, as any other message would be."""
        return self.waits() and self.receive() == STOP


#: What a job does: a function that can be pickled.
Work: TypeAlias = Callable[[Channel], None]


class Job:
    """A function that runs in a process of its own.

    Args:
        work: The function.
        on_message: Called in a thread of this process with each message of the job.
        on_end: Called once, after the last message, unless the job was stopped: with None, or with
            what went wrong in one line.

    Examples:
        >>> from functools import partial
        >>> from queue import Queue
        >>> from codesign.studio import uploads
        >>> seen = Queue()
        >>> work = partial(uploads.open_file, name="a.json", content=b"no robot")
        >>> job = Job(work, on_message=seen.put, on_end=seen.put)
        >>> "a.json" in seen.get(timeout=60)
        True
    """

    def __init__(
        self,
        work: Work,
        *,
        on_message: Callable[[Any], None],
        on_end: Callable[[str | None], None],
    ) -> None:
        self._on_message, self._on_end = on_message, on_end
        self._lock, self._stopped = threading.Lock(), False
        # The process may start workers, as a training does; so it cannot be a daemon.
        self._process, self._connection = launcher().start(_run, work, daemon=False)
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Send a message to the job; one that has ended ignores it.

        Args:
            message: Anything that can be pickled.
        """
        with self._lock, suppress(OSError):
            self._connection.send(message)

    def stop(self) -> None:
        """End the job at once; nothing of it is reported from now on."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        self._process.kill()

    def _receive(self) -> None:
        error: str | None = None
        done = False
        with suppress(EOFError, OSError):
            while not done:
                kind, content = self._connection.recv()
                if self._stopped:
                    break
                if kind == "message":
                    self._on_message(content)
                else:
                    done, error = True, content
        code = launcher().exit_code(self._process)
        with self._lock:
            self._connection.close()
            if self._stopped:
                return
            self._stopped = True
        if not done:
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            error = f"the process ended {how}"
        self._on_end(error)


def _run(connection: Connection, work: Work) -> None:
    """Run a job inside its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    error: str | None = None
    try:
        work(Channel(connection))
    except EOFError:
        return
    except WRONG_INPUT as wrong:
        error = one_line(wrong)
    except Exception as unexpected:
        error = failure(unexpected)
    with suppress(OSError):
        connection.send(("end", error))
