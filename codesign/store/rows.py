"""Candidates and events as rows of the database's tables."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from typing import Any

from codesign.scoring import ScoreRecord
from codesign.store.candidate import Candidate
from codesign.store.event import Event
from morph_ops.io import json_file

#: What reading a damaged row raises.
DAMAGES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

INSERT_CANDIDATE = """
INSERT INTO candidates VALUES (
    :number, :generation, :operator, :parents, :diff, :hash, :variant, :adaptation, :duplicate_of,
    :status, :score, :ci_low, :ci_high, :speed, :distance, :seconds, :graph, :record
)
"""
INSERT_ADAPTATION = "INSERT INTO adaptations VALUES (?, ?, ?, ?, ?, ?, ?)"
INSERT_EVENT = """
INSERT INTO events (time, kind, name, generation, number, message, details)
VALUES (:time, :kind, :name, :generation, :number, :message, :details)
"""
SELECT_CANDIDATES = """
SELECT c.*, rescores.record AS rescored, ifnull(rescores.adaptation, 0) AS rescored_in,
    reevaluations.record AS reevaluation,
    finetunings.record AS finetuned
FROM candidates AS c
LEFT JOIN rescores ON rescores.number = c.number AND rescores.candidates = (
    SELECT max(candidates) FROM rescores WHERE number = c.number
)
LEFT JOIN reevaluations ON reevaluations.number = c.number
LEFT JOIN finetunings ON finetunings.number = c.number
"""


def candidate_to_row(candidate: Candidate) -> dict[str, Any]:
    """The values of :data:`INSERT_CANDIDATE`."""
    record = candidate.result
    return {
        "number": candidate.number,
        "generation": candidate.generation,
        "operator": candidate.operator,
        "parents": json.dumps(candidate.parents),
        "diff": None if candidate.diff is None else json.dumps(candidate.diff),
        "hash": candidate.hash,
        "variant": record.variant,
        "adaptation": candidate.adaptation,
        "duplicate_of": candidate.duplicate_of,
        "status": record.status,
        "score": record.score,
        "ci_low": record.ci95[0],
        "ci_high": record.ci95[1],
        "speed": record.speed,
        "distance": record.distance,
        "seconds": record.seconds,
        "graph": json_file.to_json(candidate.graph),
        "record": record_to_json(record),
    }


def candidate_from_row(row: sqlite3.Row) -> Candidate:
    """The candidate in a row of :data:`SELECT_CANDIDATES`.

    Raises:
        KeyError: A field of a score record is missing.
        ValueError: A value is not valid JSON, or not a body.
    """
    return Candidate(
        number=row["number"],
        generation=row["generation"],
        operator=row["operator"],
        parents=tuple(json.loads(row["parents"])),
        graph=json_file.from_json(row["graph"]),
        hash=row["hash"],
        diff=json.loads(row["diff"]) if row["diff"] else None,
        variant=row["variant"],
        adaptation=row["adaptation"],
        duplicate_of=row["duplicate_of"],
        record=record_from_json(row["record"]),
        rescored=record_from_json(row["rescored"]),
        rescored_in=row["rescored_in"],
        reevaluation=record_from_json(row["reevaluation"]),
        finetuned=record_from_json(row["finetuned"]),
    )


def event_to_row(event: Event) -> dict[str, Any]:
    """The values of :data:`INSERT_EVENT`."""
    return {**vars(event), "details": json.dumps(event.details, allow_nan=False)}


def event_from_row(row: sqlite3.Row) -> Event:
    """The event in a row of the table ``events``."""
    plain = [field.name for field in fields(Event) if field.name != "details"]
    return Event(**{name: row[name] for name in plain}, details=json.loads(row["details"]))


def record_from_json(text: str | None) -> ScoreRecord | None:
    """The score record of :func:`record_to_json`; None stays None.

    Raises:
        KeyError: A field is missing.
        ValueError: The text is not valid JSON.
    """
    return None if text is None else ScoreRecord.from_dict(json.loads(text))


def record_to_json(record: ScoreRecord) -> str:
    """A score record as JSON text."""
    return json.dumps(record.to_dict(), allow_nan=False)
