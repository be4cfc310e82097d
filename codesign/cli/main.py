"""The group of all commands, and how they end."""

from __future__ import annotations

import os
import sys
import traceback

import click

from codesign import __version__
from codesign.cli.controller import controller
from codesign.cli.evolve import evolve
from codesign.interrupts import terminations_as_interrupts
from codesign.cli.query import query
from codesign.cli.robots import convert, inspect, sample, score
from codesign.cli.runs import export, runs, status

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130
DEBUG_VARIABLE = "CODESIGN_DEBUG"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codesign")
def cli() -> None:
    """Evolve robot bodies with controllers that need no training."""


for command in (evolve, score, sample, inspect, convert, export, status, runs, query, controller):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit.

    Wrong input and failures end in one line on stderr. Set ``CODESIGN_DEBUG=1`` to see
    where an unexpected failure came from.
    """
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
        # The reader of our output has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        _explain(error)


def _explain(error: Exception) -> None:
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
        f"(set {DEBUG_VARIABLE}=1 to see where)",
        FAILED,
    )


def _end(message: str, code: int) -> None:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(code)
