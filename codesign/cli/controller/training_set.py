"""``codesign controller training-set``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from codesign.cli.controller.files import robots_in
from codesign.cli.options import FILE, FOLDER, IntRange, set_option
from codesign.cli.text import echo

#: Number of episodes in which a new body is scored before it is accepted.
EPISODES = 2


@click.command("training-set")
@click.option("--robots", type=FOLDER, help="Folder of robots to start with.")
@click.option(
    "--held-out",
    type=FOLDER,
    help="Folder of test robots: no body of the training set has the body plan of one of them.",
)
@click.option(
    "--controller",
    metavar="NAME|FILE",
    help="Accept only bodies that this controller moves, or that stay upright under it.",
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=IntRange(min=1),
    help="Number of worker processes that score bodies under --controller.",
)
@click.option("--out", required=True, type=FILE, help="File to write (.jsonl).")
@set_option("training set", "mutants=500")
def training_set(
    robots: Path | None,
    held_out: Path | None,
    controller: str | None,
    workers: int,
    out: Path,
    assignments: tuple[str, ...],
) -> None:
    """Make the set of bodies for a training.

    A training set holds the robots, mutants and crossovers of them, and sampled bodies. With
    --controller it can also hold bodies that evolved under that controller, from the robots
    (--set evolved=1000) and from the best of sampled bodies (--set founders=50).
    """
    from codesign.scoring import ScoringPool
    from hyperdistill_core.settings import changed
    from hyperdistill_core.training.training_sets import TrainingSetSettings, make_training_set
    from morph_ops._text_file import require_writable

    settings = changed(TrainingSetSettings(), assignments)
    out.parent.mkdir(parents=True, exist_ok=True)
    require_writable(out)

    def report(done: int, total: int) -> None:
        if done % 100 == 0:
            echo(f"{done} of {total} bodies")

    with ExitStack() as stack:
        scorers = None
        if controller is not None:
            pool = ScoringPool(
                workers=workers,
                controller=controller,
                task=settings.task,
                episodes=EPISODES,
                seed=settings.seed,
            )
            scorers = stack.enter_context(pool)
        made = make_training_set(
            settings,
            robots=robots_in(robots) if robots else [],
            held_out=robots_in(held_out) if held_out else [],
            score=scorers.scores_and_lengths if scorers else None,
            report=report,
        )
    made.write(out)
    echo(f"{len(made)} bodies in {out}")
