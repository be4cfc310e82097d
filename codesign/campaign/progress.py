"""Progress of a run, for people who watch it."""

from __future__ import annotations

from dataclasses import dataclass

from codesign.store import Candidate


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of a run.

    Attributes:
        done: Number of candidates that are scored.
        total: Number of candidates of the whole run.
        generation: Generation of the latest scored candidate.
        best: The best candidate so far; None before the first.
    """

    done: int
    total: int
    generation: int
    best: Candidate | None
