"""Replays: robots and designs of runs that move in a page, a film, or a strip of stills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import networkx as nx

from codesign.api.arguments import require_arguments_at_least
from codesign.api.replay_groups import (
    Group,
    Options,
    candidates_to_show,
    of_rest,
    of_run,
    require_few,
    shown_tasks,
)
from codesign.api.robots import Robot, as_list
from codesign.api.run import Run
from codesign.config import usable_cores
from codesign.errors import RunError, UsageError
from codesign.exporting import Design, DesignRollout, FineTuning
from codesign.exporting.finetuning import finetuned
from codesign.replay import Recording, record
from codesign.replay.settings import GIF_SECONDS, MOST_ROBOTS, FilmSettings, require_format
from codesign.scoring.controllers import load_controller
from codesign.scoring.task_words import task_words
from codesign.store import Candidate, RunFolder
from morph_ops._messages import one_line
from morph_ops._text_file import require_writable

if TYPE_CHECKING:
    from hyperdistill_core.rollout import Policy

OnSteps = Callable[[int, int, float], None]
#: File of a replay, in the run folder, or in the current folder for robots.
FILE = "replay.html"


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """A replay that was written.

    Attributes:
        path: Its file.
        recordings: The episodes in it, in order.
        left_out: Robots that it does not have, each with the reason.
    """

    path: Path
    recordings: tuple[Recording, ...]
    left_out: dict[str, str]


def write_replay(
    robots: Robot | Sequence[Robot],
    out: str | Path | None = None,
    *,
    top: int | None = None,
    candidate: int | None = None,
    ancestors: bool = False,
    finetune: int = 0,
    task: str | None = None,
    controller: str | Path | None = None,
    seed: int | None = None,
    best_of: int | None = None,
    variant: int | None = None,
    root: str | None = None,
    seconds: float | tuple[float, float] | None = None,
    film: FilmSettings | None = None,
    workers: int | None = None,
    allow_custom: bool = False,
    on_steps: OnSteps = lambda done, total, reward: None,
) -> Replay:
    """Simulate an episode of each robot, and write them as something to look at.

    The ending of the file decides what it is: ``.html`` is a page with the robots in 3D, which
    opens without a server or a network; ``.gif`` and ``.mp4`` are films; ``.png`` and ``.svg``
    are strips of stills.

    Args:
        robots: One or more of: a body, a robot file, a folder of them, a run folder, or a run,
            which stands for its best designs. At most 12 robots come out. A robot file with an
            ``.npz`` file beside it, as exports write it, moves by the network in that file.
        out: File to write; one that is there is replaced. By default ``replay.html``, in the run
            folder of a single run, else in the current folder.
        top: Number of designs of a run; its setting ``top`` by default, or fewer where these are
            too many.
        candidate: Number of a candidate of a single run, which is shown instead of its best ones.
        ancestors: Whether to show the candidate, the best one by default, and before it its line
            of first parents, oldest first; of more than 12 some are left out.
        finetune: Control steps of training of each robot's own network. It is then shown twice,
            before and after.
        task: Name of the task of robots, "flat" by default; a run has its own. Of a run on several
            tasks it is the one to show; by default the designs move on each of them. To fine-tune
            them there, name one.
        controller: Name or file of the controller of robots, "flat-v3" by default; a run has its
            own.
        seed: Seed of the initial state: the episode is the first one of a score with this seed. 0
            for robots by default, and for a run that of the scores of its designs.
        best_of: Number of controller variants to try for a robot; by default 8, or all that the
            controller has. Designs of a run have the variants of their scores.
        variant: Number of the controller variant of all robots.
        root: Name of the first body of the robot, for files with several robots.
        seconds: Part of the episode: its length from the beginning, or beginning and end (s). The
            whole episode by default, and 5 s of a GIF.
        film: Size, frames a second, and number of stills of pictures.
        workers: Number of worker processes of the training, one per core by default.
        allow_custom: Whether a run of somebody else may run the code of the custom task that it
            names.
        on_steps: Called during the training with the control steps so far, their total, and the
            mean reward of a control step under action noise.

    Raises:
        UsageError: There is nothing to show or too much, options exclude each other, the file
            cannot be written, or a package that its format needs is not installed.
        BodyError: A file is no robot.
        RunError: The simulation of every robot became unstable.

    Examples:
        >>> import tempfile
        >>> import codesign
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = codesign.write_replay(body, f"{folder}/walk.svg", controller="flat-v0")
        ...     made.path.name, [each.name for each in made.recordings]
        ('walk.svg', ['robot 0'])
    """
    # Imported late: it loads what draws.
    from codesign.replay.writing import write_recordings

    require_arguments_at_least(1, top=top, best_of=best_of, workers=workers)
    require_arguments_at_least(
        0, candidate=candidate, finetune=finetune, seed=seed, variant=variant
    )
    sources = as_list(robots)
    runs = [run for run in map(_as_run, sources) if run is not None]
    rest = [source for source in sources if _as_run(source) is None]
    path = _file(out, runs, rest)
    part = _part(seconds, path)
    _check_runs(runs, rest, top=top, candidate=candidate, ancestors=ancestors)
    tasks = [shown_tasks(run, task, trains=bool(finetune)) for run in runs]
    most = _most_of_each(sum(map(len, tasks)) + bool(rest), twice=bool(finetune))
    groups: list[Group] = []
    for run, on in zip(runs, tasks, strict=True):
        groups += of_run(
            run,
            _designs(run, top, candidate, ancestors=ancestors, most=most, named=len(runs) > 1),
            ancestors=ancestors,
            seed=seed,
            custom=allow_custom,
            tasks=on,
            networks=not finetune,
        )
    if not rest and all(run.settings.tasks for run in runs):
        task = None  # it was one of theirs
    options = Options(task=task, controller=controller, best_of=best_of, variant=variant)
    groups += of_rest(rest, options, root=root, seed=seed or 0, networks=not finetune)
    require_few(sum(len(group.movers) for group in groups), twice=bool(finetune))
    tuning = FineTuning(steps=finetune, workers=workers or usable_cores(), on_steps=on_steps)
    left_out = {name: reason for group in groups for name, reason in group.left_out.items()}
    recordings = _recorded(groups, tuning if finetune else None, left_out)
    if part is not None:
        recordings = [each.part(*part) for each in recordings]
    write_recordings(
        recordings,
        path,
        title=_title(runs, groups, recordings, ancestors),
        chosen=len(recordings) - 1 if ancestors else 0,
        in_row=ancestors or any(group.on for group in groups),
        settings=film,
    )
    return Replay(path=path, recordings=tuple(recordings), left_out=left_out)


def _most_of_each(tasks: int, *, twice: bool) -> int:
    """Most robots of each task of each run, so that a replay has room for all."""
    if tasks > MOST_ROBOTS:
        raise UsageError(
            f"a replay shows at most {MOST_ROBOTS} robots, and the runs have {tasks} tasks: name "
            "one with --task, or fewer runs"
        )
    return max(1, MOST_ROBOTS // (tasks * (1 + twice)))


def _designs(
    run: Run, top: int | None, candidate: int | None, *, ancestors: bool, most: int, named: bool
) -> list[tuple[str, Candidate]]:
    """The candidates of a run to show; ``named`` puts the name of the run before theirs."""
    count = top or min(run.settings.top, most)
    found = candidates_to_show(run, count, candidate, ancestors=ancestors, most=most)
    prefix = f"{run.path.resolve().name}/" if named else ""
    return [(f"{prefix}{name}", each) for name, each in found]


def _as_run(source: Robot) -> Run | None:
    if isinstance(source, Run):
        return source
    if isinstance(source, str | Path) and RunFolder.is_run(Path(source)):
        return Run(source)
    return None


def _file(out: str | Path | None, runs: Sequence[Run], rest: Sequence[Robot]) -> Path:
    """The file to write; it is none of the robots."""
    if out is None:
        out = runs[0].path / FILE if len(runs) == 1 and not rest else FILE
    path = Path(out)
    require_format(path)
    require_writable(path)
    files = [Path(source).resolve() for source in rest if isinstance(source, str | Path)]
    if path.resolve() in files:
        raise UsageError(f"{path} is a robot to show: choose another file")
    return path


def _check_runs(
    runs: Sequence[Run],
    rest: Sequence[Robot],
    *,
    top: int | None,
    candidate: int | None,
    ancestors: bool,
) -> None:
    """Refuse options of runs that do not fit the sources."""
    if not runs and not rest:
        raise UsageError("a replay needs at least one robot or run, got none")
    if top is not None and not runs:
        raise UsageError("top: applies to a run, and there is none")
    if (candidate is not None or ancestors) and (len(runs) != 1 or rest):
        name = "ancestors" if candidate is None else "candidate"
        raise UsageError(f"{name}: applies to a single run, got {len(runs) + len(rest)} sources")
    if top is not None and (candidate is not None or ancestors):
        raise UsageError("top: shows the best designs: leave out candidate and ancestors")


def _recorded(
    groups: Sequence[Group], tuning: FineTuning | None, left_out: dict[str, str]
) -> list[Recording]:
    """An episode of each robot; those whose simulation is unstable are left out.

    Raises:
        RunError: None is left.
    """
    from hyperdistill_core.tasks import get_task

    recordings: list[Recording] = []
    for group in groups:
        for graph, policy, name, note in _policies(group, tuning):
            try:
                recordings.append(
                    record(
                        graph,
                        policy,
                        task=get_task(group.task),
                        name=name,
                        note=note,
                        seed=group.seed,
                    )
                )
            except RunError as error:
                left_out[name] = one_line(error)
    if not recordings:
        raise RunError("; ".join(left_out.values()))
    return recordings


def _policies(
    group: Group, tuning: FineTuning | None
) -> Iterator[tuple[nx.DiGraph[str], Policy, str, str]]:
    """Body, policy, name and note of all that a group shows."""
    from hyperdistill_core.tasks import get_task

    task = get_task(group.task)
    named = {mover.controller or group.controller for mover in group.movers}
    controllers = {name: load_controller(name) for name in named}
    tuned = [None] * len(group.movers) if tuning is None else _tuned(group, tuning)
    for mover, design in zip(group.movers, tuned, strict=True):
        policy = mover.network
        if policy is None:
            model = task.model(mover.graph)
            controller = controllers[mover.controller or group.controller]
            policy = controller.for_body(mover.graph, model, variant=mover.variant)
        name = f"{mover.name}{group.on}"
        where = f"; {task_words(group.task).ground}" if group.on else ""
        before_it = "" if design is None else ", before"
        yield mover.graph, policy, f"{name}{before_it}", f"{mover.note}{where}"
        if design is not None and design.network is not None and design.scores is not None:
            before, after = design.scores
            note = f"mean score {before:.0f} before, {after:.0f} after"
            yield mover.graph, design.network, f"{name}, fine-tuned", note


def _tuned(group: Group, tuning: FineTuning) -> list[Design]:
    """The robots of a group with networks that were trained further."""
    designs = [
        Design(name=str(number), graph=mover.graph, variant=mover.variant)
        for number, mover in enumerate(group.movers)
    ]
    episodes = DesignRollout(
        controller=group.controller, task=group.task, seed=group.seed, episodes=group.episodes
    )
    with (
        TemporaryDirectory() as scratch,
        finetuned(designs, episodes, tuning, folder=Path(scratch) / "designs") as (tuned, _),
    ):
        return tuned


def _part(seconds: float | tuple[float, float] | None, path: Path) -> tuple[float, float] | None:
    """Beginning and end of the part to show (s); None for the whole episode."""
    if seconds is None:
        return (0.0, GIF_SECONDS) if path.suffix.lower() == ".gif" else None
    start, end = (0.0, seconds) if isinstance(seconds, int | float) else seconds
    if not 0.0 <= start < end:
        raise UsageError(f"seconds: expected a beginning before the end, got {start:g} to {end:g}")
    return start, end


def _title(
    runs: Sequence[Run],
    groups: Sequence[Group],
    recordings: Sequence[Recording],
    ancestors: bool,
) -> str:
    if len(runs) != 1:
        return recordings[0].name if len(recordings) == 1 else f"{len(recordings)} robots"
    *others, last = groups[0].movers
    shown = last.name if not others else "best designs"
    if ancestors:
        shown = f"{last.name} and its ancestors"
    on = ", ".join(group.task for group in groups if group.on)
    return f"{runs[0].path.name}: {shown}{f' on {on}' if on else ''}"
