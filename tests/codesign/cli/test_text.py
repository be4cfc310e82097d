"""Names and messages of strangers reach the terminal as characters that can be seen."""

from __future__ import annotations

import io
import shutil
import sqlite3
from pathlib import Path

import pytest
from rich.table import Table
from rich.tree import Tree

import codesign.cli
from codesign.cli.console import PlainConsole
from codesign.cli.text import visible
from tests.codesign.cli.conftest import Command

CLEAR = "\x1b[2J"
SHOWN = r"\x1b[2J"


def test_control_and_formatting_characters_are_shown() -> None:
    assert visible(f"a{CLEAR}b\r\x07\x9b\u202ec\udc80\n\té") == (
        r"a\x1b[2Jb\r\x07\x9b\u202ec\udc80" + "\n\té"
    )


def test_the_console_shows_text_of_every_kind_as_it_is() -> None:
    text = io.StringIO()
    console = PlainConsole(file=text, width=80)
    name = f"[bold]{CLEAR}[/nope]:smile:"
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    for part in (name, table, Tree(name)):
        console.print(part)
    assert "\x1b" not in text.getvalue()
    assert text.getvalue().count(f"[bold]{SHOWN}[/nope]:smile:") == 6


def test_commands_print_in_no_other_way() -> None:
    folder = Path(codesign.cli.__file__).parent
    for file in folder.rglob("*.py"):
        source = file.read_text("utf-8")
        assert "click.echo(" not in source or file.name == "text.py", file
        assert " Console(" not in source, file


def test_status_and_query_show_what_a_database_holds(
    run: Command, small_run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(small_run, folder)
    with sqlite3.connect(folder / "run.sqlite") as database:
        database.execute("UPDATE candidates SET operator = '[/nope]' || char(27) || '[2J'")
    assert f"[/nope]{SHOWN}" in run("status", folder).replace("\n", "")
    out = run("query", folder, "SELECT char(27) || '[31mred' AS a")
    assert r"\x1b[31mred" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("command", ["score", "inspect"])
def test_an_error_shows_the_name_of_a_file(command: str, refused: Command, tmp_path: Path) -> None:
    file = tmp_path / f"{CLEAR}.xml"
    file.write_text("<mujoco>")
    error = refused(command, file)
    assert SHOWN in error
    assert "\x1b" not in error


def test_a_score_shows_the_name_of_a_robot(
    run: Command,
    bodies: Path,
    tiny_controller: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(f"[red]{CLEAR}.json")
    shutil.copy(next(bodies.glob("*.json")), file)
    out = run("score", file, "--controller", tiny_controller, "--episodes", 1, "--best-of", 1,
              "--workers", 0)  # fmt: skip
    assert "\x1b" not in out
    assert f"[red]{SHOWN}" in out
