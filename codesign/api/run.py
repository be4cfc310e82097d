"""A run: what a campaign left in its run folder, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx

from codesign.api.arguments import require_arguments_at_least
from codesign.campaign import missing_finetunings, missing_reevaluations
from codesign.config import Settings, usable_cores
from codesign.errors import UsageError
from codesign.exporting import (
    DESIGN_FORMATS,
    HISTORY_FORMATS,
    NETWORK_FORMATS,
    USUAL_FORMATS,
    Design,
    FineTuning,
    PrintSettings,
    export_run,
    phylogeny,
    require_task,
    scored_task,
)
from codesign.exporting.history import table
from codesign.interrupts import deferred_interrupts
from codesign.scoring import load_controller
from codesign.store import Candidate, Database, Event, RunFolder
from codesign.store.folder import DATABASE
from codesign.store.query import QueryResult, run_query
from morph_ops._registry import is_plugin, require_name

if TYPE_CHECKING:
    import pandas  # pyright: ignore[reportMissingTypeStubs]  it ships none

    from hyperdistill_core.nets.mlp import BodyMLP

#: Columns of the table ``candidates`` that hold whole JSON documents.
_DOCUMENTS = ("graph", "record")
#: Kinds of events that a process writes at the start and at the end of its work.
_PROCESS_EVENTS = ("started", "resumed", "interrupted", "stopped", "failed", "finished")


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """How far a run is.

    Attributes:
        state: "finished"; "running", if a process works on it now; "stopped", if its time limit
            ended it; "failed", if an error did; or "interrupted".
        scored: Number of scored candidates.
        total: Number of candidates of the whole run, as far as it is known.
        counts: Number of candidates by status, and of duplicates as ``"duplicate"``.
        missing_reevaluations: Number of finalists that still need a re-evaluation; 0 until all
            candidates are scored.
        missing_finetunings: Number of finalists whose networks have not learned yet, in the same
            way.
        early_stop: Why the run ends before its last generation; None if it does not.
        message: What its last process wrote last.
    """

    state: str
    scored: int
    total: int
    counts: dict[str, int]
    missing_reevaluations: int
    missing_finetunings: int
    early_stop: str | None
    message: str


class Run:
    """A run on disk, for reading; also while another process works on it.

    Args:
        path: Run folder.
        stopped: Why the search ended early, if this process ran it.

    Raises:
        UsageError: ``path`` is not a run folder, or its settings cannot be read.

    Examples:
        >>> import tempfile
        >>> import codesign
        >>> settings = codesign.Settings(
        ...     population=4, generations=1, episodes=1, in_flight=2, reevaluation_episodes=0,
        ...     workers=0, controller="flat-v0",
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = codesign.evolve(settings, out=f"{folder}/first")
        ...     run.status.state, len(run.candidates())
        ...     sorted(run.phylogeny().nodes)[:3]
        ...     run.query("SELECT count(*) FROM candidates WHERE generation = 0").rows
        ('finished', 8)
        [0, 1, 2]
        [(4,)]
    """

    def __init__(self, path: str | Path, *, stopped: str | None = None) -> None:
        self._folder = RunFolder(Path(path))
        self._stopped = stopped

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __len__(self) -> int:
        """Number of scored candidates."""
        with self.database() as database:
            return len(database)

    @property
    def path(self) -> Path:
        """Run folder."""
        return self._folder.path

    @property
    def settings(self) -> Settings:
        """Settings of the campaign."""
        return self._folder.settings

    def controller_of(self, candidate: Candidate) -> str:
        """Name or file of the controller of a candidate's score, which may have been adapted.

        Args:
            candidate: A scored candidate of this run.
        """
        return self._folder.controller_of(candidate)

    def own_network(self, candidate: Candidate) -> BodyMLP | None:
        """The network that moves a candidate, if it learned on that body at the end of the run.

        Args:
            candidate: A scored candidate of this run.

        Returns:
            The network; None for a candidate whose controller generates it.

        Raises:
            UsageError: The file of the network cannot be read.
        """
        return self._folder.own_network(candidate)

    @property
    def stopped(self) -> str | None:
        """Why the search ended early, if this process ran it; None if it did not."""
        return self._stopped

    @property
    def designs(self) -> Path:
        """Folder of the best designs, which the run wrote at its end."""
        return self._folder.designs

    @property
    def status(self) -> RunStatus:
        """How far the run is, at this moment."""
        with self.database() as database:
            scored, total = len(database), database.total(self.settings)
            early_stop = database.early_stop()
            complete = scored == total
            waiting = len(missing_reevaluations(database, self.settings)) if complete else 0
            learning = len(missing_finetunings(database, self.settings)) if complete else 0
            events = database.events(*_PROCESS_EVENTS)
            last = events[-1] if events else None
            return RunStatus(
                state=self._state(last, done=complete and not waiting and not learning),
                scored=scored,
                total=total,
                counts=database.counts(),
                missing_reevaluations=waiting,
                missing_finetunings=learning,
                early_stop=early_stop[1] if early_stop else None,
                message=last.message if last else "",
            )

    def _state(self, last: Event | None, *, done: bool) -> str:
        if done:
            return "finished"
        if self._folder.locked:
            return "running"
        # A process that was killed could not write how it ended.
        return last.kind if last and last.kind in ("stopped", "failed") else "interrupted"

    def differs_from(self, controller: str | Path) -> str | None:
        """How the designs of this run were moved, if not by a controller as it is.

        Args:
            controller: Name or file of the controller.

        Returns:
            A sentence, such as "runs/first scored its designs with another controller:
            runs/first/controllers/adapted-002.safetensors"; None where nothing differs.
        """
        best = self.best()
        if not best:
            return None
        own = self.controller_of(best[0])
        parts: list[str] = []
        if best[0].final.controller_hash != load_controller(controller).hash:
            parts.append(f"scored its designs with another controller: {own}")
        if any(candidate.finetuned for candidate in best):
            parts.append(
                "moved its best designs by networks that learned on, of which this uses none"
            )
        return f"{self.path} {', and '.join(parts)}" if parts else None

    def database(self) -> Database:
        """The run's database, opened for reading; use it as a context manager."""
        return self._folder.database(read_only=True)

    def best(self, count: int | None = None) -> list[Candidate]:
        """The best distinct bodies, best first.

        Finalists come first, by the score of their re-evaluation. A run with several objectives
        gives bodies from all along its Pareto front.

        Args:
            count: Number of bodies, at least 1; the setting ``top`` by default.

        Raises:
            UsageError: ``count`` is below 1.
        """
        require_arguments_at_least(1, count=count)
        with self.database() as database:
            return database.best(self.settings.top if count is None else count)

    def candidate(self, number: int) -> Candidate:
        """The candidate with a number: its body as ``graph``, its score record as ``record``.

        Raises:
            UsageError: There is no candidate of this number.
        """
        with self.database() as database:
            return database.candidate(number)

    def candidates(self) -> pandas.DataFrame | list[dict[str, Any]]:
        """All scored candidates as a table, one row each, ordered by number.

        Its columns are those of the table ``candidates``, and each reward term, metric and the
        controller variant; bodies and whole records are left out: :meth:`candidate` gives them.

        Returns:
            A pandas data frame, or a list of dictionaries if pandas is not installed.
        """
        with self.database() as database:
            columns = {
                name: values
                for name, (_, values) in table(database, "candidates").items()
                if name not in _DOCUMENTS
            }
        columns["parents"] = [tuple(json.loads(text)) for text in columns["parents"]]
        if find_spec("pandas") is None:
            rows = zip(*columns.values(), strict=True)
            return [dict(zip(columns, row, strict=True)) for row in rows]
        import pandas  # pyright: ignore[reportMissingTypeStubs]

        return pandas.DataFrame(columns)

    def events(self, *kinds: str) -> list[Event]:
        """What happened in the run, in order: those of some kinds, or all."""
        with self.database() as database:
            return database.events(*kinds)

    def generations(self) -> list[tuple[int, int, float, float, int]]:
        """Number, simulated candidates, best and mean score of every generation.

        The last value is the number of the adaptation that the controller of these scores came
        from; 0 for the controller that the run was given.
        """
        with self.database() as database:
            return database.generations()

    def depths(self) -> dict[int, int]:
        """Generations of ancestors of every candidate, by number; 0 for starting bodies."""
        with self.database() as database:
            return database.depths()

    def phylogeny(self) -> nx.DiGraph[int]:
        """The family tree: an edge from every parent to its child.

        See :func:`codesign.exporting.phylogeny` for the attributes of its nodes.
        """
        return phylogeny(self.path)

    def query(self, sql: str, *, limit: int | None = None, seconds: float = 60.0) -> QueryResult:
        """The result of one SQL statement that only reads.

        Args:
            sql: The statement; docs/guides/runs.md describes tables and columns.
            limit: Maximum number of rows.
            seconds: Maximum time (s).

        Raises:
            UsageError: The statement is wrong, writes, or takes too long.
        """
        return run_query(self.path / DATABASE, sql, limit=limit, seconds=seconds)

    def export(
        self,
        out: str | Path,
        *,
        top: int | None = None,
        formats: Sequence[str] = USUAL_FORMATS,
        finetune: int = 0,
        task: str | None = None,
        blind: bool = False,
        workers: int | None = None,
        on_steps: Callable[[int, int, float], None] = lambda done, total, reward: None,
        printing: PrintSettings | None = None,
    ) -> list[Design]:
        """Write the best designs and the history for other programs.

        Designs of a run on other tasks than "flat" come with the world of their first episode on
        each of them.

        Args:
            out: Folder; it must not exist, or be empty.
            top: Number of designs; the setting ``top`` by default.
            formats: "mjcf", "json", "npz", "onnx", "c", "urdf", "print" and "assembly" of each
                design, and "csv", "parquet" and "phylogeny" of the history.
            finetune: Control steps of training of each design's own network before it is
                written; 0 for none.
            task: Name of the task of that training; by default the only one of the run.
            blind: Whether networks with height samples get flat ground folded in, so that they
                take none.
            workers: Number of worker processes of that training, one per core by default.
            on_steps: Called during the training with the control steps so far, their total, and
                the mean reward of a control step under action noise.
            printing: Settings of printable parts, which have defaults.

        Returns:
            The designs; those that were fine-tuned have their scores before and after.

        Raises:
            UsageError: The folder is taken, a format is unavailable, an option does not fit the
                formats, or the run's controller is missing.
        """
        check_formats(formats, finetune=finetune, printing=printing)
        require_arguments_at_least(1, top=top)
        if top is not None and not set(formats) & set(DESIGN_FORMATS):
            raise UsageError(
                f"top: applies to designs, and the formats {', '.join(formats)} have none"
            )
        missing = None if NETWORK_FORMATS.isdisjoint(formats) else self.without_networks
        if missing and not finetune and NETWORK_FORMATS.issuperset(formats):
            raise UsageError(missing)
        if task is not None and not finetune:
            raise UsageError("task: applies to fine-tuning; a run has its own task")
        tuning = None
        if finetune:
            require_task(self.settings, task)
            tuning = FineTuning(
                steps=finetune, task=task, workers=workers or usable_cores(), on_steps=on_steps
            )
        with self.database() as database:
            return export_run(
                self._folder,
                database,
                Path(out),
                top=top,
                formats=formats,
                finetuning=tuning,
                blind=blind,
                printing=printing,
            )

    @property
    def without_networks(self) -> str | None:
        """Why designs of this run come without networks; None if they come with them."""
        if scored_task(self.settings) is not None:
            return None
        return (
            "no npz, onnx, c: the episodes that networks come with are those of a task of codesign "
            f"or of a scene, and the run's task is code: {', '.join(self.settings.task_names)}"
        )

    @property
    def without_worlds(self) -> str | None:
        """Which of several tasks have no world beside the designs, and why; None if all have."""
        names = self.settings.task_names
        own = [name for name in names if is_plugin(name)]
        if not own or len(own) == len(names):
            return None
        return f"no worlds of {', '.join(own)}: an export of a run does not run the code of a task"

    def write_designs(self) -> None:
        """Write the best designs so far into the run folder, in place of those that are there.

        :func:`codesign.evolve` and :func:`codesign.resume` do so at the end of a run; after an
        interruption this does.

        Raises:
            RunLockedError: Another process works on the run.
        """
        folder = RunFolder(self.path)
        with deferred_interrupts(), folder, self.database() as database:
            export_run(folder, database, folder.designs, replace=True)


def check_formats(
    formats: Sequence[str], *, finetune: int, printing: PrintSettings | None = None
) -> None:
    """Check the formats of an export.

    Args:
        formats: Names of formats.
        finetune: Control steps of training before the export.
        printing: Settings of printable parts.

    Raises:
        UnknownNameError: There is no such format.
        UsageError: ``formats`` is one text, ``finetune`` is negative, or networks are to be
            fine-tuned and no format has them.
        UsageError: There are settings of printable parts, and no format has them.
    """
    if isinstance(formats, str):
        raise UsageError(f"formats: expected a list of names, got {formats!r}: use [{formats!r}]")
    require_arguments_at_least(0, finetune=finetune)
    known: dict[str, None] = dict.fromkeys((*DESIGN_FORMATS, *HISTORY_FORMATS))
    for name in formats:
        require_name(known, name, what="format")
    if finetune and NETWORK_FORMATS.isdisjoint(formats):
        networks = ", ".join(sorted(NETWORK_FORMATS))
        raise UsageError(f"finetune: trains networks, and only {networks} have them: add one")
    if printing is not None and {"print", "assembly"}.isdisjoint(formats):
        raise UsageError(
            "printing: applies to the formats print and assembly: add one, or leave it out"
        )


def load_run(path: str | Path) -> Run:
    """Open a run folder.

    Args:
        path: Run folder.

    Returns:
        The run. It reads the database anew on every call, so it follows a run that another
        process works on.

    Raises:
        UsageError: ``path`` is not a run folder, or its settings cannot be read.

    Examples:
        >>> import codesign
        >>> run = codesign.load_run("runs/first")  # doctest: +SKIP
        >>> [round(candidate.score) for candidate in run.best(3)]  # doctest: +SKIP
        [1412, 1398, 1377]
    """
    return Run(path)
