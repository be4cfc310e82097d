"""A worker process of a vector env, seen from both ends of its connection.

Requests and answers are short: states, actions and rewards lie in shared memory.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Hashable
from functools import partial
from typing import Any

import numpy as np

from hyperdistill_core.parallel.env_arrays import EnvShape
from hyperdistill_core.parallel.env_shard import EnvShard, NoProgress
from hyperdistill_core.parallel.processes import WorkerProcess
from hyperdistill_core.rollout import quiet_warnings
from hyperdistill_core.tasks import get_task

_PATIENCE_S = 5.0
# Answers that are not received fill the pipe, and then neither end can continue.
_MAX_PENDING = 64
_SETUP, _CALL = "setup", "call"


class EnvWorker:
    """A worker process, and the answers that it has not given yet.

    Args:
        shape: Sizes of the vector env's arrays.
        memory: Shared memory of the arrays, from :meth:`EnvShape.allocate`.
        task: Name of the task.
        seed: Seed of the vector env.
        n_parts: Number of parts of the vector env.
        no_progress: Rule that terminates episodes without progress; None for no such rule.
    """

    def __init__(
        self,
        shape: EnvShape,
        memory: ctypes.Array[ctypes.c_byte],
        *,
        task: str,
        seed: int,
        n_parts: int,
        no_progress: NoProgress | None,
    ) -> None:
        # The tag of each request whose answer was not received yet, the oldest first.
        self._pending: deque[Hashable] = deque([_SETUP])
        self._error: str | None = None
        setup = partial(_ShardServer, memory, shape, task, seed, n_parts, no_progress)
        self._process = WorkerProcess(setup)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, tag: Hashable, command: str, part: int, *arguments: Any) -> None:
        """Send a command to one part's shard, without waiting for the answer.

        Args:
            tag: Name under which :meth:`settle` waits for the answer.
            command: Name of a method of :class:`EnvShard`.
            part: Part of the vector env.
            arguments: Arguments of the method.

        Raises:
            RuntimeError: An earlier command failed, the worker died, or it was closed.
        """
        self._require_usable()
        while len(self._pending) >= _MAX_PENDING:
            self._receive()
        try:
            self._process.send((command, part, *arguments))
        except OSError:
            while self._pending:
                self._receive()
            raise self._death() from None
        self._pending.append(tag)

    def settle(self, tag: Hashable) -> None:
        """Wait for the answers to all commands under a tag.

        Raises:
            RuntimeError: A command failed, or the worker died.
        """
        while tag in self._pending:
            self._receive()

    def call(self, command: str, part: int) -> Any:
        """Send a command, wait for its answer and all before it, and return its result.

        Raises:
            RuntimeError: A command failed, the worker died, or it was closed.
        """
        self.send(_CALL, command, part)
        result = None
        while self._pending:
            result = self._receive()
        return result

    def close(self) -> None:
        """End the process after its present command."""
        self._process.close(patience_s=_PATIENCE_S)

    def _receive(self) -> Any:
        self._require_usable()
        try:
            result, error, _ = self._process.receive()
        except (EOFError, OSError):
            raise self._death() from None
        self._pending.popleft()
        if error is not None:
            self._error = f"a simulation worker failed: {error}"
            raise RuntimeError(self._error)
        return result

    def _require_usable(self) -> None:
        if self._process.connection.closed:
            raise RuntimeError("this vector env is closed")
        if self._error:
            raise RuntimeError(self._error)

    def _death(self) -> RuntimeError:
        return RuntimeError(f"a simulation worker died ({self._process.describe_end()})")


class _ShardServer:
    """The work of the process: one shard for each part of the vector env."""

    def __init__(
        self,
        memory: ctypes.Array[ctypes.c_byte],
        shape: EnvShape,
        task_name: str,
        seed: int,
        n_parts: int,
        no_progress: NoProgress | None,
    ) -> None:
        arrays, task = shape.arrays(memory), get_task(task_name)
        self._shards = [EnvShard(shape, arrays, task, seed, no_progress) for _ in range(n_parts)]

    def __call__(self, request: tuple[Any, ...]) -> Any:
        command, part, *arguments = request
        shard = self._shards[int(part)]
        # The numbers of a body that becomes unstable may overflow. Its episode ends as a fall,
        # so that a warning would add nothing.
        with quiet_warnings(), np.errstate(over="ignore", invalid="ignore"):
            return getattr(shard, command)(*arguments)
