"""``codesign controller``: which controllers there are and how they were made."""

from __future__ import annotations

import click

from codesign.cli.calibration import calibrate
from codesign.cli.evaluate import evaluate
from codesign.cli.training import COMMANDS


@click.group()
def controller() -> None:
    """List, inspect, train and evaluate controllers."""


for command in (*COMMANDS, evaluate, calibrate):
    controller.add_command(command)


@controller.command("list")
def list_() -> None:
    """List the controllers that ship."""
    from hyperdistill_core.controller.checkpoints import available

    names = available()
    click.echo("\n".join(names) if names else "none ships with this installation")


@controller.command()
@click.argument("name", metavar="NAME|FILE")
def info(name: str) -> None:
    """Show what a controller is, and how it was made."""
    import json

    from rich.console import Console

    from codesign.scoring import load_controller

    loaded = load_controller(name)
    shape = loaded.network.config
    parameters = sum(parameter.numel() for parameter in loaded.network.parameters())
    clock = f" that hear a clock of 1 .. {shape.clock_harmonics} Hz" if shape.clock_harmonics else ""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{loaded.name}  {loaded.hash}", style="bold")
    console.print(f"task {loaded.task}, context {loaded.context}")
    console.print(
        f"hypernetwork of {parameters:,} parameters; "
        f"makes networks of {shape.hidden_layers + 1} x {shape.hidden}{clock}"
    )
    console.print(f"{loaded.n_variants} variant{'s' * (loaded.n_variants > 1)} of a body")
    for quantity, (low, high) in loaded.training_distribution.limits.items():
        console.print(f"trained on {quantity} {low:.4g}..{high:.4g}", markup=False)
    for key, value in loaded.provenance.items():
        console.print(f"{key}: {json.dumps(value)}", markup=False)
