"""The backend that works in this process."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic

from hyperdistill_core.parallel.backend import Item, Outcome, Result
from morph_ops._messages import failure


class SerialBackend(Generic[Item, Result]):
    """Works on one item at a time in this process, when it is collected.

    It is meant for debuggers, and for programs that must not start processes. There is no time
    limit, and an item that crashes ends the program.

    Args:
        setup: Function that returns the function that makes a result of an item.

    Raises:
        Exception: The error that ``setup`` raised.

    Examples:
        >>> backend = SerialBackend(lambda: str.upper)
        >>> backend.submit("first", "abc")
        >>> backend.collect()
        [Outcome(key='first', result='ABC', error=None, exception=None)]
    """

    def __init__(self, setup: Callable[[], Callable[[Item], Result]]) -> None:
        self._work = setup()
        self._waiting: list[tuple[Hashable, Item]] = []

    @property
    def idle(self) -> int:
        """Number of items that can be submitted now: 1 or 0."""
        return 1 - len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether an item was submitted that was not collected."""
        return bool(self._waiting)

    @property
    def parallelism(self) -> int:
        """Number of items that are worked on at the same time: 1."""
        return 1

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        return "this process"

    def submit(self, key: Hashable, item: Item) -> None:
        """Take an item.

        Args:
            key: Name of the item in its :class:`Outcome`.
            item: Argument of the function that ``setup`` returned.

        Raises:
            RuntimeError: The previous item was not collected.
        """
        if self._waiting:
            raise RuntimeError("this process is busy: collect before submitting more")
        self._waiting.append((key, item))

    def collect(self) -> list[Outcome[Result]]:
        """Work on the item that was submitted; return its outcome, or nothing without an item."""
        if not self._waiting:
            return []
        key, item = self._waiting.pop()
        try:
            return [Outcome(key, self._work(item))]
        except Exception as error:
            return [Outcome(key, error=failure(error), exception=error)]

    def close(self) -> None:
        """Drop the item that was submitted."""
        self._waiting.clear()
