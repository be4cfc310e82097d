"""Candidates and events as rows of the database's tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container
from dataclasses import fields
from typing import Any

from codesign.scoring import ScoreRecord
from codesign.store.candidate import AdaptationResult, Candidate
from codesign.store.event import Event
from codesign.store.typed import typed, typed_fields
from morph_ops._messages import cut, shown
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
#: Types of the columns that are fields of a candidate as they are.
_PLAIN: dict[str, Any] = {
    **dict.fromkeys(("number", "generation", "variant", "adaptation", "rescored_in"), int),
    **dict.fromkeys(("operator", "hash"), str),
    "duplicate_of": int | None,
}


#: Types of the details that programs use, by name and by kind of event.
_DETAILS: dict[str, Any] = {"diversity": float | None, "founder_share": float | None}
_REQUIRED_DETAILS = {"reevaluation": ("candidates", "steps")}


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
        ValueError: A value is not valid JSON, not a body, or of another type.
    """
    return Candidate(
        **{name: typed(row[name], hint, what=name) for name, hint in _PLAIN.items()},
        parents=parents_from_json(row["parents"], known=range(row["number"])),
        graph=json_file.from_json(row["graph"]),
        diff=object_from_json(row["diff"], what="diff") if row["diff"] else None,
        record=record_from_json(row["record"]),
        rescored=record_from_json(row["rescored"]),
        reevaluation=record_from_json(row["reevaluation"]),
        finetuned=record_from_json(row["finetuned"]),
    )


def event_to_row(event: Event) -> dict[str, Any]:
    """The values of :data:`INSERT_EVENT`."""
    return {**vars(event), "details": json.dumps(event.details, allow_nan=False)}


def event_from_row(row: sqlite3.Row) -> Event:
    """The event in a row of the table ``events``.

    Raises:
        ValueError: The details are no JSON object, or a value is of another type.
    """
    plain = {field.name: row[field.name] for field in fields(Event) if field.name != "details"}
    details = object_from_json(row["details"], what="details")
    for name in _DETAILS.keys() & details.keys():
        typed(details[name], _DETAILS[name], what=f"details.{name}")
    for name in _REQUIRED_DETAILS.get(row["kind"], ()):
        typed(details.get(name), int, what=f"details.{name}")
    return typed_fields(Event(**plain, details=details))


def adaptation_from_row(row: sqlite3.Row) -> AdaptationResult:
    """The adaptation in a row of the table ``adaptations``.

    Raises:
        ValueError: A value is of another type.
    """
    plain: dict[str, Any] = {name: row[name] for name in AdaptationResult._fields}
    plain["kept"] = bool(plain["kept"])
    return typed_fields(AdaptationResult(**plain))


def object_from_json(text: str, *, what: str) -> dict[str, Any]:
    """The JSON object in a column.

    Args:
        text: The column.
        what: Its name, for messages.

    Raises:
        ValueError: The text is not valid JSON, or no object.
    """
    return typed(json.loads(text), dict[str, Any], what=what)


def parents_from_json(text: str, *, known: Container[int]) -> tuple[int, ...]:
    """The parents in the row of a candidate.

    Args:
        text: The column ``parents``.
        known: Numbers of the candidates before it, of which some are its parents.

    Raises:
        ValueError: The text is not valid JSON, or has no such numbers.
    """
    parents = typed(json.loads(text), list[int], what="parents")
    for parent in parents:
        if parent not in known:
            raise ValueError(
                f"parents: expected numbers of earlier candidates, got {shown(parent)}"
            )
    return tuple(parents)


def require_documents(row: sqlite3.Row, *, known: set[int]) -> None:
    """Refuse a row of any table whose JSON is not what the column is for.

    Args:
        row: The row.
        known: Numbers of the candidates before it; gets that of a candidate.

    Raises:
        KeyError: A field of a score record is missing.
        ValueError: A column is not valid JSON, or a value is of another type.
    """
    columns = row.keys()
    if "parents" in columns:
        parents_from_json(row["parents"], known=known)
        known.add(row["number"])
    if "record" in columns:
        record_from_json(row["record"])
    for name in ("diff", "details"):
        if name in columns and row[name] is not None:
            object_from_json(row[name], what=name)


def record_from_json(text: str | None) -> ScoreRecord | None:
    """The score record of :func:`record_to_json`; None stays None.

    Raises:
        KeyError: A field is missing.
        ValueError: The text is not valid JSON, or a field is of another type.
    """
    if text is None:
        return None
    return _typed_record(ScoreRecord.from_dict(json.loads(text)))


def _typed_record(record: ScoreRecord) -> ScoreRecord:
    for part in record.by_task.values():
        _typed_record(part)
    missing = [name for name in typed_fields(record).criteria if name not in record.metrics]
    if missing:
        raise ValueError(f"metrics: expected the criterion {cut(missing[0])}, got none")
    return record


def record_to_json(record: ScoreRecord) -> str:
    """A score record as JSON text."""
    return json.dumps(record.to_dict(), allow_nan=False)
