"""The group of all commands, and how they end."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from typing import NoReturn

import click

from codesign import __version__
from codesign.cli.controller import controller
from codesign.cli.elites import elites
from codesign.cli.evolve import evolve
from codesign.cli.export import export, finetune
from codesign.cli.options import INTERRUPTED
from codesign.cli.query import query
from codesign.cli.replay import replay
from codesign.cli.report import report
from codesign.cli.robots import convert, inspect, sample
from codesign.cli.runs import runs, status
from codesign.cli.score import score
from codesign.cli.studio import studio
from codesign.cli.text import echo
from codesign.interrupts import terminations_as_interrupts

FAILED, WRONG_USE = 1, 2
DEBUG_VARIABLE = "CODESIGN_DEBUG"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codesign")
def cli() -> None:
    """Evolve robot bodies with controllers that need no training.

    A body is a tree of limbs, a robot in simulation. A controller network gives every body its
    own small network at once, so a body is scored by a few rollouts. Three things to do, and
    three to look at them:

    \b
    codesign evolve                         search for bodies that move fast
    codesign score my_robot.xml             score a robot that you designed
    codesign export runs/NAME --out best    take the best bodies away
    codesign report runs/NAME               what a search found, as a page
    codesign replay runs/NAME               the best bodies in motion, in 3D
    codesign studio my_robot.xml            change a robot by hand

    A robot is a file: MJCF (.xml), URDF (.urdf), the project's JSON (.json), or GraphML
    (.graphml).
    """


for command in (
    evolve,
    score,
    finetune,
    export,
    elites,
    sample,
    inspect,
    convert,
    status,
    report,
    replay,
    studio,
    runs,
    query,
):
    cli.add_command(command)
cli.add_command(controller)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit.

    Wrong input and failures end in one line on stderr. Set ``CODESIGN_DEBUG=1`` to see the
    traceback of an error.

    Args:
        arguments: Arguments of the command line; those of the process by default.
    """
    # Threads that wait must leave the cores to the simulations; torch reads this when it loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _replace_unprintable()
    try:
        with terminations_as_interrupts():
            sys.exit(cli.main(arguments, prog_name="codesign", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as help_text:
        help_text.show()
        sys.exit(WRONG_USE)
    except click.ClickException as error:
        _end(error.format_message(), WRONG_USE)
    except (KeyboardInterrupt, click.Abort):
        _end("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of the output has gone; Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        _explain(error)


def _replace_unprintable() -> None:
    """Print a question mark for what the terminal cannot show; Python would raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")


def _explain(error: Exception) -> NoReturn:
    # Imported late: these lead to the body packages, which help does not need.
    from codesign.errors import WRONG_INPUT, RunError
    from morph_ops._messages import one_line

    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    if isinstance(error, WRONG_INPUT):
        _end(one_line(error), WRONG_USE)
    if isinstance(error, RunError):
        _end(one_line(error), FAILED)
    _end(
        f"unexpected {type(error).__name__}: {one_line(error)} "
        f"(set {DEBUG_VARIABLE}=1 for the traceback)",
        FAILED,
    )


def _end(message: str, code: int) -> NoReturn:
    echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(code)
