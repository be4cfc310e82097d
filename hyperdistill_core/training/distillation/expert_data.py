"""Expert data: states of bodies, each with the action means of a teacher.

Expert data is a folder of three files. ``states.f16`` and ``means.f16`` are memory-mapped and hold
one row for each node of every transition; a row of states ends with the number of control steps
since the beginning of the episode, for networks with a clock phase input. ``index.jsonl`` holds
one line for each segment: the body as JSON, its first row, and its number of transitions.

Segments are only ever appended. So the data of later rounds of DAgger joins that of earlier ones,
and an interrupted collection goes on after the last whole segment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.errors import CheckpointError, TrainingError
from hyperdistill_core.features import STATE_DIM
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from morph_ops._text_file import read_text, write_text
from morph_ops.identity import is_same
from morph_ops.io.json_file import from_json, to_json

#: Type of the stored numbers: half precision, the least significant byte first.
STORED = np.dtype("<f2")
#: Version of the index; data of other versions is refused.
VERSION = 3
_ROW = STATE_DIM + 1
#: Half precision represents all integers up to this one.
_LARGEST_COUNT = 2048
#: States (k, n, 17), control steps since their episodes began (k,), and means (k, n, 2).
Transitions: TypeAlias = tuple[NDArray[np.float16], NDArray[np.int64], NDArray[np.float16]]


@dataclass(frozen=True)
class Segment:
    """Transitions of one body from one round.

    Attributes:
        body: Number of the body in the training set.
        round: Number of the round: 0 where the teacher acted, from 1 on where the student acted.
        graph: The body.
        first: First row in the files.
        n_nodes: Number of rows of a transition.
        transitions: Number of transitions.
        teacher: Number of the teacher that labeled the states.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> Segment(
        ...     body=0, round=0, graph=body, first=0, n_nodes=len(body), transitions=3
        ... ).rows == 3 * len(body)
        True
    """

    body: int
    round: int
    graph: nx.DiGraph[str]
    first: int
    n_nodes: int
    transitions: int
    teacher: int = 0

    @property
    def rows(self) -> int:
        """Number of rows in the files."""
        return self.n_nodes * self.transitions


class ExpertData:
    """Expert data in a folder, to read and to append to.

    Invariants:
        The index names only segments whose rows are whole.
        A segment never changes.

    Args:
        folder: The folder; it is created with the first segment.

    Attributes:
        segments: All segments, oldest first.

    Raises:
        CheckpointError: The index has another format.

    Examples:
        >>> from tempfile import mkdtemp
        >>> data = ExpertData(Path(mkdtemp()) / "data")
        >>> data.transitions
        0
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "index.jsonl"
        self.segments: list[Segment] = []
        self._rows = 0
        if self._index.exists():
            whole, end, cut_short = self._index.read_text(encoding="utf-8").rpartition("\n")
            if cut_short:
                self._index.write_text(whole + end, encoding="utf-8")
            for line in whole.splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
            version = entry.pop("version", None)
            if version != VERSION:
                raise ValueError(f"expected version {VERSION}, got {version}")
            graph = from_json(json.dumps(entry.pop("graph")))
            segment = Segment(graph=graph, **entry)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self._index}: expected an index of expert data, got an error ({error})"
            ) from None
        self.segments.append(segment)
        self._rows = segment.first + segment.rows

    @property
    def transitions(self) -> int:
        """Number of transitions in all segments."""
        return sum(segment.transitions for segment in self.segments)

    def has(self, body: int, round_: int) -> bool:
        """Whether there is a segment of a body and round.

        Args:
            body: Number of the body.
            round_: Number of the round.
        """
        return any(s.body == body and s.round == round_ for s in self.segments)

    def require_of(self, graphs: Sequence[nx.DiGraph[str]]) -> None:
        """Refuse bodies other than those that the data was collected on.

        Args:
            graphs: Bodies of the training set.

        Raises:
            TrainingError: A body of the data differs from the body with its number.
        """
        for segment in self.segments:
            known = segment.body < len(graphs)
            if not known or not is_same(segment.graph, graphs[segment.body]):
                raise TrainingError(
                    f"{self._folder} has data of another training set: its body {segment.body} "
                    "differs; name the training set that it was collected on, or another folder"
                )

    def require_made_by(self, *, task: str, teachers: Sequence[str]) -> None:
        """Refuse data of another task or of other teachers; empty data accepts any.

        Args:
            task: Name of the task.
            teachers: Identities of the teachers, in order.

        Raises:
            TrainingError: The data was collected on another task or with other teachers.
        """
        now = {"task": task, "teachers": list(teachers)}
        file = self._folder / "made_by.json"
        if not self.segments:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_text(file, json.dumps(now, indent=2) + "\n")
        before = json.loads(read_text(file, error=TrainingError))
        for what, value in now.items():
            if before[what] != value:
                raise TrainingError(
                    f"{what}: expected {before[what]} as in {self._folder}, got {value}; give the "
                    "same teachers in the same order and the same task, or another folder"
                )

    def teacher_of(self, body: int) -> int:
        """Number of the teacher that labeled a body's first segment; 0 without one.

        Args:
            body: Number of the body.
        """
        return next((s.teacher for s in self.segments if s.body == body), 0)

    def append(
        self,
        graph: nx.DiGraph[str],
        *,
        body: int,
        round_: int,
        teacher: int = 0,
        states: NDArray[np.floating],
        elapsed: NDArray[np.integer],
        means: NDArray[np.floating],
    ) -> None:
        """Append a segment.

        Args:
            graph: The body.
            body: Number of the body in the training set.
            round_: Number of the round.
            teacher: Number of the teacher that labeled the states.
            states: (transitions, n, 17) states.
            elapsed: (transitions,) control steps since the beginning of the episode, at most
                2,048.
            means: (transitions, n, 2) action means of the teacher.

        Raises:
            ValueError: An episode is too long.
        """
        if elapsed.max() > _LARGEST_COUNT:
            raise ValueError(
                f"elapsed: expected at most {_LARGEST_COUNT} control steps, got {elapsed.max()}"
            )
        transitions, n_nodes = states.shape[:2]
        self._folder.mkdir(parents=True, exist_ok=True)
        steps = np.broadcast_to(elapsed[:, None, None], (*states.shape[:2], 1)).astype(float)
        self._write("states.f16", np.concatenate([states, steps], axis=2).reshape(-1, _ROW))
        self._write("means.f16", means.reshape(-1, SLOTS_PER_NODE))
        entry = {
            "version": VERSION,
            "body": body,
            "round": round_,
            "teacher": teacher,
            "first": self._rows,
            "n_nodes": n_nodes,
            "transitions": transitions,
            "graph": json.loads(to_json(graph)),
        }
        line = json.dumps(entry, separators=(",", ":"))
        with self._index.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._take(line)

    def _write(self, name: str, rows: NDArray[np.floating]) -> None:
        path = self._folder / name
        mode = "r+b" if path.exists() else "w+b"
        with path.open(mode) as file:
            # Rows after the last whole segment belong to an interrupted one: overwrite them.
            file.seek(self._rows * rows.shape[1] * STORED.itemsize)
            file.write(np.clip(rows, -6e4, 6e4).astype(STORED).tobytes())
            file.truncate()

    def reader(self) -> SegmentReader:
        """A reader of the present segments."""
        return SegmentReader(
            self._mapped("states.f16", _ROW), self._mapped("means.f16", SLOTS_PER_NODE)
        )

    def _mapped(self, name: str, width: int) -> NDArray[np.float16]:
        # Rows after the last whole segment may be incomplete.
        shape = (self._rows, width)
        return np.memmap(self._folder / name, STORED, "r", shape=shape)


@dataclass(frozen=True)
class SegmentReader:
    """Reads segments from memory-mapped files.

    Attributes:
        states: (rows, 18) states of all segments; the last column counts control steps.
        means: (rows, 2) action means of all segments.
    """

    states: NDArray[np.float16]
    means: NDArray[np.float16]

    def __call__(
        self, segment: Segment, at: slice | NDArray[np.integer] = slice(None)
    ) -> Transitions:
        """Transitions of a segment.

        Args:
            segment: The segment.
            at: Numbers of its transitions; all by default.
        """
        rows = slice(segment.first, segment.first + segment.rows)
        shape = (segment.transitions, segment.n_nodes, -1)
        rows_of = self.states[rows].reshape(shape)[at]
        # Half precision is exact for the counts, but not for the times.
        elapsed = rows_of[:, 0, STATE_DIM].astype(np.int64)
        return rows_of[..., :STATE_DIM], elapsed, self.means[rows].reshape(shape)[at]
