"""``codesign controller average``."""

from __future__ import annotations

import math
from pathlib import Path

import click

from codesign.cli.controller.files import write_controller
from codesign.cli.options import new_controller_options, training_set_option


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="NAME|FILE[=WEIGHT]...")
@training_set_option
@new_controller_options
def average(sources: tuple[str, ...], training_set_file: Path, name: str, out: Path) -> None:
    """Average the weights of controllers that were trained from one another.

    The mean of several trainings from one beginning is often better than each of them, and falls
    less. The new controller has one variant; 'codesign controller add-variants' adds more.

    \b
    codesign controller average flat-v3 training/next.safetensors=0.5 \\
        --training-set bodies.jsonl --name mean --out mean
    """
    from codesign.scoring import load_controller
    from hyperdistill_core.training.controller_average import average_controllers
    from hyperdistill_core.training.training_sets import TrainingSet

    weighted = [_weighted(source) for source in sources]
    made = average_controllers(
        [load_controller(source) for source, _ in weighted],
        TrainingSet.read(training_set_file),
        name=name,
        weights=[weight for _, weight in weighted],
    )
    write_controller(made, out)


def _weighted(source: str) -> tuple[str, float]:
    """A source and its weight; a name may have an equals sign itself."""
    name, sign, text = source.rpartition("=")
    try:
        weight = float(text)
    except ValueError:
        return source, 1.0
    return (name, weight) if sign and math.isfinite(weight) else (source, 1.0)
