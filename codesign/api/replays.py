"""Replays: robots and designs of runs that move in a page, a film, or a strip of stills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import networkx as nx

from codesign import defaults
from codesign.api.arguments import require_arguments_at_least, require_variant
from codesign.api.robots import Robot, RobotFile, find_robots, read_robots
from codesign.api.run import Run
from codesign.config import usable_cores
from codesign.errors import RunError, UsageError
from codesign.exporting import Design, DesignRollout, FineTuning
from codesign.exporting.finetuning import finetuned
from codesign.replay import Recording, record
from codesign.replay.settings import GIF_SECONDS, MOST_ROBOTS, FilmSettings, require_format
from codesign.scoring.controllers import load_controller, load_scored_with, resolve_best_of
from codesign.store import Candidate, RunFolder
from hyperdistill_core.controller.network_file import load_network
from morph_ops._messages import one_line
from morph_ops._registry import is_plugin, require_name
from morph_ops._text_file import require_writable

if TYPE_CHECKING:
    from hyperdistill_core.rollout import Policy

OnSteps = Callable[[int, int, float], None]
#: File of a replay, in the run folder, or in the current folder for robots.
FILE = "replay.html"
CANDIDATE = "candidate"
#: What a replay says of a robot that moves by the network of an export.
OWN_NETWORK = "moves by the network in its .npz file"


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Mover:
    """A robot that is to move: its body, and the controller variant or network that moves it."""

    name: str
    graph: nx.DiGraph[str]
    note: str = ""
    variant: int = 0
    network: Policy | None = None
    controller: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Options:
    """How robots that are not from a run are moved."""

    task: str | None
    controller: str | Path | None
    best_of: int | None
    variant: int | None

    @property
    def own_networks(self) -> bool:
        """Whether robots move by their own networks, as no other is asked for."""
        return self.controller is None and self.best_of is None and self.variant is None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Group:
    """Robots with one controller, task and seed: those of a run, or all robot files together."""

    movers: list[_Mover]
    controller: str | Path
    task: str
    seed: int
    episodes: int = defaults.EPISODES
    left_out: dict[str, str] = field(default_factory=dict[str, str])


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
    on_steps: OnSteps = lambda done, total, speed: None,
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
            tasks it is the one to show, the first by default.
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
            mean speed under action noise (m/s).

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
    sources = [robots] if isinstance(robots, str | Path | Run | nx.DiGraph) else list(robots)
    runs = [run for run in map(_as_run, sources) if run is not None]
    rest = [source for source in sources if _as_run(source) is None]
    path = _file(out, runs, rest)
    part = _part(seconds, path)
    _check_runs(runs, rest, top=top, candidate=candidate, ancestors=ancestors)
    most = max(1, MOST_ROBOTS // ((len(runs) + bool(rest)) * (1 + bool(finetune))))
    groups: list[_Group] = []
    for run in runs:
        chosen = _chosen(run, top or min(run.settings.top, most), candidate, ancestors)
        if len(runs) > 1:
            chosen = [(f"{run.path.resolve().name}/{name}", each) for name, each in chosen]
        groups.append(
            _of_run(
                run,
                chosen,
                ancestors=ancestors,
                seed=seed,
                custom=allow_custom,
                task=task,
                networks=not finetune,
            )
        )
    if not rest and all(run.settings.tasks for run in runs):
        task = None  # it was one of theirs
    options = _Options(task=task, controller=controller, best_of=best_of, variant=variant)
    groups += _of_rest(rest, options, root=root, seed=seed or 0, networks=not finetune)
    _require_few(sum(len(group.movers) for group in groups), twice=bool(finetune))
    tuning = FineTuning(steps=finetune, workers=workers or usable_cores(), on_steps=on_steps)
    left_out = {name: reason for group in groups for name, reason in group.left_out.items()}
    recordings = _recorded(groups, tuning if finetune else None, left_out)
    if part is not None:
        recordings = [each.part(*part) for each in recordings]
    write_recordings(
        recordings,
        path,
        title=_title(runs, recordings, ancestors),
        chosen=len(recordings) - 1 if ancestors else 0,
        in_row=ancestors,
        settings=film,
    )
    return Replay(path=path, recordings=tuple(recordings), left_out=left_out)


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


def _chosen(
    run: Run, top: int, candidate: int | None, ancestors: bool
) -> list[tuple[str, Candidate]]:
    """The candidates of a run to show, each with its name in the replay."""
    if candidate is None and not ancestors:
        best = run.best(top)
        return [(f"design-{rank:02d}", each) for rank, each in enumerate(best, start=1)]
    last = run.best(1) if candidate is None else [run.candidate(candidate)]
    shown = _line(run, last[0].number) if ancestors and last else last
    return [(f"{CANDIDATE} {each.number}", each) for each in shown]


def _line(run: Run, number: int) -> list[Candidate]:
    """A candidate after its line of first parents, oldest first, thinned to the most robots."""
    from codesign.report.phylogeny import line

    with run.database() as database:
        numbers = line({each.number: each for each in database.summaries()}, number)
        last = len(numbers) - 1
        kept = {round(last * place / (MOST_ROBOTS - 1)) for place in range(MOST_ROBOTS)}
        return [database.candidate(numbers[place]) for place in sorted(kept)]


def _of_rest(
    rest: Sequence[Robot], options: _Options, *, root: str | None, seed: int, networks: bool
) -> list[_Group]:
    """The robots that are no runs, as a group; options of robots need some."""
    if rest:
        found = find_robots(rest, controller=options.controller or defaults.CONTROLLER, root=root)
        return [_of_robots(found, options, seed=seed, networks=networks)]
    given = (options.task, options.controller, options.best_of, options.variant, root)
    if any(each is not None for each in given):
        raise UsageError(
            "task, controller, best_of, variant, root: apply to robots; a run has its own"
        )
    return []


def _of_run(
    run: Run,
    chosen: Sequence[tuple[str, Candidate]],
    *,
    ancestors: bool,
    seed: int | None,
    custom: bool,
    task: str | None,
    networks: bool,
) -> _Group:
    """Candidates of a run, as its scores had them; without ``networks`` as they were generated."""
    if not chosen:
        raise UsageError(f"{run.path}: no candidate is scored yet")
    # Of a line of ancestors the last one is the candidate itself; of designs the first is the best.
    settings, (_, main) = run.settings, chosen[-1 if ancestors else 0]
    controller = run.controller_of(main)
    if settings.tasks and task is not None:
        require_name(settings.tasks, task, what="task of the run")
    else:
        task = settings.task
    if is_plugin(task) and not custom:
        RunFolder(run.path).require_trusted(settings, {})
    load_scored_with(
        controller,
        main.final.controller_hash,
        remedy="replay the files of its designs instead",
    )
    score = main.final
    return _Group(
        movers=[
            _Mover(
                name=name,
                graph=each.graph,
                note=_origin(name, each),
                variant=each.final.variant,
                network=run.own_network(each) if networks else None,
                # What learns on begins with one controller for all.
                controller=run.controller_of(each) if networks else None,
            )
            for name, each in chosen
        ],
        controller=controller,
        task=task,
        seed=score.seed if seed is None else seed,
        episodes=score.episodes,
    )


def _origin(name: str, candidate: Candidate) -> str:
    """Where a candidate comes from, in a few words."""
    operator = candidate.operator.replace("_", " ").replace("+", ", ")
    made = f"by {operator}" if candidate.parents else "a starting body"
    number = "" if name.startswith(CANDIDATE) else f"{CANDIDATE} {candidate.number}, "
    learned = "" if candidate.finetuned is None else "; its network learned on"
    return f"{number}generation {candidate.generation}, {made}{learned}"


def _of_robots(
    found: Sequence[RobotFile], options: _Options, *, seed: int, networks: bool
) -> _Group:
    """Robots under a controller, or under their own networks where they have some."""
    from hyperdistill_core.controller.halving import select_variant
    from hyperdistill_core.tasks import get_task

    if options.variant is not None and options.best_of is not None:
        raise UsageError("variant: names the variant to show: leave out best_of")
    _require_few(len(found))
    graphs, wrong = read_robots(found)
    usable = [robot for number, robot in enumerate(found) if number not in wrong]
    group = _Group(
        movers=[],
        controller=options.controller or defaults.CONTROLLER,
        task=options.task or defaults.TASK,
        seed=seed,
        left_out={found[number].name: why for number, why in wrong.items()},
    )
    loaded, world = load_controller(group.controller), get_task(group.task)
    if options.variant is not None:
        require_variant(options.variant, known=loaded.n_variants, controller=group.controller)
    count = resolve_best_of(loaded, options.best_of)
    for robot, graph, name in zip(usable, graphs, _names(usable), strict=True):
        network = _exported_network(robot) if networks and options.own_networks else None
        if network is not None:
            group.movers.append(_Mover(name=name, graph=graph, note=OWN_NETWORK, network=network))
            continue
        variant = options.variant
        if variant is None:
            variant = select_variant(graph, loaded, task=world, best_of=count, seed=seed)
        group.movers.append(_Mover(name=name, graph=graph, variant=variant))
    return group


def _names(robots: Sequence[RobotFile]) -> list[str]:
    """Short names of robots: the stems of their files where these differ."""
    stems = [robot.name if robot.path is None else robot.path.stem for robot in robots]
    return stems if len(set(stems)) == len(stems) else [robot.name for robot in robots]


def _exported_network(robot: RobotFile) -> Policy | None:
    """The network that an export wrote beside a robot; None if there is none."""
    file = None if robot.path is None else robot.path.with_suffix(".npz")
    return load_network(file) if file is not None and file.is_file() else None


def _require_few(count: int, *, twice: bool = False) -> None:
    """Refuse more robots than a replay shows."""
    if count * (1 + twice) > MOST_ROBOTS:
        most = MOST_ROBOTS // (1 + twice)
        raise UsageError(
            f"a replay shows at most {most} robots{' before and after' * twice}, got {count}: name "
            "fewer, or choose designs of a run with --top"
        )


def _recorded(
    groups: Sequence[_Group], tuning: FineTuning | None, left_out: dict[str, str]
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
    group: _Group, tuning: FineTuning | None
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
        name = mover.name if design is None else f"{mover.name}, before"
        yield mover.graph, policy, name, mover.note
        if design is not None and design.network is not None and design.scores is not None:
            before, after = design.scores
            note = f"mean score {before:.0f} before, {after:.0f} after"
            yield mover.graph, design.network, f"{mover.name}, fine-tuned", note


def _tuned(group: _Group, tuning: FineTuning) -> list[Design]:
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


def _title(runs: Sequence[Run], recordings: Sequence[Recording], ancestors: bool) -> str:
    if len(runs) != 1:
        return recordings[0].name if len(recordings) == 1 else f"{len(recordings)} robots"
    if ancestors:
        return f"{runs[0].path.name}: {recordings[-1].name} and its ancestors"
    return f"{runs[0].path.name}: {'best designs' if len(recordings) > 1 else recordings[0].name}"
