"""Lookups by name: suggestions, lists of choices, and plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from morph_ops._registry import (
    Registry,
    is_plugin,
    load_plugin,
    lookup,
    require_name,
    split_plugin,
    unfit_plugin,
)
from morph_ops.errors import UnknownNameError


def number(name: str, found: Any) -> int:
    if not isinstance(found, int):
        raise unfit_plugin(name, what="task", expected="a number", found=found)
    return found


TASKS = Registry("task", {"flat": 1, "hills": 2}, plugin=number)


def test_finds_the_choice() -> None:
    assert lookup({"flat": 1, "hills": 2}, "hills", what="task") == 2
    assert TASKS.lookup("hills") == 2


def test_suggests_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"no task 'hill': did you mean 'hills'\?"):
        TASKS.lookup("hill")


def test_lists_the_choices_if_none_is_near() -> None:
    with pytest.raises(UnknownNameError, match=r"no task 'swim'\. Choices: flat, hills$"):
        lookup({"hills": 2, "flat": 1}, "swim", what="task")


def test_says_that_there_are_no_choices() -> None:
    with pytest.raises(UnknownNameError, match=r"^no task 'swim': there are none$"):
        lookup({}, "swim", what="task")


def test_a_registry_is_a_mapping_in_order() -> None:
    assert dict(TASKS) == {"flat": 1, "hills": 2}
    assert TASKS.names == ("flat", "hills")
    assert "flat" in TASKS
    assert len(TASKS) == 2
    assert repr(TASKS) == "Registry('task', flat, hills)"


def test_a_registry_does_not_follow_changes_of_its_entries() -> None:
    entries = {"flat": 1}
    registry = Registry("task", entries)
    entries["hills"] = 2
    assert registry.names == ("flat",)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with modules of the user, as the folder where the program started."""
    (tmp_path / "my_tasks.py").write_text("STAIRS = 3\nNAME = 'stairs'\n")
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_plugins_are_told_by_their_colon() -> None:
    assert is_plugin("my_tasks:STAIRS")
    assert not is_plugin("flat")
    assert split_plugin("a.b:c", what="task") == ("a.b", "c")


@pytest.mark.usefixtures("plugins")
def test_a_plugin_is_loaded_and_checked() -> None:
    assert TASKS.lookup("my_tasks:STAIRS") == 3
    assert load_plugin("my_tasks:NAME", what="task") == "stairs"
    with pytest.raises(UnknownNameError, match="no task 'my_tasks:NAME': expected a number, got"):
        TASKS.lookup("my_tasks:NAME")


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my tasks:STAIRS", "expected package.module:name"),
        ("my_tasks:", "expected package.module:name"),
        ("my_tasks:RIVER", "nothing called RIVER in my_tasks"),
        ("no_such_module:STAIRS", r"cannot import no_such_module \(ModuleNotFoundError"),
        ("my_broken:STAIRS", r"cannot import my_broken \(ZeroDivisionError: division by zero\)"),
    ],
)
def test_plugins_that_cannot_be_loaded_are_refused(name: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        TASKS.lookup(name)


def test_checking_a_name_imports_no_plugin() -> None:
    TASKS.require("no_such_module:STAIRS")
    with pytest.raises(UnknownNameError, match=r"expected package\.module:name"):
        TASKS.require("no such module:STAIRS")
    with pytest.raises(UnknownNameError, match="did you mean 'flat'"):
        TASKS.require("flt")


def test_a_registry_without_plugins_refuses_their_names() -> None:
    with pytest.raises(UnknownNameError, match=r"no engine 'math:pi'\. Choices: serial"):
        Registry("engine", {"serial": 1}).lookup("math:pi")


def test_a_long_name_is_cut_in_the_message():
    with pytest.raises(UnknownNameError, match="no task 'ffff") as caught:
        lookup({"flat": 1}, "f" * 5000, what="task")
    assert len(str(caught.value)) < 200


def test_the_beginning_of_a_name_suggests_it():
    """Not the name that shares more letters."""
    with pytest.raises(UnknownNameError, match="did you mean 'population'"):
        require_name(["top", "population"], "pop", what="setting")
