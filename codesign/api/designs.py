"""Taking robots and designs away: export, and fine-tuning before it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import networkx as nx

from codesign import defaults, exporting
from codesign.api.arguments import require_arguments_at_least
from codesign.api.robots import Robot, as_list, find_robots
from codesign.api.run import Run, check_formats
from codesign.config import usable_cores
from codesign.errors import UsageError
from codesign.exporting import (
    DESIGN_FORMATS,
    HISTORY_FORMATS,
    USUAL_FORMATS,
    Design,
    FineTuning,
    PrintSettings,
    archive_of,
    export_robot,
    write_archive,
)
from codesign.store import RunFolder
from morph_ops.io.files import read_body, write_body

OnSteps = Callable[[int, int, float], None]


def export(
    source: str | Path | Run | nx.DiGraph[str],
    out: str | Path,
    *,
    top: int | None = None,
    formats: Sequence[str] = USUAL_FORMATS,
    controller: str | Path | None = None,
    best_of: int | None = None,
    finetune: int = 0,
    task: str | None = None,
    blind: bool = False,
    workers: int | None = None,
    root: str | None = None,
    archive: bool = False,
    on_steps: OnSteps = lambda done, total, reward: None,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Write the best designs of a run, its history, or one robot, for other programs.

    Each design gets a folder with a README, a picture, a record of its score and origin, and the
    formats.

    Args:
        source: Run folder, run, robot file, or body.
        out: Folder; it must not exist, or be empty.
        top: Number of designs of a run; its setting ``top`` by default.
        formats: "mjcf" (a scene with floor and light), "json" (the project's own format), "npz"
            (the network as plain arrays, with ``run_standalone.py`` to simulate it), "onnx" and "c"
            (the network for other runtimes, and as a C99 header), "urdf", "usd", "graphml", "print"
            (printable parts) and "assembly" (a sheet of lengths, masses, torques and motors); of a
            run also "csv", "parquet" (every table of its database) and "phylogeny" (its family
            tree).
        controller: Name or file of the controller of a robot, "flat-v3" by default; a run has
            its own.
        best_of: Number of controller variants to try for a robot's network; by default 8, or all
            that the controller has. A run's designs have the variants of their scores.
        finetune: Control steps of training of each design's own network before it is written;
            0 for none.
        task: Name of the task of a robot's score, world and training, "flat" by default, or path
            of a scene of your own. A run has its own; with ``finetune`` it may be trained on
            another one. Of other tasks than "flat" the world of the first episode is written, too.
        blind: Whether networks with height samples get flat ground folded in, so that they take
            none.
        workers: Number of worker processes of that training, one per core by default.
        root: Name of the first body of the robot, where an MJCF file holds several robots.
        archive: Whether to write the folder as a zip file, too, beside it.
        on_steps: Called during the training with the control steps so far, their total, and the
            mean reward of a control step under action noise.
        printing: Settings of printable parts, such as ``codesign.PrintSettings(scale=0.25)``.

    Returns:
        The designs; those that were fine-tuned have their scores before and after. A design that
        cannot have a format says why in ``left_out``.

    Raises:
        UsageError: There is no such run, robot or controller, the folder is taken, or an option
            does not fit the source.
        BodyError: The file is no robot, or can have none of the formats.
        UnknownNameError: There is no such format.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import codesign
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     designs = codesign.export(body, f"{folder}/out", formats=["mjcf", "json"])
        ...     sorted(path.name for path in Path(folder, "out", "robot").glob("robot.*"))
        ['robot.bare.xml', 'robot.json', 'robot.record.json', 'robot.svg', 'robot.xml']
    """
    check_formats(formats, finetune=finetune, printing=printing)
    with _archived(Path(out), archive=archive):
        return _export(
            source,
            Path(out),
            top=top,
            formats=formats,
            controller=controller,
            best_of=best_of,
            finetune=finetune,
            task=task,
            blind=blind,
            workers=workers,
            root=root,
            on_steps=on_steps,
            printing=printing,
        )


def _export(
    source: str | Path | Run | nx.DiGraph[str],
    out: Path,
    *,
    top: int | None,
    formats: Sequence[str],
    controller: str | Path | None,
    best_of: int | None,
    finetune: int,
    task: str | None,
    blind: bool,
    workers: int | None,
    root: str | None,
    on_steps: OnSteps,
    printing: PrintSettings | None,
) -> list[Design]:
    if workers is not None and not finetune:
        raise UsageError("workers: applies to fine-tuning: add finetune, or leave workers out")
    if _is_run(source):
        _refuse_own_choice(controller, best_of, root)
        run = source if isinstance(source, Run) else Run(str(source))
        return run.export(
            out,
            top=top,
            formats=formats,
            finetune=finetune,
            task=task,
            blind=blind,
            workers=workers,
            on_steps=on_steps,
            printing=printing,
        )
    if top is not None:
        raise UsageError("top: applies to a run, and the source is a robot")
    _refuse_history(formats)
    with _files([source], root) as files:
        if finetune:
            tuning = FineTuning(
                steps=finetune, task=task, workers=workers or usable_cores(), on_steps=on_steps
            )
            return exporting.finetune(
                files,
                out,
                tuning,
                formats=formats,
                controller=controller,
                best_of=best_of,
                blind=blind,
                printing=printing,
            )
        design = export_robot(
            files[0],
            out,
            formats=formats,
            controller=defaults.CONTROLLER if controller is None else controller,
            best_of=best_of,
            task=defaults.TASK if task is None else task,
            blind=blind,
            printing=printing,
        )
    return [design]


