"""``codesign controller evaluate``: returns by split, beside a teacher's on the same seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesign import defaults
from codesign.cli.controller.files import robots_in
from codesign.cli.options import FILE, FOLDER, IntRange, seed_option

if TYPE_CHECKING:
    from hyperdistill_core.evaluation.evaluation import Evaluation
    from hyperdistill_core.evaluation.splits import Split

COLUMNS = (
    *("robots", "bodies", "return", "95% interval"),
    *("median", "worst", "best", "falls", "failure rate"),
)


@click.command()
@click.argument("checkpoint", metavar="NAME|FILE")
@click.argument("folders", nargs=-1, type=FOLDER, metavar="[FOLDER]...")
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME=N",
    help="Make a split of N bodies, such as mutants-1=100. Repeat it for more.",
)
@click.option(
    "--teacher", type=FILE, help="Second checkpoint to evaluate on the same bodies and seeds."
)
@click.option(
    "--task",
    default=defaults.TASK,
    show_default=True,
    metavar="NAME|SCENE.xml",
    help="Task of the bodies; flat is to run forward on flat ground.",
)
@click.option(
    "--episodes",
    default=4,
    show_default=True,
    type=IntRange(min=1),
    help="Number of episodes for each body.",
)
@seed_option("the splits and the episodes' initial states")
@click.option(
    "--best-of",
    default=1,
    show_default=True,
    type=IntRange(min=1),
    metavar="N",
    help="Try N controller variants on each body in short rollouts, and take the best.",
)
@click.option(
    "--blind",
    is_flag=True,
    help="Add rows of the controller or teacher with zeros in place of its height samples.",
)
@click.option(
    "--workers",
    type=IntRange(min=1),
    help="Number of worker processes.  [default: one per core]",
)
@click.option("--json", "json_to", type=FILE, help="Write the scores of every body as JSON.")
@click.option(
    "--markdown", "markdown_to", type=FILE, help="Write the table as Markdown, for a model card."
)
def evaluate(
    checkpoint: str,
    folders: tuple[Path, ...],
    splits: tuple[str, ...],
    teacher: Path | None,
    task: str,
    episodes: int,
    seed: int,
    best_of: int,
    blind: bool,
    workers: int | None,
    json_to: Path | None,
    markdown_to: Path | None,
) -> None:
    """Evaluate a controller or a teacher on many bodies.

    Bodies are the robots in folders, and splits, which are made for the evaluation.

    A split is made from the robots of the first FOLDER, or from sampled bodies: sampled,
    children, mutants-1 .. mutants-5, limb-length, limb-angle, joint-range, mass, armature,
    damping, gear; or a group of these: mutants, kinematics, dynamics, all.

    The failure rate is the share of bodies with a return below a tenth of the mean. Where a mean
    is not positive, it and ratios mean nothing: "-", and null in JSON.

    \b
    codesign controller evaluate flat-v3 robots/ --split mutants=20 --best-of 8
    """
    from rich.table import Table

    from codesign.cli.console import new_console
    from morph_ops._text_file import require_writable, write_text

    for target in (json_to, markdown_to):
        if target is not None:
            require_writable(target)
    _warn_of_floor(checkpoint, task)
    checkpoints = [checkpoint, *([str(teacher)] if teacher else [])]
    options = {"task": task, "seed": seed, "n_workers": workers}
    rows: list[list[str]] = []
    figures: dict[str, Any] = {}
    for split in _splits(folders, splits, seed=seed):
        figures[split.name], new_rows = _evaluate_split(
            split, checkpoints, episodes=episodes, best_of=best_of, blind=blind, options=options
        )
        rows += new_rows
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    new_console().print(table)
    if json_to is not None:
        write_text(json_to, json.dumps(figures, indent=2) + "\n")
    if markdown_to is not None:
        lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
        write_text(markdown_to, "".join(f"| {' | '.join(line)} |\n" for line in lines))


def _splits(folders: Sequence[Path], splits: Sequence[str], *, seed: int) -> list[Split]:
    """The folders as splits, and those that are made.

    Raises:
        UsageError: There is none, or two folders have the same name.
    """
    from codesign.errors import UsageError
    from hyperdistill_core.evaluation.splits import Entry, Split, make_splits

    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError(f"expected folders with different names, got {', '.join(names)}")
    counts = dict(_count(split) for split in splits)
    given = [
        Split(name, tuple(Entry(f"{n}", graph) for n, graph in enumerate(robots_in(folder))))
        for name, folder in zip(names, folders, strict=True)
    ]
    made = make_splits(counts, robots=given[0].entries if given else (), seed=seed)
    if not given and not made:
        raise UsageError("nothing to evaluate on: name a FOLDER of robots, or --split sampled=40")
    return [*given, *made]


def _count(split: str) -> tuple[str, int]:
    """Name and number of ``NAME=N``.

    Raises:
        UsageError: The text is not of that form.
    """
    from codesign.errors import UsageError

    name, _, number = split.partition("=")
    if not number.isdecimal():
        raise UsageError(f"--split {split}: expected NAME=N, such as sampled=40")
    return name, int(number)


def _warn_of_floor(checkpoint: str, task: str) -> None:
    """Say on stderr where a controller learned with the floor at another height."""
    from codesign.cli.text import echo
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.tasks import get_task
    from hyperdistill_core.training.teacher_file import is_teacher

    if not is_teacher(checkpoint):
        for line in Controller.load(checkpoint).floor_warnings(get_task(task)):
            echo(f"warning: {line}", err=True)


def _evaluate_split(
    split: Split,
    checkpoints: Sequence[str],
    *,
    episodes: int,
    best_of: int,
    blind: bool,
    options: dict[str, Any],
) -> tuple[dict[str, Any], list[list[str]]]:
    """Figures of a split, and its rows of the table.

    Args:
        split: Bodies.
        checkpoints: The controller, and a teacher to compare it with, if there is one.
        episodes: Number of episodes for each body.
        best_of: Number of variants to try, of the controller alone.
        blind: Whether to add the controller without its height samples.
        options: Other options of :func:`~hyperdistill_core.evaluation.evaluation.evaluate`.
    """
    from hyperdistill_core.evaluation.evaluation import evaluate as run
    from hyperdistill_core.evaluation.evaluation import paired_ratio, select_variants
    from morph_ops.identity import body_hash

    graphs = [entry.graph for entry in split.entries]
    checkpoint, *teachers = checkpoints
    variants = select_variants(graphs, checkpoint, best_of=best_of, **options)
    result = run(graphs, checkpoint, episodes=episodes, variants=variants, **options)
    rows = [_row(split.name, result)]
    figures: dict[str, Any] = {
        "best_of": best_of,
        "variants": variants,
        "hashes": [body_hash(graph) for graph in graphs],
        "summary": _plain(result),
        "scores": result.scores.tolist(),
    }
    others = [("teacher", run(graphs, name, episodes=episodes, **options)) for name in teachers]
    if blind:
        unseeing = run(
            graphs, checkpoint, episodes=episodes, variants=variants, blind=True, **options
        )
        others.append(("blind", unseeing))
    for name, other in others:
        ratio, low, high = paired_ratio(result.scores, other.scores)
        rows.append(_row(f"{split.name} {name}", other))
        known = not math.isnan(ratio)
        shown = (f"{ratio:.2f}", f"{low:.2f}..{high:.2f}") if known else ("-", "")
        rows.append([f"{split.name} ratio", "", *shown])
        rows[-1] += [""] * (len(COLUMNS) - len(rows[-1]))
        figures |= {
            f"{name}_summary": _plain(other),
            f"{name}_scores": other.scores.tolist(),
            f"{name}_ratio": [ratio, low, high] if known else None,
        }
    return figures, rows


def _row(name: str, result: Evaluation) -> list[str]:
    summary = result.summary()
    return [
        name,
        f"{summary['bodies']}",
        f"{summary['mean']:.1f}",
        f"{summary['low']:.1f}..{summary['high']:.1f}",
        *(f"{summary[key]:.1f}" for key in ("median", "worst", "best")),
        f"{summary['falls']:.0%}",
        "-" if math.isnan(summary["failure_rate"]) else f"{summary['failure_rate']:.0%}",
    ]


def _plain(result: Evaluation) -> dict[str, float | None]:
    """The summary of an evaluation for JSON, which has no NaN."""
    return {name: None if math.isnan(value) else value for name, value in result.summary().items()}
