"""Work in this process."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic

from hyperdistill_core.parallel.backend import Item, Outcome, Result
from morph_ops._messages import failure


class SerialBackend(Generic[Item, Result]):
    """Does one item at a time in this process, when it is collected.

    For debuggers, and for programs that must start no process. There is no time limit here,
    and an item that crashes takes the program with it.

    Args:
        setup: returns the function that makes a result of an item.

    Raises:
        Exception: what ``setup`` raised.
    """

    def __init__(self, setup: Callable[[], Callable[[Item], Result]]) -> None:
        self._work = setup()
        self._waiting: list[tuple[Hashable, Item]] = []

    @property
    def idle(self) -> int:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        return 1 - len(self._waiting)

    @property
    def busy(self) -> bool:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        return bool(self._waiting)

    @property
    def parallelism(self) -> int:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        return 1

    @property
    def location(self) -> str:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        return "this process"

    def submit(self, key: Hashable, item: Item) -> None:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        if self._waiting:
            raise RuntimeError("this process is busy: collect before submitting more")
        self._waiting.append((key, item))

    def collect(self) -> list[Outcome[Result]]:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        if not self._waiting:
            return []
        key, item = self._waiting.pop()
        try:
            return [Outcome(key, self._work(item))]
        except Exception as error:
            return [Outcome(key, error=failure(error))]

    def close(self) -> None:
        """See :class:`~hyperdistill_core.parallel.Backend`."""
        self._waiting.clear()
