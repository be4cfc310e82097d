"""What happened in a run, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def utc_now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a run.

    Attributes:
        kind: "started", "resumed", "stopped", "interrupted", "failed", "finished", "generation"
            or "alarm".
        message: one line for people.
        name: of an alarm.
        generation: that it is about; a kind and name come once a generation.
        number: of the candidate that it is about.
        details: what a program wants to know, in JSON's types.
        time: UTC, ISO 8601.
    """

    kind: str
    message: str
    name: str | None = None
    generation: int | None = None
    number: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=utc_now)
