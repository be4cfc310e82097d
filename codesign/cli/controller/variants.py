"""``codesign controller add-variants``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from codesign.cli.controller.files import write_controller
from codesign.cli.options import new_controller_options, set_option, training_set_option
from codesign.cli.text import echo


@click.command("add-variants")
@click.argument("controller", metavar="NAME|FILE")
@training_set_option
@new_controller_options
@set_option("search for variants", "variants=8")
def add_variants(
    controller: str,
    training_set_file: Path,
    name: str,
    out: Path,
    assignments: tuple[str, ...],
) -> None:
    """Give a controller several variants, for best-of-N.

    A variant is a perturbed context of the same body, from which the hypernetwork generates
    another network. Many are drawn at random; the new controller keeps those that complement
    each other: each moves bodies of the training set that the others do not.
    """
    from hyperdistill_core.settings import changed
    from hyperdistill_core.training import variant_search
    from hyperdistill_core.training.training_sets import TrainingSet

    def report(done: int, total: int) -> None:
        if done % 10 == 0:
            echo(f"{done} of {total} bodies")

    made = variant_search.add_variants(
        controller,
        TrainingSet.read(training_set_file),
        changed(variant_search.VariantSearchSettings(), assignments),
        report=report,
    )
    means = made.provenance["variants"]["mean of the best of the first"]
    echo("mean return of the best of the first 1, 2, ...: " + ", ".join(map(str, means)))
    write_controller(replace(made, name=name), out)
