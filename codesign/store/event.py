"""Events of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def utc_now() -> str:
    """The time in UTC, in ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event of a run.

    Attributes:
        kind: "started", "resumed", "stopped", "interrupted", "failed", "finished",
            "generation", "adaptation", "reevaluation", "alarm" or "warning".
        message: One line for people.
        name: Name of the alarm; None for other kinds.
        generation: Number of the generation that the event is about. An event of the same kind
            and name happens once a generation.
        number: Number of the candidate that the event is about.
        details: Values for programs, in JSON's types.
        time: Time in UTC, in ISO 8601.

    Examples:
        >>> alarm = Event(kind="alarm", name="speed", generation=3, message="too fast")
        >>> alarm.details
        {}
    """

    kind: str
    message: str
    name: str | None = None
    generation: int | None = None
    number: int | None = None
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    time: str = field(default_factory=utc_now)
