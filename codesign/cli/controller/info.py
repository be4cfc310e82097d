"""``codesign controller list`` and ``info``."""

from __future__ import annotations

import click

from codesign.cli.text import echo


@click.command("list")
def list_controllers() -> None:
    """List the controllers that ship."""
    from hyperdistill_core.controller import available

    names = available()
    echo("\n".join(names) if names else "no controller ships with this installation")


@click.command()
@click.argument("name", metavar="NAME|FILE")
def info(name: str) -> None:
    """Show what a controller is, and how it was made."""
    import json

    from codesign.cli.console import new_console
    from codesign.scoring import load_controller
    from hyperdistill_core.tasks.sight import describe

    loaded = load_controller(name)
    config = loaded.network.config
    harmonics = config.clock_harmonics
    clock = f", with a clock phase input of 1 .. {harmonics} Hz" if harmonics else ""
    sight = f"; they see {describe(config.terrain_dim)}" if config.terrain_dim else ""
    console = new_console(highlight=False, soft_wrap=True)
    console.print(f"{loaded.name}  {loaded.hash}", style="bold")
    console.print(f"task {loaded.task}, context {loaded.context}")
    console.print(
        f"hypernetwork of {loaded.network.parameters:,} parameters; generates networks of "
        f"{config.hidden_layers + 1} x {config.hidden}{clock}{sight}"
    )
    console.print(f"{loaded.n_variants} variant{'s' * (loaded.n_variants > 1)}")
    for quantity, (low, high) in loaded.training_distribution.limits.items():
        console.print(f"trained on {quantity} {low:.4g}..{high:.4g}")
    for key, value in loaded.provenance.items():
        console.print(f"{key}: {json.dumps(value)}")
