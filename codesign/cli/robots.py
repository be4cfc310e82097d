"""Commands on robots and bodies: ``sample``, ``inspect`` and ``convert``."""

from __future__ import annotations

from pathlib import Path

import click

from codesign.cli.options import PATH, root_option, seed_option
from codesign.cli.text import echo


@click.command()
@click.option(
    "-n",
    "count",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
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
def inspect(robot: Path, root: str | None) -> None:
    """Show a robot's tree of limbs and its size.

    The last lines say whether the body is valid in the UNIMAL design space, and why not. For any
    other robot they say how it was read.
    """
    from codesign.cli.console import new_console
    from codesign.cli.tables import body_sizes, body_tree
    from morph_ops import graph as body_graph
    from morph_ops.identity import body_hash
    from morph_ops.io.files import read_body
    from morph_ops.validity import suspicions, violations

    graph = read_body(robot, root=root)
    nodes, joints, mass = body_sizes(graph)
    console = new_console(highlight=False)
    console.print(body_tree(graph))
    console.print(f"{nodes} nodes, {joints} joints, {mass} kg")
    console.print(f"hash {body_hash(graph)}", soft_wrap=True)
    for line in suspicions(graph):
        console.print(line, style="yellow", soft_wrap=True)
    physics = body_graph.physics(graph)
    if physics is not None:
        console.print("a robot with physics of its own:")
        for note in physics.notes:
            console.print(f"  {note}", soft_wrap=True)
        return
    broken = violations(graph)
    console.print("a valid UNIMAL body" if not broken else "outside the UNIMAL design space:")
    for message in broken:
        console.print(f"  {message}", style="yellow")


@click.command()
@click.argument("source", type=PATH, metavar="IN")
@click.argument("target", type=PATH, metavar="OUT")
@root_option
def convert(source: Path, target: Path, root: str | None) -> None:
    """Convert a robot file to another format.

    The file names decide: .xml is MJCF, .urdf URDF, .json the project's own format, .graphml
    GraphML. OUT must be new. Meshes of a URDF go into the folder OUT_meshes beside it.
    """
    from codesign.errors import UsageError
    from morph_ops.io.files import read_body, write_body

    if source.resolve() == target.resolve():
        raise UsageError(f"{target} is the robot itself: choose another file")
    if target.is_file():
        raise UsageError(f"{target} exists: delete it or choose another file")
    write_body(read_body(source, root=root), target)
    echo(f"{target}")
