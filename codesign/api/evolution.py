"""Running campaigns from start to end, and continuing those that were interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from codesign import campaign
from codesign.api.observer import Observer
from codesign.api.run import Run
from codesign.config import Settings, with_pinned_scenes
from codesign.errors import UsageError
from codesign.interrupts import deferred_interrupts
from codesign.machine import difference, machine
from codesign.scoring import ScoringPool
from codesign.scoring.several_tasks import scales_from_json, scales_to_json
from codesign.store import Database, Event, Founder, RunFolder
from codesign.store.atomic import check_free
from codesign.store.folder import new_path
from codesign.store.provenance import (
    SCALES,
    provenance,
    require_same_cluster,
    require_same_settings,
)
from morph_ops._messages import one_line

#: Parent folder of runs that are given no folder.
RUNS = Path("runs")


def evolve(
    settings: Settings | None = None,
    *,
    out: str | Path | None = None,
    observer: Observer | None = None,
) -> Run:
    """Search for bodies, and write the best designs into the run folder.

    Ctrl-C stops the search between two candidates and loses none; :func:`resume` continues the
    run, with the same result as if it had never stopped. A script needs the usual ``if __name__
    == "__main__":`` unless ``settings.workers`` is 0.

    Args:
        settings: Settings of the campaign; the preset "quickstart" by default.
        out: Run folder; it must not exist, or be empty. By default a new folder in ``runs/``,
            named after the date, the algorithm and the seed.
        observer: Follows the run while it works.

    Returns:
        The finished run.

    Raises:
        UsageError: ``settings`` are no settings, the run folder is taken, or something that the
            settings name is missing.
        BodyError: A robot of ``settings.start`` cannot be read.
        UnknownNameError: A custom component cannot be imported, or has the wrong type.
        RunError: No body of the starting population can be simulated, or the disk is full.

    Examples:
        >>> import tempfile
        >>> import codesign
        >>> settings = codesign.Settings(
        ...     population=4, generations=1, episodes=1, in_flight=2, finalists=1, top=1,
        ...     reevaluation_episodes=1, workers=0, controller="flat-v0",
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = codesign.evolve(settings, out=f"{folder}/first")
        ...     print(run.status.state, len(run), len(run.best(1)))
        finished 8 1
    """
    if settings is None:
        from codesign.config import DEFAULT_PRESET, load

        settings = load(preset=DEFAULT_PRESET)
    if not isinstance(settings, Settings):  # pyright: ignore[reportUnnecessaryIsInstance]  users
        raise UsageError(
            f"settings: expected codesign.Settings, got {type(settings).__name__}: use "
            "codesign.Settings(population=64)"
        )
    settings = with_pinned_scenes(settings)
    name = settings.algorithm.rpartition(":")[2]
    observer = observer or Observer()
    with ExitStack() as stack:
        if out is None:
            path = stack.enter_context(new_path(RUNS, name=name, seed=settings.seed))
        else:
            path = Path(out)
        check_free(path)
        start = campaign.prepare(settings)
        with observer.phase("starting workers"):
            pool = stack.enter_context(ScoringPool.of_campaign(settings))
        scales = use_scales(settings, pool, {}, observer)
        began = time.monotonic()
        if settings.screened:
            with observer.phase("screening bodies"):
                start = campaign.screen(settings, pool)
        # The folder comes last: where the workers cannot start, nothing is left behind.
        folder = stack.enter_context(RunFolder.create(path, settings, start=start))
        # As a resumed run starts: files of bodies hold no notes on their import.
        start = folder.start()
        stopped = _search(
            folder, settings, pool, start, observer, kind="started", scales=scales, began=began
        )
    return _with_designs(path, stopped, observer)


def resume(
    run: str | Path | Run,
    *,
    workers: int | None = None,
    changes: Mapping[str, Any] | None = None,
    allow_custom: bool = False,
    observer: Observer | None = None,
) -> Run:
    """Continue a run as if it had never been interrupted.

    Args:
        run: Run folder, or the run.
        workers: Number of worker processes, 0 to work in this process; by default as the run's
            settings say. The result does not depend on it.
        changes: Other settings that are no part of the result, such as ``cluster``.
        allow_custom: Whether a run that somebody else started, or whose settings were edited, may
            name what runs code or talks to other machines. A run of one's own always may.
        observer: Follows the run while it works.

    Returns:
        The finished run; nothing is done for a run that was finished before.

    Raises:
        UsageError: ``run`` is not a run folder, its settings were edited, or something that they
            name is missing.
        UsageError: The run names what runs code, is of somebody else, and ``allow_custom`` is
            false.
        UsageError: The cluster in the settings was edited, and ``changes`` has no other.
        RunLockedError: Another process works on the run.
        RunError: The disk is full.

    Examples:
        >>> import codesign
        >>> codesign.resume("runs/first", workers=8)  # doctest: +SKIP
        Run('runs/first')
    """
    path = run.path if isinstance(run, Run) else Path(run)
    folder = RunFolder(path)
    given = {} if workers is None else {"workers": workers}
    settings = folder.settings.replace(**(given | dict(changes or {})))
    if not allow_custom:
        folder.require_trusted(settings, changes or {})
    observer = observer or Observer()
    with ExitStack() as stack:
        stack.enter_context(folder)
        with folder.database(read_only=True) as database:
            initial = database.initial_provenance()
            require_same_settings(settings, initial)
            if not allow_custom:
                require_same_cluster(folder.settings, settings, initial)
                database.require_tasks(settings.task_names)
            finished = _is_finished(database, settings)
            early_stop = database.early_stop()
        if finished:
            stopped = early_stop[1] if early_stop else None
        else:
            start = folder.start()
            campaign.require_components(settings, start)
            with observer.phase("starting workers"):
                pool = stack.enter_context(ScoringPool.of_campaign(settings))
            scales = use_scales(settings, pool, initial, observer)
            other = difference(machine(), initial, whose="the start of the run")
            warnings = [*filter(None, [other])]
            stopped = _search(
                folder,
                settings,
                pool,
                start,
                observer,
                kind="resumed",
                scales=scales,
                began=time.monotonic(),
                warnings=warnings,
            )
    return _with_designs(path, stopped, observer)


def _is_finished(database: Database, settings: Settings) -> bool:
    """Whether nothing is left to do, and the database says so."""
    return (
        len(database) == database.total(settings)
        and not campaign.missing_reevaluations(database, settings)
        and not campaign.missing_finetunings(database, settings)
        and bool(database.events("finished"))
    )


def use_scales(
    settings: Settings, pool: ScoringPool, initial: Mapping[str, str], observer: Observer
) -> dict[str, str]:
    """Give the pool of a run over several tasks its scales; what its provenance says of them.

    They are measured once in a run, before the first candidate is scored.

    Args:
        settings: Settings of the run.
        pool: Its pool.
        initial: The provenance of the process that started the run; empty at the start.
        observer: Follows the run.

    Raises:
        UsageError: A task has no scale, or the database is damaged.
    """
    if not settings.tasks:
        return {}
    text = initial.get(SCALES)
    if text is None:
        with observer.phase("scoring reference bodies"):
            text = scales_to_json(pool.measure_scales())
    try:
        pool.use_scales(scales_from_json(text))
    except (RecursionError, ValueError) as error:
        raise UsageError(f"the scales of the run are damaged: {one_line(error)}") from None
    return {SCALES: text}


def _search(
    folder: RunFolder,
    settings: Settings,
    pool: ScoringPool,
    start: Sequence[Founder],
    observer: Observer,
    *,
    kind: str,
    scales: Mapping[str, str],
    began: float,
    warnings: Sequence[str] = (),
) -> str | None:
    """Run a campaign to its end; returns why it ended early, None if it did not."""

    def handle(event: Event) -> None:
        if event.kind in ("alarm", "adaptation"):
            folder.log(f"{event.kind}: {event.message}")
        elif event.kind == "reevaluation":
            folder.log(event.message)
        observer.event(event)

    with (
        folder.database() as database,
        _noted(folder, database, settings, kind, pool.location, scales) as note,
    ):
        for warning in (*warnings, *pool.warnings):
            note("warning", warning)
            observer.event(Event(kind="warning", message=warning))
        stopped = campaign.run(
            settings,
            folder=folder,
            database=database,
            pool=pool,
            start=start,
            began=began,
            on_progress=observer.progress,
            on_reevaluation=observer.reevaluation,
            on_learning=observer.learning,
            on_event=handle,
        )
        done, total = len(database), database.total(settings)
        note(
            "finished" if done == total else "stopped",
            f"{done} of {total} candidates are scored, and the finalists are ranked"
            + (f"; {stopped}" if stopped else ""),
        )
    return stopped


@contextmanager
def _noted(
    folder: RunFolder,
    database: Database,
    settings: Settings,
    kind: str,
    location: str,
    scales: Mapping[str, str],
) -> Generator[Callable[[str, str], None]]:
    """Write into log and database how the work starts, and how it ends where it ends early.

    Yields:
        A function that writes an event, given its kind and message.
    """

    def note(kind: str, message: str, *, made_with: Mapping[str, str] | None = None) -> None:
        with deferred_interrupts():
            folder.log(f"{kind}: {message}")
            database.add_event(Event(kind=kind, message=message), provenance=made_with)

    message = f"{settings.total} candidates with {location}"
    note(kind, message, made_with=provenance(settings) | dict(scales))
    try:
        yield note
    except KeyboardInterrupt:
        note("interrupted", f"{len(database)} of {settings.total} candidates are scored")
        raise
    except Exception as error:
        # A note that cannot be written must not hide the error.
        with suppress(Exception):
            note("failed", one_line(error))
        raise


def _with_designs(path: Path, stopped: str | None, observer: Observer) -> Run:
    run = Run(path, stopped=stopped)
    with observer.phase("writing designs"):
        run.write_designs()
    return run
