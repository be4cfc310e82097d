"""The examples of the documentation: Python runs, and command lines are understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from codesign.cli.main import cli

ROOT = Path(__file__).parents[2]
#: tests/integration/test_extending.py runs its examples as one file.
OWN_TEST = ("extending.md",)
PAGES = [
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "research" not in page.parts),
    ROOT / "README.md",
]
#: Searches of the pages are small ones here.
SMALL = "population=8, generations=1, episodes=1, reevaluation_episodes=2"
SMALL_QUICKSTART = [*SMALL.split(", "), "screened=8", "finetune_steps=0"]


def blocks(page: Path, language: str) -> list[str]:
    """Code of a language on a page, without the indentation of lists."""
    found = re.findall(rf"^([ ]*)```{language}\n(.*?)^\1```", page.read_text("utf-8"), re.S | re.M)
    return [re.sub(f"^{indent}", "", code, flags=re.M) for indent, code in found]


def command_lines() -> list[tuple[str, str]]:
    """Every line of the pages that calls ``codesign``, with its page."""
    lines = []
    for page in [*PAGES, *sorted((ROOT / "docs" / "research").glob("*.md"))]:
        text = page.read_text("utf-8")
        shown = [re.sub(r"\s*\\\n\s*", " ", block) for block in blocks(page, "console")]
        shown += [inline.replace("\n", " ") for inline in re.findall(r"`(codesign [^`]+)`", text)]
        for block in shown:
            for line in block.splitlines():
                line = line.removeprefix("$ ").strip()
                if line.startswith("codesign ") and "..." not in line:
                    lines.append((page.name, line))
    return lines


PYTHON_PAGES = [page for page in PAGES if blocks(page, "python") and page.name not in OWN_TEST]


@pytest.mark.slow
@pytest.mark.parametrize("page", PYTHON_PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": page.stem}
    for code in blocks(page, "python"):
        small = re.sub(r"population=\d+, generations=\d+(?=\))", SMALL, code)
        small = small.replace('["generations=2"]', str(SMALL_QUICKSTART))
        exec(compile(small, str(page), "exec", dont_inherit=True), scope)


def test_the_tutorial_names_the_custom_task_that_networks_learn():
    lines = [line for page, line in command_lines() if page == "custom-task.md"]
    [finetune] = [line for line in lines if line.startswith("codesign finetune runs/")]
    assert "--task lane:lane" in finetune


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_a_command_line_is_understood(page, line):
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="codesign")
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        assert name in command.commands, f"{page}: no command {name!r} in {line!r}"
        command = command.commands[name]
        context = click.Context(command, parent=context, info_name=name)
    if not words:  # the page names a command, without its arguments
        return
    try:
        command.make_parser(context).parse_args(words)
    except click.NoSuchOption as error:
        pytest.fail(f"{page}: {error.format_message()} in {line!r}")
