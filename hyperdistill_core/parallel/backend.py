"""The protocol that every backend follows: items in, outcomes out, in any order."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_Item = TypeVar("_Item", contravariant=True)
_Result = TypeVar("_Result")


class WorkerError(RuntimeError):
    """Work in a worker raised an error that cannot be passed between processes."""


class WorkerDiedError(RuntimeError):
    """A worker process died while it worked."""


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """The outcome of an item: its result, or the reason why it has none.

    Attributes:
        key: Key that the item was submitted with.
        result: Result of the item; None if it failed.
        error: Reason in one line, for people; None if the item has a result.
        exception: Exception that the work raised, with the worker's traceback as a note, or a
            :class:`WorkerError` in its place where it cannot be pickled; None if the item has a
            result, or if its worker died or hung.

    Examples:
        >>> outcome = Outcome("item", error="no answer within 3 s")
        >>> outcome.result is None, outcome.error
        (True, 'no answer within 3 s')
    """

    key: Hashable
    result: Result | None = None
    error: str | None = None
    exception: Exception | None = None


class Backend(Protocol[_Item, _Result]):
    """Takes items while it has room, and returns their outcomes in any order.

    A caller keeps it busy with this loop::

        while items or backend.busy:
            while items and backend.idle:
                key, item = items.pop()
                backend.submit(key, item)
            for outcome in backend.collect():
                ...
    """

    @property
    def idle(self) -> int:
        """Number of items that can be submitted now; at least one when not :attr:`busy`."""
        ...

    @property
    def busy(self) -> bool:
        """Whether an item was submitted whose outcome was not collected."""
        ...

    @property
    def parallelism(self) -> int:
        """Number of items that are worked on at the same time, when there are enough."""
        ...

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        ...

    def submit(self, key: Hashable, item: _Item) -> None:
        """Take an item.

        Args:
            key: Name of the item in its :class:`Outcome`.
            item: Argument of the work.

        Raises:
            RuntimeError: There is no room.
        """
        ...

    def collect(self) -> list[Outcome[_Result]]:
        """Wait until at least one item is done; return the outcomes of all that are."""
        ...

    def close(self) -> None:
        """End all work at once; its outcomes are lost."""
        ...
