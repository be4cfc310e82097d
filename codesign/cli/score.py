"""``codesign score``: score robots without training, or after fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign import defaults
from codesign.cli.options import (
    PATH,
    IntRange,
    best_of_option,
    controller_option,
    root_option,
    seed_option,
)
from codesign.cli.text import echo, echo_data

if TYPE_CHECKING:
    from codesign import api
    from codesign.api import RobotFile
    from codesign.scoring import ScoreRecord


@click.command()
@click.argument("robots", nargs=-1, required=True, type=PATH, metavar="ROBOT|FOLDER|RUN...")
@click.option(
    "--task",
    default=defaults.TASK,
    show_default=True,
    metavar="NAME|SCENE.xml[,...]|all",
    help="Task of the robots; flat is to run forward on flat ground, an MJCF file is ground of "
    "your own. Several, such as flat,csr,stairs.xml, give a table with a column for each.",
)
@controller_option
@click.option(
    "--episodes",
    default=defaults.EPISODES,
    show_default=True,
    type=IntRange(min=1, max=1_000_000),
    help="Number of episodes for each robot.",
)
@seed_option("the episodes' initial states")
@best_of_option(f"{defaults.BEST_OF}, or all that the controller has; 1 with --top")
@click.option(
    "--variant",
    type=IntRange(min=0),
    metavar="N",
    help="Score every robot with the controller variant N, counted from 0.",
)
@click.option(
    "--finetune",
    type=IntRange(min=1),
    metavar="STEPS",
    help="Train each robot's own network for STEPS control steps before its score. Records and "
    "table then have the score before, too. 500000 steps take a minute or a few.",
)
@click.option(
    "--top",
    type=IntRange(min=1),
    metavar="K",
    help="Look for the K best robots: prune robots early that hardly can be among them.",
)
@root_option
@click.option(
    "--perturb",
    is_flag=True,
    help="Measure robustness, too: scores with weaker motors, more mass, more damping, less "
    "friction, noisy sensors, and pushes.",
)
@click.option(
    "--compare",
    "comparing",
    is_flag=True,
    help="Compare every robot with the best one, episode by episode: is the difference "
    "significant, and how many episodes would tell?",
)
@click.option(
    "--workers",
    type=IntRange(min=0),
    help="Number of worker processes; 0 works in this one.  [default: one per core]",
)
@click.option("--cluster", metavar="ADDRESS", help="Dask scheduler, such as tcp://host:8786.")
@click.option(
    "--json",
    "json_to",
    metavar="FILE|-",
    help="Write the score records as JSON, and replace FILE if it exists; - is stdout.",
)
def score(
    robots: tuple[Path, ...],
    task: str,
    controller: str,
    episodes: int,
    seed: int,
    best_of: int | None,
    variant: int | None,
    finetune: int | None,
    top: int | None,
    root: str | None,
    perturb: bool,
    comparing: bool,
    workers: int | None,
    cluster: str | None,
    json_to: str | None,
) -> None:
    """Score robots, without training or after fine-tuning.

    A ROBOT is an MJCF, URDF, JSON or GraphML file; a FOLDER stands for all robots in it, a RUN for
    the designs that it wrote. The controller gives each robot a network of its own at once. A
    controller with variants has several networks for a robot; by default some are tried, and the
    best is scored. The score is the mean return over the episodes.

    \b
    codesign score my_robot.xml
    codesign score robots/ --best-of 16 --json scores.json
    codesign score my_robot.xml --finetune 500000
    codesign score robots/ --task flat,csr,obstacle
    codesign score before.xml after.xml --compare --episodes 32
    """
    from codesign import api
    from codesign.cli.console import new_console
    from codesign.cli.progress import finetuning_bar
    from codesign.config import cluster_at, usable_cores
    from morph_ops._text_file import write_text

    tasks = api.task_names(task)
    _check_tasks(tasks, {"--top": top, "--compare": comparing, "--finetune": finetune})
    found = api.find_robots(robots, controller=controller, root=root)
    _note_differences(robots, controller)
    _check_comparison(comparing, len(found), episodes)
    _check_target(json_to, [robot.path for robot in found if robot.path is not None])
    options: api.ScoreOptions = {
        "controller": controller,
        "episodes": episodes,
        "seed": seed,
        "best_of": best_of,
        "variant": variant,
        "finetune": finetune or 0,
        "top": top,
        "perturb": perturb,
        "workers": usable_cores() if workers is None else workers,
        "cluster": None if cluster is None else cluster_at(cluster),
    }
    with ExitStack() as stack:
        if finetune:
            bar = finetuning_bar(new_console(stderr=json_to == "-"), tasks[0])
            options["on_steps"] = stack.enter_context(bar)
        records: list[ScoreRecord] = []
        for name in tasks:
            options["task"] = name
            records += api.score(found, **options)
    if len(tasks) > 1:
        records = _comparable(records, options)
    text = json.dumps([record.to_dict() for record in records], indent=2, allow_nan=False)
    if json_to == "-":
        echo_data(f"{text}\n")
    else:
        if json_to is not None:
            write_text(json_to, text + "\n")
        _show(records if top is None else _best(records, top), found, comparing=comparing)
    if any(record.status == "failed" for record in records):
        raise SystemExit(1)


def _comparable(records: list[ScoreRecord], options: api.ScoreOptions) -> list[ScoreRecord]:
    """The records of several tasks, on one scale where their scores are not sums of speeds."""
    from codesign import api
    from codesign.cli.score_tables import are_sums_of_speeds
    from codesign.errors import UsageError

    if are_sums_of_speeds(records):
        return records
    try:
        return api.normalized(
            records,
            controller=options.get("controller", defaults.CONTROLLER),
            workers=options.get("workers", 0),
            cluster=options.get("cluster"),
        )
    except UsageError as error:
        echo(f"no mean over the tasks: {error}", err=True)
        return records


def _note_differences(robots: Sequence[Path], controller: str) -> None:
    """Say where a run moved its designs by something else than the controller as it is."""
    from codesign import api
    from codesign.store import RunFolder

    for run in filter(RunFolder.is_run, robots):
        difference = api.load_run(run).differs_from(controller)
        if difference is not None:
            echo(difference, err=True)


def _check_target(json_to: str | None, files: Sequence[Path]) -> None:
    """Refuse a file for records that cannot be written, or is a robot."""
    from codesign.errors import UsageError
    from morph_ops._text_file import require_writable

    if json_to is None or json_to == "-":
        return
    require_writable(json_to)
    if Path(json_to).resolve() in [file.resolve() for file in files]:
        raise UsageError(f"--json: {json_to} is a robot to score: choose another file")


def _best(records: Sequence[ScoreRecord], top: int) -> list[ScoreRecord]:
    """The best of the records that are complete, and those of robots that failed."""
    pruned = sum(record.status == "pruned" for record in records)
    echo(f"{pruned} of {len(records)} robots were pruned early")
    scored = [record for record in records if record.status in ("ok", "unstable")]
    failed = [record for record in records if record.status == "failed"]
    return [*sorted(scored, key=lambda record: -record.score)[:top], *failed]


def _check_tasks(tasks: Sequence[str], others: Mapping[str, object]) -> None:
    """Refuse options that take one task alone."""
    from codesign.errors import UsageError

    for name, value in others.items():
        if value and len(tasks) > 1:
            raise UsageError(f"{name}: expected one task, got {', '.join(tasks)}: leave it out")


def _check_comparison(comparing: bool, robots: int, episodes: int) -> None:
    """Refuse a comparison of one robot, or over one episode, before anything is simulated."""
    from codesign.errors import UsageError

    if comparing and robots < 2:
        raise UsageError(f"--compare: expected at least 2 robots, got {robots}")
    if comparing and episodes < 2:
        raise UsageError(f"--compare: expected at least 2 episodes, got {episodes}")


def _show(records: Sequence[ScoreRecord], found: Sequence[RobotFile], *, comparing: bool) -> None:
    from codesign.api import read_robots
    from codesign.cli.console import PIPE_WIDTH, new_console, print_table
    from codesign.cli.score_tables import (
        comparison_table,
        details_table,
        robustness_table,
        scores_table,
        tasks_table,
        warning_lines,
    )
    from codesign.scoring.comparison import comparisons
    from morph_ops import graph as body_graph

    console = new_console()
    whole = console.width >= PIPE_WIDTH
    if len({record.task for record in records}) > 1:
        print_table(console, tasks_table(records, whole_names=whole))
    else:
        print_table(console, scores_table(records, whole_names=whole))
    if len(records) == len(found) == 1 and records[0].status == "ok":
        [graph] = read_robots(found)[0]
        console.print(details_table(records[0], body_graph.node_names(graph)))
    if any("robustness" in record.metrics for record in records):
        print_table(console, robustness_table(records, whole_names=whole))
    if comparing:
        print_table(console, comparison_table(comparisons(records), whole_names=whole))
    for line in warning_lines(records):
        console.print(line, style="yellow", soft_wrap=True)
