"""Writes the command line's own help into its reference page, when the site is built.

A line ``{{ help }}`` of a page becomes a section for every command with the text of its ``--help``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from codesign.cli.main import cli

_MARK = "{{ help }}"
_WIDTH = 96


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark of a page by the help of all commands; MkDocs calls this for each page."""
    return markdown.replace(_MARK, "\n".join(_sections(cli, "codesign", None)))


def _sections(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    widths = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(
        command, parent=parent, info_name=name, **{**command.context_settings, **widths}
    )
    title = context.command_path
    depth = 2 if title.count(" ") < 2 else 3
    yield f"{'#' * depth} {title}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in sorted(command.commands):
            yield from _sections(command.commands[child], child, context)