def _refuse_own_choice(
    controller: str | Path | None, best_of: int | None, root: str | None
) -> None:
    if root is not None:
        raise UsageError("root: applies to a file with several robots, and the source is a run")
    if controller is not None:
        raise UsageError("controller: applies to a robot; a run has its own controller")
    if best_of is not None:
        raise UsageError("best_of: applies to a robot; a run has the variants of its scores")


def _refuse_history(formats: Sequence[str]) -> None:
    for name in formats:
        if name in HISTORY_FORMATS:
            raise UsageError(
                f"formats: {name} applies to a run, and the source is a robot: choose from "
                f"{', '.join(DESIGN_FORMATS)}"
            )


def finetune(
    robots: Robot | Sequence[Robot],
    out: str | Path,
    *,
    steps: int = 500_000,
    task: str | None = None,
    formats: Sequence[str] = USUAL_FORMATS,
    top: int | None = None,
    controller: str | Path | None = None,
    best_of: int | None = None,
    episodes: int = defaults.EPISODES,
    seed: int = 0,
    blind: bool = False,
    workers: int | None = None,
    root: str | None = None,
    archive: bool = False,
    on_steps: OnSteps = lambda done, total, reward: None,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Train each robot's own network on its body alone, and write robots and networks.

    The training starts from the network that the controller generates, and keeps the best of
    several checkpoints, that network included. An interrupted training lies beside ``out``: the
    same call continues it.

    Args:
        robots: One run, for its best designs; or one or more bodies, robot files, or folders of
            robot files.
        out: Folder; it must not exist, or be empty.
        steps: Control steps of training per robot; the default takes a minute or a few.
        task: Name of the task of the training and the scores, or path of a scene of your own. By
            default "flat" for robots, and the only task of a run; a run may be trained on another.
        formats: Formats of designs, as for :func:`export`.
        top: Number of designs of a run; its setting ``top`` by default.
        controller: Name or file of the controller of robots, "flat-v3" by default; a run has
            its own.
        best_of: Number of controller variants to try for each robot; by default 8, or all that
            the controller has.
        episodes: Number of episodes of the scores before and after; a run has its own.
        seed: Seed of the training and of the scores of robots; a run has its own.
        blind: Whether networks with height samples get flat ground folded in when they are written.
        workers: Number of worker processes, one per core by default.
        root: Name of the first body of the robot, where an MJCF file holds several robots.
        archive: Whether to write the folder as a zip file, too, beside it.
        on_steps: Called during the training with the control steps so far, their total, and the
            mean reward of a control step under action noise.
        printing: Settings of printable parts, such as ``codesign.PrintSettings(scale=0.25)``.

    Returns:
        The designs with their networks and ``scores``, before and after. The two scores are over
        different initial states.

    Raises:
        UsageError: There is no such run, robot or controller, the folder is taken, or an option
            does not fit the robots.
        BodyError: A file is no robot.

    Examples:
        >>> import codesign
        >>> codesign.finetune("robot.xml", "robot-tuned")  # doctest: +SKIP
    """
    check_formats(formats, finetune=0, printing=printing)
    require_arguments_at_least(
        1, steps=steps, top=top, best_of=best_of, episodes=episodes, workers=workers
    )
    require_arguments_at_least(0, seed=seed)
    tuning = FineTuning(
        steps=steps, task=task, workers=workers or usable_cores(), on_steps=on_steps
    )
    options: dict[str, Any] = {
        "formats": formats,
        "top": top,
        "best_of": best_of,
        "blind": blind,
        "printing": printing,
    }
    run = _only_run(robots)
    if run is not None:
        _refuse_own_choice(None, None, root)
    with (
        _archived(Path(out), archive=archive),
        _files(robots if run is None else [], root) as files,
    ):
        if run is not None:
            return exporting.finetune(
                [run.path], Path(out), tuning, controller=controller, **options
            )
        return exporting.finetune(
            files, Path(out), tuning, controller=controller, episodes=episodes, seed=seed, **options
        )


def _is_run(source: object) -> bool:
    """Whether a source is a run, or a folder that must be one, rather than a robot.

    Raises:
        UsageError: There is nothing at the path.
    """
    if isinstance(source, str | Path):
        if not Path(source).exists():
            raise UsageError(f"{source}: no such run or robot")
        return Path(source).is_dir()
    return isinstance(source, Run)


def _only_run(robots: Robot | Sequence[Robot]) -> Run | None:
    """The run, if it is all there is; None otherwise."""
    if isinstance(robots, Run):
        return robots
    if isinstance(robots, str | Path):
        return Run(robots) if RunFolder.is_run(Path(robots)) else None
    if isinstance(robots, nx.DiGraph):
        return None
    items = as_list(robots)
    return _only_run(items[0]) if len(items) == 1 else None


@contextmanager
def _archived(folder: Path, *, archive: bool) -> Generator[None]:
    """Write the folder as a zip file after the ``with`` block, if it is wanted."""
    path = archive_of(folder) if archive else None
    yield
    if path is not None:
        write_archive(folder, path)


@contextmanager
def _files(robots: Robot | Sequence[Robot], root: str | None) -> Generator[list[Path]]:
    """Files of robots; bodies in memory, or one of several in a file, become files for a while."""
    found = find_robots(robots, controller=defaults.CONTROLLER, root=root)
    with TemporaryDirectory() as scratch:
        files: list[Path] = []
        for index, robot in enumerate(found):
            path = robot.path
            if path is None:
                stem = "robot" if len(found) == 1 else f"robot-{index}"
                path = Path(scratch) / f"{stem}.json"
                if robot.graph is not None:
                    write_body(robot.graph, path)
            elif root is not None:
                graph = read_body(path, root=root)
                path = Path(scratch) / f"{index}" / f"{path.stem}.json"
                path.parent.mkdir()
                write_body(graph, path)
            files.append(path)
        yield files
