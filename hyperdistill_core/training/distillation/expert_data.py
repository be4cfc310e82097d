"""Expert data: states that bodies came through, each with what the teacher would do there.

On disk a folder of three files: ``states.f16`` and ``means.f16``, memory-mapped, hold one row
a limb of every transition, ``index.jsonl`` one line a segment: the body (as JSON), where
its rows begin, and how many transitions they are. Behind a state stands how many control steps
its episode had run, for those who hear a clock. Segments are only ever appended, so data
of later rounds (DAgger) joins that of earlier ones, and a collection that was interrupted
goes on where the last whole segment ended.
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

STORED = np.dtype("<f2")
VERSION = 2
_ROW = STATE_DIM + 1
#: Up to here half precision knows every whole number.
_LARGEST_COUNT = 2048


#: States (k, n, 17), control steps since their episodes began (k,), and means (k, n, 2).
Transitions: TypeAlias = tuple[NDArray[np.float16], NDArray[np.int64], NDArray[np.float16]]


@dataclass(frozen=True)
class Segment:
    """Transitions of one body from one round.

    Attributes:
        body: number of the body in the pool.
        round: 0 where the teacher acted, from 1 on where the student did.
        teacher: number of the teacher that labelled it.
        graph: the body.
        first: its first row in the files.
        n_bodies: rows a transition.
        transitions: how many.
    """

    body: int
    round: int
    graph: nx.DiGraph[str]
    first: int
    n_bodies: int
    transitions: int
    teacher: int = 0

    @property
    def rows(self) -> int:
        """Rows in the files."""
        return self.n_bodies * self.transitions


class ExpertData:
    """Expert data in a folder, to read and to append to.

    Raises:
        CheckpointError: the index is of another format.
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
            version = entry.pop("version", 1)
            if version != VERSION:
                raise ValueError(f"expected version {VERSION}, got {version}")
            graph = from_json(json.dumps(entry.pop("graph")))
            segment = Segment(graph=graph, **entry)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{self._index}: not an index of expert data ({error})") from None
        self.segments.append(segment)
        self._rows = segment.first + segment.rows

    @property
    def transitions(self) -> int:
        """Transitions in all."""
        return sum(segment.transitions for segment in self.segments)

    def has(self, body: int, round_: int) -> bool:
        """Whether the body's data of a round is there."""
        return any(s.body == body and s.round == round_ for s in self.segments)

    def require_of(self, graphs: Sequence[nx.DiGraph[str]]) -> None:
        """Refuse a pool of other bodies than those under whose numbers the data is kept.

        Raises:
            TrainingError: a body is another one, or there is none of its number.
        """
        for segment in self.segments:
            known = segment.body < len(graphs)
            if not known or not is_same(segment.graph, graphs[segment.body]):
                raise TrainingError(
                    f"{self._folder} has data of another pool: its body {segment.body} is not that"
                    " of this one; name the pool that it was collected on, or another folder"
                )

    def require_made_by(self, *, task: str, teachers: Sequence[str]) -> None:
        """Refuse data of another task or of other teachers; new data is that of these.

        Raises:
            TrainingError: the data was collected otherwise.
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
                    f"{self._folder} was collected with {what} {before[what]}, got {value}: give "
                    "what it was collected with, teachers in the same order, or another folder"
                )

    def teacher_of(self, body: int) -> int:
        """The teacher that labelled the body's first segment; 0 where it has none."""
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
        """Add a segment.

        Args:
            graph: the body.
            body: its number in the pool.
            round_: the round.
            teacher: number of the teacher that says so.
            states: (transitions, n, 17) raw states.
            elapsed: (transitions,) control steps since the episode began, 2,048 at most.
            means: (transitions, n, 2) the teacher's action means.

        Raises:
            ValueError: an episode is longer than can be kept.
        """
        if elapsed.max() > _LARGEST_COUNT:
            raise ValueError(
                f"elapsed: expected {_LARGEST_COUNT} control steps at most, got {elapsed.max()}"
            )
        transitions, n_bodies = states.shape[:2]
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
            "n_bodies": n_bodies,
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
            # Rows behind the last whole segment are of one that was interrupted.
            file.seek(self._rows * rows.shape[1] * STORED.itemsize)
            file.write(np.clip(rows, -6e4, 6e4).astype(STORED).tobytes())
            file.truncate()

    def reader(self) -> Reader:
        """What reads the segments that there are now."""
        return Reader(self._mapped("states.f16", _ROW), self._mapped("means.f16", SLOTS_PER_NODE))

    def _mapped(self, name: str, width: int) -> NDArray[np.float16]:
        # Rows behind the last whole segment may be cut off anywhere.
        shape = (self._rows, width)
        return np.memmap(self._folder / name, STORED, "r", shape=shape)


@dataclass(frozen=True)
class Reader:
    """Reads segments, mapped.

    Attributes:
        states: (rows, 18) of all segments, the control steps last.
        means: (rows, 2) likewise.
    """

    states: NDArray[np.float16]
    means: NDArray[np.float16]

    def __call__(
        self, segment: Segment, at: slice | NDArray[np.integer] = slice(None)
    ) -> Transitions:
        """Transitions of a segment.

        Args:
            segment: which.
            at: which of its transitions; all by default.
        """
        rows = slice(segment.first, segment.first + segment.rows)
        shape = (segment.transitions, segment.n_bodies, -1)
        both = self.states[rows].reshape(shape)[at]
        # Whole numbers again: half precision cannot tell their times apart.
        elapsed = both[:, 0, STATE_DIM].astype(np.int64)
        return both[..., :STATE_DIM], elapsed, self.means[rows].reshape(shape)[at]
