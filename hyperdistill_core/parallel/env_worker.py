"""A fleet's worker processes, seen from both ends of their pipes.

Messages and answers are in order: every message gets one answer, an error's text or None
and the result, and a worker that sent an error is done. States, actions and rewards lie in
shared memory. It has no name, so nobody can leave it behind: it is gone with the last
process that maps it, however that ends. A worker ends when its pipe is closed: by us, or
because we are gone.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Hashable
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from typing import Any

import numpy as np

from hyperdistill_core.parallel.env_shard import EnvShape, EnvShard, NoProgress
from hyperdistill_core.parallel.processes import start_worker
from hyperdistill_core.rollout import quiet_warnings
from hyperdistill_core.tasks import get_task

_PATIENCE_S = 5.0
_MOST_OWED = 64


class EnvWorker:
    """A worker process and what it still owes us.

    Args:
        shape: of the fleet.
        memory: its shared memory, :func:`shared_memory`.
        task: name of the task.
        seed: of the fleet.
        n_parts: parts of the fleet.
        stall: what ends an episode without way, or None.
    """

    def __init__(
        self,
        shape: EnvShape,
        memory: ctypes.Array[ctypes.c_byte],
        *,
        task: str,
        seed: int,
        n_parts: int,
        stall: NoProgress | None,
    ) -> None:
        self._owed: deque[Hashable] = deque()
        self._process, self._pipe = start_worker(_serve, memory, shape, task, seed, n_parts, stall)

    def send(self, tag: Hashable, command: str, *arguments: Any) -> None:
        """Ask for something; :meth:`settle` the tag to know that it is done.

        Raises:
            RuntimeError: the worker failed at an earlier message, died, or was closed.
        """
        if self._pipe.closed:
            raise RuntimeError("this fleet is closed")
        # Answers that nobody takes fill the pipe, and then neither end goes on.
        while len(self._owed) >= _MOST_OWED:
            self._receive()
        try:
            self._pipe.send((command, *arguments))
        except OSError:
            while self._owed:
                self._receive()
            raise RuntimeError("a simulation worker died; its output above says why") from None
        self._owed.append(tag)

    def settle(self, tag: Hashable) -> None:
        """Wait until everything under a tag is done.

        Raises:
            RuntimeError: the worker failed, or died.
        """
        while tag in self._owed:
            self._receive()

    def ask(self, command: str, part: int) -> Any:
        """The result of a command, once everything before it is done.

        Raises:
            RuntimeError: the worker failed, died, or was closed.
        """
        self.send("ask", command, part)
        result = None
        while self._owed:
            result = self._receive()
        return result

    def close(self) -> None:
        """End the process."""
        # A worker that has work sees the end of the pipe after it.
        self._pipe.close()
        self._process.join(timeout=_PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _receive(self) -> Any:
        try:
            error, result = self._pipe.recv()
        except (EOFError, OSError) as lost:
            raise RuntimeError("a simulation worker died; its output above says why") from lost
        self._owed.popleft()
        if error is not None:
            raise RuntimeError(f"a simulation worker failed: {error}")
        return result


def shared_memory(shape: EnvShape) -> ctypes.Array[ctypes.c_byte]:
    """A block that holds a fleet's arrays, zeros at first; it can be given to workers."""
    return RawArray(ctypes.c_byte, shape.n_bytes)


def _serve(
    pipe: Connection,
    memory: ctypes.Array[ctypes.c_byte],
    shape: EnvShape,
    task_name: str,
    seed: int,
    n_parts: int,
    stall: NoProgress | None,
) -> None:
    """Main loop of a worker process."""
    arrays, task = shape.arrays(memory), get_task(task_name)
    shards = [EnvShard(shape, arrays, task, seed, stall) for _ in range(n_parts)]
    # On its way to a blow-up a body's numbers may overflow: its ending says so, not numpy.
    with quiet_warnings(), np.errstate(over="ignore", invalid="ignore"):
        while True:
            try:
                command, part, *arguments = pipe.recv()
            except (EOFError, OSError):
                return
            error = result = None
            try:
                result = getattr(shards[part], command)(*arguments)
            except Exception as failure:
                error = f"{type(failure).__name__}: {failure}"
            try:
                pipe.send((error, result))
            except OSError:
                return
            if error is not None:
                return
