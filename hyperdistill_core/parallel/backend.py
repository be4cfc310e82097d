"""What every place where work is done has in common."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_Item = TypeVar("_Item", contravariant=True)
_Result = TypeVar("_Result")


class WorkerDiedError(RuntimeError):
    """A worker process ended in the middle of its work."""


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of an item.

    Attributes:
        key: what it was submitted under.
        result: what the worker made of it, None if it failed.
        error: why it failed, None if it did not.
    """

    key: Hashable
    result: Result | None = None
    error: str | None = None


class Backend(Protocol[_Item, _Result]):
    """Takes items while it has room, and hands back what became of them, in any order."""

    @property
    def idle(self) -> int:
        """How many items can be submitted now; at least one when nothing is being worked on."""
        ...

    @property
    def busy(self) -> bool:
        """Whether any item is being worked on."""
        ...

    @property
    def parallelism(self) -> int:
        """How many items are worked on at the same time, when there are enough."""
        ...

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        ...

    def submit(self, key: Hashable, item: _Item) -> None:
        """Take an item.

        Raises:
            RuntimeError: there is no room.
        """
        ...

    def collect(self) -> list[Outcome[_Result]]:
        """Wait until at least one item is done; the outcomes of all that are."""
        ...

    def close(self) -> None:
        """End the work at once, whatever is being done."""
        ...
