"""Making, opening and locking run folders."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from codesign import config
from codesign.config import Settings
from codesign.config.trust import require_word, trusted_words
from codesign.errors import WRONG_INPUT, RunError, RunLockedError, UsageError
from codesign.store import own_run, schema
from codesign.store.atomic import new_folder
from codesign.store.candidate import Candidate
from codesign.store.database import Database
from codesign.store.event import utc_now
from codesign.store.founder import Founder
from hyperdistill_core.errors import CheckpointError
from morph_ops._messages import one_line, reason
from morph_ops._text_file import is_file, is_folder, read_text
from morph_ops.errors import MjcfError
from morph_ops.io import json_file

if TYPE_CHECKING:
    from hyperdistill_core.nets.mlp import BodyMLP

DATABASE = "run.sqlite"
SETTINGS = "settings.toml"
DESIGNS = "designs"
START = "start"
SCENES = "scenes"
CONTROLLERS = "controllers"
NETWORKS = "networks"
LEARNING = "learning"
VARIANTS = "variants.json"
LOG = "log.txt"
LOCK = "run.lock"
#: Time to wait for the lock (s): :attr:`RunFolder.locked` of another process holds it for a moment.
LOCK_WAIT_S = 0.2


class RunFolder:
    """The folder of a run.

    As a context manager it holds the lock of the run, so that one process at a time works on
    it. The operating system releases the lock when the process ends, however it ends.

    Args:
        path: The folder.

    Raises:
        UsageError: ``path`` is not a run folder.
        UsageError: A link in the folder leads out of it, or it holds a pipe or a device.
        UsageError: The run is of another version of codesign, or its settings are damaged.

    Attributes:
        path: The folder.
        settings: The settings of the run.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = RunFolder.create(Path(parent) / "run", Settings(population=4))
        ...     with run.database(read_only=True) as database:
        ...         print(run.settings.population, len(database), run.locked)
        4 0 False
    """

    def __init__(self, path: Path) -> None:
        if not self.is_run(path):
            raise UsageError(
                f"{path} is not a run folder: expected {DATABASE} and {SETTINGS} in it"
            )
        _require_inside(path)
        self.path = path
        try:
            self.settings: Settings = config.Settings.from_dict(config.read_toml(path / SETTINGS))
        except WRONG_INPUT as error:
            # Settings of another version may have other names: then its schema number is the error.
            schema.connect(path / DATABASE, read_only=True).close()
            raise UsageError(f"the run {path} has damaged settings: {one_line(error)}") from None
        _keep_scenes(self.settings.task_names, path / SCENES)
        self._lock = FileLock(path / LOCK, timeout=LOCK_WAIT_S, thread_local=False)

    @staticmethod
    def is_run(path: Path) -> bool:
        """Whether ``path`` is a run folder."""
        return is_file(path / DATABASE) and is_file(path / SETTINGS)

    @classmethod
    def create(cls, path: Path, settings: Settings, *, start: Sequence[Founder] = ()) -> RunFolder:
        """Make a run folder, complete or not at all.

        Args:
            path: The folder to make. It must not exist, or be empty.
            settings: The settings of the run.
            start: The bodies that the run starts from. The folder gets copies, because a run
                may be resumed when their files are gone.

        Raises:
            UsageError: ``path`` is not empty, or cannot be made.
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
                json_file.write_json(founder.graph, draft / START / f"{number:05d}.json")
            _copy_scenes(settings.task_names, draft / SCENES)
            (draft / LOG).touch()
            own_run.mark(draft, trusted_words(settings))
        return cls(path)

    def require_trusted(self, changed: Settings, changes: Collection[str]) -> None:
        """Refuse a run of somebody else that names what runs code or talks to other machines.

        Args:
            changed: The settings that the run will go on with.
            changes: Names of the settings in them that the user gave.

        Raises:
            UsageError: The settings name such a thing, and another user started the run, or the
                settings were edited.
        """
        if own_run.started_by_user(self.path, trusted_words(self.settings)):
            return
        words = trusted_words(changed)
        own = [word for word in words if word.partition(" = ")[0] in changes]
        where = f"the run {self.path}, which another user started or edited,"
        require_word(words, own=own, where=where)

    @property
    def designs(self) -> Path:
        """The folder of the best designs."""
        return self.path / DESIGNS

    def adapted_controller(self, adaptation: int) -> Path:
        """The file of the controller that an adaptation made.

        Args:
            adaptation: Number of the adaptation, from 1.
        """
        return self.path / CONTROLLERS / f"adapted-{adaptation:03d}.safetensors"

    def controller_of(self, candidate: Candidate) -> str:
        """Name or file of the controller of a candidate's final score.

        Args:
            candidate: The scored candidate.
        """
        adaptation = candidate.rescored_in or candidate.adaptation
        return str(self.adapted_controller(adaptation)) if adaptation else self.settings.controller

    @property
    def learning(self) -> Path:
        """The folder of what learns right now, from which an interrupted process goes on."""
        return self.path / LEARNING

    @property
    def networks(self) -> Path:
        """The folder of the networks of finalists that were fine-tuned."""
        return self.path / NETWORKS

    def network(self, candidate: Candidate) -> Path:
        """The file of the network that a finalist has after fine-tuning.

        Args:
            candidate: The finalist.
        """
        return self.networks / f"{candidate.name}.npz"

    def stored_network(self, candidate: Candidate) -> BodyMLP:
        """The network in the file of a finalist.

        Args:
            candidate: The finalist.

        Raises:
            UsageError: The file is missing or damaged.
        """
        from hyperdistill_core.controller.network_file import load_network

        path = self.network(candidate)
        try:
            return load_network(path)
        except CheckpointError as error:
            raise UsageError(f"the network of {candidate.name}: {one_line(error)}") from None

    def own_network(self, candidate: Candidate) -> BodyMLP | None:
        """The network that moves a candidate in its final score; None for a generated one.

        Args:
            candidate: The candidate.

        Raises:
            UsageError: The file of its network is missing or damaged.
        """
        return None if candidate.finetuned is None else self.stored_network(candidate)

    def start(self) -> list[Founder]:
        """The bodies that the run starts from; empty if it samples them.

        Raises:
            BodyError: The file of a body is damaged.
            UsageError: The file of their variants is damaged.
        """
        graphs = [json_file.read_json(file) for file in sorted((self.path / START).glob("[0-9]*"))]
        if not graphs:
            return []
        file = self.path / START / VARIANTS
        try:
            variants = map(int, json_file.parse_json(read_text(file)))
            return [Founder(*pair) for pair in zip(graphs, variants, strict=True)]
        except (ArithmeticError, TypeError, ValueError) as error:
            raise UsageError(f"{file} is damaged: {one_line(error)}") from None

    @property
    def locked(self) -> bool:
        """Whether a process works on this run, which may be this one."""
        if self._lock.is_locked:
            return True
        if not (self.path / LOCK).exists():
            return False
        try:
            with self._lock.acquire(timeout=0.0):
                return False
        except Timeout:
            return True
        except OSError:  # no permission to write: no process of this user works on the run
            return False

    def database(self, *, read_only: bool = False) -> Database:
        """Open the database of the run.

        Args:
            read_only: Whether to open it for reading alone.

        Raises:
            UsageError: The file is not a database, or has another schema version.
        """
        return Database(self.path / DATABASE, read_only=read_only)

    def log(self, message: str) -> None:
        """Add a line to the log of the run.

        Args:
            message: The line; the time is added.

        Raises:
            RunError: The log cannot be written.
        """
        path = self.path / LOG
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{utc_now()} {message}\n")
        except OSError as error:
            raise RunError(f"cannot write to {path}: {reason(error)}") from None

    def __enter__(self) -> RunFolder:
        """Take the lock of the run.

        Raises:
            RunLockedError: Another process works on the run.
            RunError: The lock cannot be written, as in a read-only folder.
        """
        try:
            self._lock.acquire(poll_interval=LOCK_WAIT_S / 4)
        except Timeout:
            raise RunLockedError(f"another process works on the run {self.path}") from None
        except OSError as error:
            raise RunError(f"cannot write to {self.path / LOCK}: {reason(error)}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


@contextmanager
def new_path(parent: Path, *, name: str, seed: int) -> Generator[Path]:
    """A path for a new run that no other process takes: date, name and seed, and a number.

    It is an empty folder, which goes when the ``with`` block leaves it empty, and so do the folders
    above it that were made for it.

    Args:
        parent: The folder of the new run folder.
        name: Name of the campaign.
        seed: Seed of the campaign.

    Yields:
        The path.

    Raises:
        UsageError: The folder cannot be made.

    Examples:
        >>> import re, tempfile
        >>> with tempfile.TemporaryDirectory() as runs:
        ...     with new_path(Path(runs), name="quickstart", seed=3) as path:
        ...         print(re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "DATE", path.name))
        ...     path.exists()
        DATE-quickstart-3
        False
    """
    stem = f"{date.today().isoformat()}-{name}-{seed}"
    path, attempt = parent / stem, 1
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            with suppress(FileExistsError):
                path.mkdir()
                break
            attempt += 1
            path = parent / f"{stem}-{attempt}"
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {path}: {reason(error)}; choose another folder with --out"
        ) from None
    try:
        yield path
    finally:
        with suppress(OSError):
            for folder in (path, *made):
                folder.rmdir()


