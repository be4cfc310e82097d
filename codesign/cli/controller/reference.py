"""``codesign controller add-reference``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from codesign.cli.controller.files import is_half, robots_in, write_controller
from codesign.cli.options import FOLDER, IntRange, new_controller_options, seed_option
from codesign.cli.text import echo


@click.command("add-reference")
@click.argument("controller", metavar="NAME|FILE")
@new_controller_options
@click.option(
    "--task",
    metavar="NAME|SCENE.xml",
    help="Task of the reference bodies; scores on others get no percentile.  "
    "[default: that of the controller's training]",
)
@click.option("--robots", type=FOLDER, help="Folder of robots that are reference bodies, too.")
@click.option(
    "--bodies",
    default=300,
    show_default=True,
    type=IntRange(min=6),
    help="Number of reference bodies besides: a third is sampled, the others evolve.",
)
@seed_option("the reference bodies and their episodes")
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=IntRange(min=0),
    help="Number of worker processes; 0 works in this one.",
)
def add_reference(
    controller: str,
    name: str,
    out: Path,
    task: str | None,
    robots: Path | None,
    bodies: int,
    seed: int,
    workers: int,
) -> None:
    """Give a controller the scores of reference bodies.

    Every score under the new controller on the same task then says what share of the reference
    bodies scores less. The controller acts as before, and its hash stays the same: weights in full
    precision stay so.
    """
    from codesign.scoring import load_controller
    from codesign.scoring.reference import reference_scores

    def report(done: int, total: int) -> None:
        if done % 50 == 0:
            echo(f"{done} of {total} bodies")

    loaded = load_controller(controller)
    scores = reference_scores(
        controller,
        bodies=bodies,
        robots=robots_in(robots) if robots else [],
        task=task,
        seed=seed,
        workers=workers,
        report=report,
    )
    echo(f"task {scores.task}: {scores.bodies}")
    for best_of, known in scores.scores.items():
        middle = known[len(known) // 2]
        echo(f"best-of-{best_of}: median {middle:.1f}, best {known[-1]:.1f}")
    new = replace(loaded, name=name, reference_scores=scores)
    write_controller(new, out, half=is_half(loaded))
