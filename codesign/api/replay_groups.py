"""What replays show: designs of runs on their tasks, and robots, in groups of one task each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx

from codesign import defaults
from codesign.api.arguments import require_variant
from codesign.api.robots import Robot, RobotFile, find_robots, read_robots
from codesign.api.run import Run
from codesign.errors import UsageError
from codesign.exporting.finetuned_designs import require_task
from codesign.replay.settings import MOST_ROBOTS
from codesign.scoring.controllers import load_controller, load_scored_with, resolve_best_of
from codesign.store import Candidate, RunFolder
from hyperdistill_core.controller.network_file import load_network
from morph_ops._registry import is_plugin, require_name

if TYPE_CHECKING:
    from hyperdistill_core.rollout import Policy

CANDIDATE = "candidate"
#: What a replay says of a robot that moves by the network of an export.
OWN_NETWORK = "moves by the network in its .npz file"


@dataclass(frozen=True, kw_only=True, eq=False)
class Mover:
    """A robot that is to move: its body, and the controller variant or network that moves it."""

    name: str
    graph: nx.DiGraph[str]
    note: str = ""
    variant: int = 0
    network: Policy | None = None
    controller: str | None = None


@dataclass(frozen=True, kw_only=True)
class Options:
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
class Group:
    """Robots with one controller, task and seed: those of a run, or all robot files together.

    ``on`` is what their names end with: the task, where their run has several.
    """

    movers: list[Mover]
    controller: str | Path
    task: str
    seed: int
    on: str = ""
    episodes: int = defaults.EPISODES
    left_out: dict[str, str] = field(default_factory=dict[str, str])


def candidates_to_show(
    run: Run, top: int, candidate: int | None, *, ancestors: bool, most: int
) -> list[tuple[str, Candidate]]:
    """The candidates of a run to show, each with its name in the replay; ``most`` ancestors."""
    if candidate is None and not ancestors:
        best = run.best(top)
        return [(f"design-{rank:02d}", each) for rank, each in enumerate(best, start=1)]
    last = run.best(1) if candidate is None else [run.candidate(candidate)]
    shown = _line(run, last[0].number, most) if ancestors and last else last
    return [(f"{CANDIDATE} {each.number}", each) for each in shown]


def _line(run: Run, number: int, most: int) -> list[Candidate]:
    """A candidate after its line of first parents, oldest first, thinned to ``most`` of them."""
    from codesign.report.phylogeny import line

    with run.database() as database:
        numbers = line({each.number: each for each in database.summaries()}, number)
        last = len(numbers) - 1
        kept = {round(last * (1.0 - place / max(1, most - 1))) for place in range(most)}
        return [database.candidate(numbers[place]) for place in sorted(kept)]


def of_rest(
    rest: Sequence[Robot], options: Options, *, root: str | None, seed: int, networks: bool
) -> list[Group]:
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


def shown_tasks(run: Run, task: str | None, *, trains: bool) -> tuple[str, ...]:
    """The tasks of a run to show: all of them, or of several the one that is asked for.

    Raises:
        UnknownNameError: It is none of several tasks.
        UsageError: It names the file of a scene, and does not say which one of the run.
        UsageError: Networks are to be trained, and no task of several is asked for.
    """
    settings = run.settings
    if not settings.tasks:
        return settings.task_names
    if trains:
        require_task(settings, task)
    if task is None:
        return settings.task_names
    return (_task_of_run(settings.tasks, task),)


def _task_of_run(tasks: Sequence[str], task: str) -> str:
    """The name that a run has for one of its tasks: a scene may be named by its file.

    Raises:
        UnknownNameError: It is no task of the run.
        UsageError: Its file holds another scene than that of the run, or the run has several
            scenes of this name.
        MjcfError: Its file cannot be read.
    """
    from hyperdistill_core.tasks import get_task, is_scene, scene_path

    if task in tasks or not is_scene(task):
        require_name(tasks, task, what="task of the run")
        return task
    file = scene_path(task)
    alike = [each for each in tasks if is_scene(each) and scene_path(each).name == file.name]
    if file.is_file():
        known = get_task(task).name
        if known in tasks or not alike:
            require_name(tasks, known, what="task of the run")
            return known
        raise UsageError(
            f"task: expected a scene of the run, got {task}, which is another one or has changed "
            f"since: name {' or '.join(alike)}"
        )
    if len(alike) == 1 and task == file.name:
        return alike[0]
    if alike and task == file.name:
        raise UsageError(
            f"task: the run has {len(alike)} scenes {task}: name one of {', '.join(alike)}"
        )
    require_name(tasks, task, what="task of the run")
    return task


def of_run(
    run: Run,
    chosen: Sequence[tuple[str, Candidate]],
    *,
    ancestors: bool,
    seed: int | None,
    custom: bool,
    tasks: Sequence[str],
    networks: bool,
) -> list[Group]:
    """Candidates of a run on some of its tasks, a group each, as its scores had them.

    Without ``networks`` they are as they were generated.
    """
    if not chosen:
        raise UsageError(f"{run.path}: no candidate is scored yet")
    # Of a line of ancestors the last one is the candidate itself; of designs the first is the best.
    settings, (_, main) = run.settings, chosen[-1 if ancestors else 0]
    controller = run.controller_of(main)
    if any(map(is_plugin, tasks)) and not custom:
        RunFolder(run.path).require_trusted(settings, {})
    load_scored_with(
        controller,
        main.final.controller_hash,
        remedy="replay the files of its designs instead",
    )
    score = main.final
    movers = [
        Mover(
            name=name,
            graph=each.graph,
            note=_origin(name, each),
            variant=each.final.variant,
            network=run.own_network(each) if networks else None,
            # What learns on begins with one controller for all.
            controller=run.controller_of(each) if networks else None,
        )
        for name, each in chosen
    ]
    return [
        Group(
            movers=movers,
            controller=controller,
            task=task,
            seed=score.seed if seed is None else seed,
            on=f" on {task}" if settings.tasks else "",
            episodes=score.episodes,
        )
        for task in tasks
    ]


def _origin(name: str, candidate: Candidate) -> str:
    """Where a candidate comes from, in a few words."""
    operator = candidate.operator.replace("_", " ").replace("+", ", ")
    made = f"by {operator}" if candidate.parents else "a starting body"
    number = "" if name.startswith(CANDIDATE) else f"{CANDIDATE} {candidate.number}, "
    learned = "" if candidate.finetuned is None else "; its network learned on"
    return f"{number}generation {candidate.generation}, {made}{learned}"


def _of_robots(found: Sequence[RobotFile], options: Options, *, seed: int, networks: bool) -> Group:
    """Robots under a controller, or under their own networks where they have some."""
    from hyperdistill_core.controller.halving import select_variant
    from hyperdistill_core.tasks import get_task

    if options.variant is not None and options.best_of is not None:
        raise UsageError("variant: names the variant to show: leave out best_of")
    require_few(len(found))
    graphs, wrong = read_robots(found)
    usable = [robot for number, robot in enumerate(found) if number not in wrong]
    group = Group(
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
            group.movers.append(Mover(name=name, graph=graph, note=OWN_NETWORK, network=network))
            continue
        variant = options.variant
        if variant is None:
            variant = select_variant(graph, loaded, task=world, best_of=count, seed=seed)
        group.movers.append(Mover(name=name, graph=graph, variant=variant))
    return group


def _names(robots: Sequence[RobotFile]) -> list[str]:
    """Short names of robots: the stems of their files where these differ."""
    stems = [robot.name if robot.path is None else robot.path.stem for robot in robots]
    return stems if len(set(stems)) == len(stems) else [robot.name for robot in robots]


def _exported_network(robot: RobotFile) -> Policy | None:
    """The network that an export wrote beside a robot; None if there is none."""
    file = None if robot.path is None else robot.path.with_suffix(".npz")
    return load_network(file) if file is not None and file.is_file() else None


def require_few(count: int, *, twice: bool = False) -> None:
    """Refuse more robots than a replay shows."""
    if count * (1 + twice) > MOST_ROBOTS:
        most = MOST_ROBOTS // (1 + twice)
        raise UsageError(
            f"a replay shows at most {most} robots{' before and after' * twice}, got {count}: name "
            "fewer, or choose designs of a run with --top, or one of its tasks with --task"
        )
