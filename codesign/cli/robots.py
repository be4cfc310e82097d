"""Commands on robots and bodies: ``sample``, ``inspect`` and ``convert``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign import defaults
from codesign.cli.options import PATH, IntRange, root_option, seed_option
from codesign.cli.text import echo

if TYPE_CHECKING:
    import networkx as nx

    from codesign.api.inspection import Inspection


@click.command()
@click.option(
    "-n",
    "count",
    default=1,
    show_default=True,
    type=IntRange(min=1),
    help="Number of bodies.",
)
@seed_option("the bodies")
@click.option("--out", required=True, type=PATH, help="Folder to write; it must be new or empty.")
def sample(count: int, seed: int, out: Path) -> None:
    """Sample random bodies, and write them as JSON.

    The bodies come from the UNIMAL design space: a torso with capsules for limbs, on a grid of
    sizes, angles and joint ranges.
    """
    import numpy as np

    from codesign.store.atomic import new_folder
    from morph_ops.io.files import write_body
    from morph_ops.sampling import sample_body

    with new_folder(out) as draft:
        for index, child in enumerate(np.random.SeedSequence(seed).spawn(count)):
            body = sample_body(np.random.default_rng(child))
            write_body(body, draft / f"body-{index:04d}.json")
    echo(f"{count} bodies in {out}")


@click.command()
@click.argument("robot", type=PATH, metavar="ROBOT")
@root_option
@click.option(
    "--controller",
    default=defaults.CONTROLLER,
    show_default=True,
    metavar="NAME|FILE",
    help="Controller whose training bodies the robot is compared with.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def inspect(robot: Path, root: str | None, controller: str, as_json: bool) -> None:
    """Show a robot's tree of limbs and its size.

    The next lines say how the file was read, how near the robot is to the bodies that the
    controller learned on, and whether the body is valid in the UNIMAL design space, and why not.
    """
    from codesign.api.inspection import inspected
    from morph_ops.io.files import read_body

    graph = read_body(robot, root=root)
    found = inspected(graph, robot=robot, controller=controller)
    if as_json:
        echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        _print_inspection(graph, found)


def _print_inspection(graph: nx.DiGraph[str], found: Inspection) -> None:
    from codesign.api.inspection import grouped
    from codesign.cli.console import new_console
    from codesign.cli.tables import body_sizes, body_tree

    nodes, joints, mass = body_sizes(graph)
    console = new_console(highlight=False)
    console.print(body_tree(graph))
    console.print(f"{nodes} nodes, {joints} joints, {mass} kg")
    console.print(f"hash {found.hash}", soft_wrap=True)
    for line in found.suspicions:
        console.print(line, style="yellow", soft_wrap=True)
    if found.unlikeness is not None:
        console.print(
            f"unlikeness {found.unlikeness:.0f}: {found.unlikeness:.0f}% of the training bodies of "
            f"{found.controller} lie nearer to others than this robot",
            soft_wrap=True,
        )
    for line in found.outside:
        console.print(f"  {line}", soft_wrap=True)
    if found.own_physics:
        console.print("a robot with physics of its own:")
    for note in found.notes:
        console.print(f"  {note}", soft_wrap=True)
    if found.own_physics:
        return
    broken = grouped(graph, found.violations)
    console.print("a valid UNIMAL body" if not broken else "outside the UNIMAL design space:")
    for message in broken:
        console.print(f"  {message}", style="yellow", soft_wrap=True)


@click.command()
@click.argument("source", type=PATH, metavar="IN")
@click.argument("target", type=PATH, metavar="OUT")
@root_option
def convert(source: Path, target: Path, root: str | None) -> None:
    """Convert a robot file to another format.

    The file names decide: .xml is MJCF, .urdf URDF, .json the project's own format, .graphml
    GraphML. OUT must be new. Meshes of a URDF go into the folder OUT_meshes beside it. What the
    import approximated, left out or moved is printed.
    """
    from codesign.errors import UsageError
    from morph_ops._messages import shortened
    from morph_ops.graph import import_notes
    from morph_ops.io.files import read_body, write_body

    if source.resolve() == target.resolve():
        raise UsageError(f"{target} is the robot itself: choose another file")
    if target.is_file():
        raise UsageError(f"{target} exists: delete it or choose another file")
    graph = read_body(source, root=root)
    write_body(graph, target)
    echo(f"{target}")
    for note in import_notes(graph):
        echo(f"  {shortened(note)}", err=True)
