"""Making, opening and locking run folders."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from codesign import config
from codesign.config import Settings
from codesign.errors import WRONG_INPUT, RunError, RunLockedError, UsageError
from codesign.store.atomic import new_folder
from codesign.store.database import Database
from codesign.store.event import utc_now
from codesign.store.founder import Founder
from morph_ops._messages import one_line, reason
from morph_ops.io import json_file as jsonio

DATABASE = "run.sqlite"
SETTINGS = "settings.toml"
DESIGNS = "designs"
START = "start"
VARIANTS = "variants.json"
LOG = "log.txt"
LOCK = "run.lock"


class RunFolder:
    """A run on disk. As a context manager it holds the run's lock: one process works on it.

    Attributes:
        path: of the folder.
        settings: of the run.
    """

    def __init__(self, path: Path) -> None:
        """Open a run folder.

        Raises:
            UsageError: ``path`` is no run folder, or its settings cannot be read.
        """
        if not self.is_one(path):
            raise UsageError(f"{path} is no run folder: expected {DATABASE} and {SETTINGS} in it")
        self.path = path
        try:
            self.settings: Settings = config.build(config.read(path / SETTINGS))
        except WRONG_INPUT as error:
            raise UsageError(f"the run {path} has damaged settings: {one_line(error)}") from None
        self._lock: sqlite3.Connection | None = None

    @staticmethod
    def is_one(path: Path) -> bool:
        """Whether ``path`` is a run folder."""
        return (path / DATABASE).is_file() and (path / SETTINGS).is_file()

    @classmethod
    def create(cls, path: Path, settings: Settings, *, start: Sequence[Founder] = ()) -> RunFolder:
        """Make a run folder, whole or not at all.

        Args:
            path: of the folder; it must not exist, or be empty.
            settings: of the run.
            start: bodies that the run starts from; they are kept, since it may be gone on
                with when the folder that they came from is gone.

        Raises:
            UsageError: ``path`` is taken, or cannot be made.
        """
        with new_folder(path) as draft:
            Database.create(draft / DATABASE)
            (draft / SETTINGS).write_text(config.to_toml(settings), "utf-8")
            (draft / DESIGNS).mkdir()
            if start:
                (draft / START).mkdir()
                variants = json.dumps([founder.variant for founder in start])
                (draft / START / VARIANTS).write_text(variants + "\n", "utf-8")
            for number, founder in enumerate(start):
                jsonio.write_json(founder.graph, draft / START / f"{number:05d}.json")
            (draft / LOG).touch()
        return cls(path)

    @property
    def designs(self) -> Path:
        """Folder of the best designs."""
        return self.path / DESIGNS

    def start(self) -> list[Founder]:
        """Bodies that the run starts from; none where it samples them.

        Raises:
            BodyError: one of them is damaged.
            UsageError: what is kept of their variants is.
        """
        graphs = [jsonio.read_json(file) for file in sorted((self.path / START).glob("[0-9]*"))]
        kept = self.path / START / VARIANTS
        if not kept.exists():  # of before bodies carried variants
            return [Founder(graph) for graph in graphs]
        try:
            variants = map(int, json.loads(kept.read_text("utf-8")))
            return [Founder(*pair) for pair in zip(graphs, variants, strict=True)]
        except (TypeError, ValueError, OSError) as error:
            raise UsageError(f"{kept} is damaged: {one_line(error)}") from None

    @property
    def locked(self) -> bool:
        """Whether a process works on this run."""
        try:
            with self:
                return False
        except RunLockedError:
            return True
        except UsageError:  # where nobody can lock it, nobody works on it
            return False

    def database(self, *, read_only: bool = False) -> Database:
        """The run's database, opened."""
        return Database(self.path / DATABASE, read_only=read_only)

    def log(self, message: str) -> None:
        """Add a line to the run's log.

        Raises:
            RunError: it cannot be written; nothing is lost.
        """
        path = self.path / LOG
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{utc_now()} {message}\n")
        except OSError as error:
            raise RunError(f"cannot write to {path}: {reason(error)}") from None

    def __enter__(self) -> RunFolder:
        # A lock of SQLite's is held by the open connection alone: it goes with the process,
        # however that ends, and works on every system that SQLite works on.
        connection = None
        try:
            connection = sqlite3.connect(self.path / LOCK, timeout=0.0, isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if connection is not None:
                connection.close()
            if "locked" not in str(error):
                raise UsageError(f"cannot lock the run {self.path}: {error}") from None
            raise RunLockedError(f"another process works on the run {self.path}") from None
        self._lock = connection
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def free_path(parent: Path, *, name: str, seed: int) -> Path:
    """A folder below ``parent`` for a new run: date, name and seed, numbered if taken."""
    stem = f"{date.today().isoformat()}-{name}-{seed}"
    path, attempt = parent / stem, 1
    while path.exists():
        attempt += 1
        path = parent / f"{stem}-{attempt}"
    return path


def find_runs(parent: Path) -> list[Path]:
    """Run folders directly below ``parent``, by name; hidden ones were never finished."""
    found = parent.iterdir() if parent.is_dir() else ()
    return sorted(p for p in found if RunFolder.is_one(p) and not p.name.startswith("."))