def find_runs(parent: Path) -> list[Path]:
    """Run folders in a folder, by name. Hidden ones are incomplete and left out.

    Args:
        parent: The folder; it may be missing.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     _ = RunFolder.create(Path(parent) / "walk", Settings())
        ...     [run.name for run in find_runs(Path(parent))]
        ['walk']
    """
    found = parent.iterdir() if parent.is_dir() else ()
    return sorted(p for p in found if RunFolder.is_run(p) and not p.name.startswith("."))


def _scene_files(tasks: Sequence[str], folder: Path) -> dict[str, Path]:
    """Files of the copies of scenes in a run folder, by name of the task."""
    parts = {name: name.rpartition("#") for name in tasks if ".xml#" in name.lower()}
    return {name: folder / number / Path(file).name for name, (file, _, number) in parts.items()}


def _copy_scenes(tasks: Sequence[str], folder: Path) -> None:
    """Write copies of scenes into a run folder, so that it is complete anywhere."""
    for name, file in _scene_files(tasks, folder).items():
        from hyperdistill_core.tasks import write_scene
        from hyperdistill_core.tasks.scene import scene_task

        write_scene(scene_task(name), file)


def _keep_scenes(tasks: Sequence[str], folder: Path) -> None:
    """Keep the scenes of a run folder where their names find them, if they are not there yet.

    A copy that is damaged is none; whoever needs the scene says so.
    """
    for name, file in _scene_files(tasks, folder).items():
        from hyperdistill_core.tasks import pinned_task
        from hyperdistill_core.tasks.scene import stored_scene

        if not stored_scene(name).is_file():
            with suppress(MjcfError):
                pinned_task(str(file))


def _require_inside(run: Path) -> None:
    """Refuse a run of somebody else that would read or write files elsewhere, or never end.

    Raises:
        UsageError: A link in the folder leads out of it.
        UsageError: It holds a pipe or a device.
    """
    folder = os.path.realpath(run)
    for entry in run.rglob("*"):
        real = Path(os.path.realpath(entry))
        what = ""
        if entry.is_symlink() and not real.is_relative_to(folder):
            what = "a link out of the folder"
        elif os.path.exists(real) and not is_file(real) and not is_folder(real):
            what = "a pipe or a device"
        if what:
            raise UsageError(
                f"the run {run}: expected files of its own, got {entry.relative_to(run)}, {what}; "
                "put the file itself in its place"
            )
