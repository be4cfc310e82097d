"""Commands on single robots: ``score``, ``sample``, ``inspect`` and ``convert``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from codesign import defaults

FILE = click.Path(path_type=Path)
#: Files that cannot be scored are named up to so many.
_NAMED = 5
_BEST_OF_HELP = (
    f"Variants of a robot that are tried; the best is scored.  [default: {defaults.BEST_OF}, or all "
    "that the controller has; 1 with --top]"
)
_VARIANT_HELP = "Score this variant of every robot, as of a run's design."
_TOP = "Look for so many best of many: give up early who hardly can be among them."


@click.command()
@click.argument("robots", nargs=-1, required=True, type=FILE, metavar="ROBOT...")
@click.option("--task", default="flat", show_default=True, help="What the robots are to do.")
@click.option(
    "--controller", default=defaults.CONTROLLER, show_default=True, help="Name, or a file."
)
@click.option("--episodes", default=8, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--best-of", type=click.IntRange(min=1), help=_BEST_OF_HELP)
@click.option("--variant", type=click.IntRange(min=0), help=_VARIANT_HELP)
@click.option("--top", type=click.IntRange(min=1), help=_TOP)
@click.option("--workers", type=click.IntRange(min=0), help="Worker processes; one a core.")
@click.option("--cluster", metavar="ADDRESS", help="Dask scheduler, as tcp://host:port.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write the records as JSON; - is stdout.")
def score(
    robots: tuple[Path, ...],
    task: str,
    controller: str,
    episodes: int,
    seed: int,
    best_of: int | None,
    variant: int | None,
    top: int | None,
    workers: int | None,
    cluster: str | None,
    json_to: str | None,
) -> None:
    """Score robots without training: MJCF or JSON files, or folders of them."""
    from codesign.config import Racing, cluster_at, usable_cores
    from codesign.errors import UsageError
    from codesign.scoring import ScoringPool, load_controller, race_for_top
    from morph_ops._text_file import require_writable, write_text

    if variant is not None and (best_of is not None or top is not None):
        raise UsageError("--variant says which: expected neither --best-of nor --top beside it")
    if variant is not None and variant >= (known := load_controller(controller).n_variants):
        raise UsageError(
            f"--variant: expected 0 .. {known - 1}, as controller {controller} knows {known}"
            f" variant(s) of a body, got {variant}"
        )
    known_variants = _files(robots, controller)
    files = list(known_variants)
    variants = None if best_of or top else list(known_variants.values())
    if variant is not None:
        variants = [variant] * len(files)
    if json_to not in (None, "-"):
        require_writable(json_to)
        if Path(json_to).resolve() in [path.resolve() for path in files]:
            raise UsageError(f"--json: {json_to} is a robot to be scored: choose another file")
    location = None if cluster is None else cluster_at(cluster)
    graphs = _read_all(files)
    with ScoringPool(
        workers=min(usable_cores() if workers is None else workers, len(graphs)),
        controller=controller,
        task=task,
        episodes=episodes,
        seed=seed,
        best_of=1 if best_of is None and top is not None else best_of,
        variants=1 + max(known or 0 for known in variants or [0]),
        racing=None if top is None else Racing(),
        cluster=location,
    ) as pool:
        scored = race_for_top(graphs, pool, top=top) if top else pool.map(graphs, variants=variants)
    records = [replace(r, robot=str(path)) for path, r in zip(files, scored, strict=True)]
    text = json.dumps([record.to_dict() for record in records], indent=2, allow_nan=False)
    if json_to == "-":
        click.echo(text)
    else:
        if json_to is not None:
            write_text(json_to, text + "\n")
        _show(records if top is None else _best(records, top))
    if any(record.status == "failed" for record in records):
        raise SystemExit(1)


def _files(robots: tuple[Path, ...], controller: str) -> dict[Path, int | None]:
    """What is named: of a folder the robots in it, of a run those that it wrote as designs.

    Returns:
        Of each the variant that a run scored it under.
    """
    from codesign.exporting import variants_of
    from codesign.store import RunFolder
    from morph_ops.io.files import robot_files

    files: dict[Path, int | None] = {}
    for path in robots:
        if RunFolder.is_run(path):
            folder = RunFolder(path).designs
            variants = variants_of(folder, controller)
            files |= {file: variants.get(file.stem) for file in robot_files(folder)}
        else:
            files |= dict.fromkeys(robot_files(path) if path.is_dir() else [path])
    return files


def _read_all(files: list[Path]) -> list[Any]:
    """Their bodies.

    Raises:
        UsageError: some cannot be read, or have nothing to move; it names the first of them.
    """
    from codesign.errors import WRONG_INPUT, UsageError
    from morph_ops import graph as body_graph
    from morph_ops._messages import one_line
    from morph_ops.io.files import read_body

    graphs, wrong = [], []
    for path in files:
        try:
            graphs.append(read_body(path))
            if not any(body_graph.joints(graphs[-1])):
                wrong.append(f"{path}: expected a robot with a limb to move, got a torso alone")
        except WRONG_INPUT as error:
            wrong.append(one_line(error))
    if len(wrong) == 1:
        raise UsageError(wrong[0])
    if wrong:
        named = "; ".join(wrong[:_NAMED])
        raise UsageError(f"{len(wrong)} of {len(files)} robots cannot be scored: {named}")
    return graphs


def _best(records: list, top: int) -> list:
    """The best of those that were not stopped, and whatever failed."""
    pruned = sum(record.status == "pruned" for record in records)
    click.echo(f"{pruned} of {len(records)} robots were given up early")
    scored = [record for record in records if record.status in ("ok", "unstable")]
    failed = [record for record in records if record.status == "failed"]
    return [*sorted(scored, key=lambda record: -record.score)[:top], *failed]


def _show(records: list) -> None:
    from rich.console import Console

    from codesign.cli.tables import scores_table

    console = Console()
    console.print(scores_table(records))
    for record in records:
        for warning in record.warnings:
            console.print(f"{record.robot}: {warning}", style="yellow", markup=False)


@click.command()
@click.option("-n", "count", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--out", required=True, type=FILE, help="Folder; must be new or empty.")
def sample(count: int, seed: int, out: Path) -> None:
    """Draw random bodies of the UNIMAL space and write them as JSON."""
    import numpy as np

    from codesign.exporting import Design, export_designs
    from morph_ops.sampling import sample_body

    children = np.random.SeedSequence(seed).spawn(count)
    designs = [
        Design(name=f"body-{index:04d}", graph=sample_body(np.random.default_rng(child)))
        for index, child in enumerate(children)
    ]
    export_designs(designs, out, formats=["json"])
    click.echo(f"{len(designs)} bodies in {out}")


@click.command()
@click.argument("robot", type=FILE)
def inspect(robot: Path) -> None:
    """Draw a robot's tree, its numbers, and what keeps it from being a valid UNIMAL."""
    from rich.console import Console

    from codesign.cli.tables import body_tree, measures
    from morph_ops.identity import body_hash
    from morph_ops.io.files import read_body
    from morph_ops.validity.invariants import violations

    graph = read_body(robot)
    bodies, joints, mass = measures(graph)
    console = Console(highlight=False)
    console.print(body_tree(graph))
    console.print(f"{bodies} bodies, {joints} joints, {mass} kg")
    console.print(f"hash {body_hash(graph)}", soft_wrap=True)
    broken = violations(graph)
    console.print("a valid UNIMAL body" if not broken else "outside the UNIMAL space:")
    for message in broken:
        console.print(f"  {message}", style="yellow", markup=False)


@click.command()
@click.argument("source", type=FILE, metavar="IN")
@click.argument("target", type=FILE, metavar="OUT")
def convert(source: Path, target: Path) -> None:
    """Convert a robot between MJCF (.xml) and the project's JSON (.json)."""
    from codesign.errors import UsageError
    from morph_ops.io.files import read_body, write_body

    if source.resolve() == target.resolve():
        raise UsageError(f"{target} is the robot itself: choose another file")
    write_body(read_body(source), target)
    click.echo(f"{target}")
