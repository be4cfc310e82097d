"""Text on the terminal: names and messages of strangers as characters that can be seen.

A control character in the name of a file or in a database could clear the screen, or hide what a
command says. All text of the commands goes through :func:`visible`: lines by :func:`echo`, tables
by the console of :mod:`codesign.cli.console`.
"""

from __future__ import annotations

import sys

import click


def visible(text: str) -> str:
    """A text with escape sequences in place of its control and formatting characters.

    Line breaks and tabs stay.

    Args:
        text: Any text.

    Examples:
        >>> print(visible("\\x1b[2Jbody"))
        \\x1b[2Jbody
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


def echo(text: str, *, err: bool = False) -> None:
    """Print a line for people.

    Args:
        text: The line.
        err: Whether it goes to standard error.
    """
    click.echo(visible(text), err=err)


def echo_data(text: str) -> None:
    """Print data for programs: as it is, unless standard output is a terminal.

    Args:
        text: The data, with its line breaks.
    """
    click.echo(visible(text) if sys.stdout.isatty() else text, nl=False)
