"""``codesign controller``: make, inspect and evaluate controllers.

The files, and the commands in them:

    training_set  training-set
    teacher       train-teacher
    distillation  collect, distill
    average       average
    variants      add-variants
    reference     add-reference
    evaluation    evaluate
    calibration   calibrate
    info          list, info
    files         robots and controllers in folders
"""

from __future__ import annotations

import click

from codesign.cli.controller.average import average
from codesign.cli.controller.calibration import calibrate
from codesign.cli.controller.distillation import collect, distill
from codesign.cli.controller.evaluation import evaluate
from codesign.cli.controller.info import info, list_controllers
from codesign.cli.controller.reference import add_reference
from codesign.cli.controller.teacher import train_teacher
from codesign.cli.controller.training_set import training_set
from codesign.cli.controller.variants import add_variants

__all__ = ["controller"]


@click.group()
def controller() -> None:
    """List, inspect, train and evaluate controllers.

    A controller is made in stages. Each stage writes a file or folder of its own: training-set,
    then train-teacher, then collect and distill, or train-teacher alone with --kind generalist.
    Run again, train-teacher, collect and distill continue where they stopped.
    """


for command in (
    list_controllers,
    info,
    training_set,
    train_teacher,
    collect,
    distill,
    average,
    add_variants,
    add_reference,
    evaluate,
    calibrate,
):
    controller.add_command(command)
