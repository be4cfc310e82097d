"""Run folders: complete or not at all, locked, found and named."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesign.config import Settings
from codesign.errors import RunError, RunLockedError, UsageError
from codesign.store import Database, RunFolder, find_runs
from codesign.store.atomic import new_folder
from codesign.store.folder import LOCK, new_path
from codesign.store.founder import Founder
from morph_ops.sampling import sample_body


def test_settings_that_are_damaged_name_the_run(tmp_path):
    RunFolder.create(tmp_path / "run", Settings())
    (tmp_path / "run" / "settings.toml").write_text("population = -3")
    with pytest.raises(UsageError, match=r"run has damaged settings: population: .*got -3"):
        RunFolder(tmp_path / "run")


def test_a_run_folder_is_complete(tmp_path):
    settings = Settings(seed=4)
    folder = RunFolder.create(tmp_path / "deep" / "run", settings)
    assert RunFolder(folder.path).settings == settings
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "designs", "log.txt", "run.sqlite", "settings.toml",
    ]  # fmt: skip
    assert [path.name for path in folder.path.parent.iterdir()] == ["run"]
    with pytest.raises(UsageError, match="exists and is not empty"):
        RunFolder.create(folder.path, settings)


def test_nothing_is_left_of_a_folder_that_could_not_be_made(tmp_path, monkeypatch):
    def fail(path):
        raise OSError("disk full")

    monkeypatch.setattr(Database, "create", fail)
    with pytest.raises(OSError, match="disk full"):
        RunFolder.create(tmp_path / "run", Settings())
    assert list(tmp_path.iterdir()) == []


def test_a_lock_holds_until_it_is_released(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    with folder:
        other = RunFolder(tmp_path / "run")
        assert folder.locked
        assert other.locked
        with pytest.raises(UsageError, match="another process works on the run"), other:
            pass
    assert not folder.locked


def test_runs_are_found_and_named(tmp_path):
    assert find_runs(tmp_path / "none") == []
    with new_path(tmp_path, name="quickstart", seed=3) as first:
        with new_path(tmp_path, name="quickstart", seed=3) as second:
            assert second.name == f"{first.name}-2"
        assert not second.exists()
        RunFolder.create(first, Settings())
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "other").mkdir()
    assert find_runs(tmp_path) == [first]


def test_a_run_of_another_version_is_refused_in_one_line(tmp_path):
    """The settings of an old run have other names; the message is about the version."""
    folder = RunFolder.create(tmp_path / "run", Settings())
    (folder.path / "settings.toml").write_text("tries = 3\nreadings = 1\n")
    with pytest.raises(UsageError, match="damaged settings: no setting 'tries'"):
        RunFolder(folder.path)
    with closing(sqlite3.connect(folder.path / "run.sqlite")) as database:
        database.execute("PRAGMA user_version = 4")
    with pytest.raises(UsageError, match=r"schema version 4, expected 7: .*made the run$"):
        RunFolder(folder.path)


HOLD = """
import sys
from pathlib import Path
from codesign.store import RunFolder
with RunFolder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_excludes_other_processes_until_its_own_is_killed(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder.path)], **pipes) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert folder.locked
        with pytest.raises(RunLockedError, match="another process works on the run"), folder:
            pass
        holder.kill()
    assert (folder.path / LOCK).exists()
    assert not folder.locked
    with folder:
        assert folder.locked


def test_a_lock_that_cannot_be_written_is_one_line(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    (folder.path / LOCK).mkdir()
    with pytest.raises(RunError, match=r"^cannot write to .*run\.lock: Is a directory"), folder:
        pass
    assert not folder.locked


def test_of_two_starts_in_one_folder_the_later_one_gets_one_line(tmp_path):
    path = tmp_path / "run"

    def start_slowly():
        with new_folder(path) as draft:
            (draft / "mine").touch()
            RunFolder.create(path, Settings())  # the other process is faster

    with pytest.raises(UsageError, match=r"cannot make the folder .*run: .*; choose another"):
        start_slowly()
    assert RunFolder.is_run(path)
    assert not list(tmp_path.glob(".run-*"))


@pytest.mark.parametrize("name", ["log.txt", "run.sqlite", "designs", "start/00000.json"])
def test_links_out_of_the_folder_are_refused(tmp_path, name):
    folder = RunFolder.create(tmp_path / "run", Settings()).path
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine\n")
    place = folder / name
    place.parent.mkdir(exist_ok=True)
    if place.is_dir():
        place.rmdir()
    place.unlink(missing_ok=True)
    place.symlink_to(outside if name == "designs" else outside / "file")
    with pytest.raises(UsageError, match=f"got {name}, a link out of the folder"):
        RunFolder(folder)
    assert (outside / "file").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["start/variants.json", "networks/0.npz"])
def test_a_pipe_in_the_folder_is_refused(tmp_path, name):
    folder = RunFolder.create(tmp_path / "run", Settings()).path
    (folder / name).parent.mkdir()
    os.mkfifo(folder / name)
    with pytest.raises(UsageError, match=f"got {name}, a pipe or a device"):
        RunFolder(folder)


def test_variants_that_are_no_list_of_numbers_are_damaged(tmp_path):
    body = sample_body(np.random.default_rng(0))
    run = RunFolder.create(tmp_path / "run", Settings(), start=[Founder(body, 1)])
    file = run.path / "start" / "variants.json"
    for text in ("{", "[" * 100_000, "[1, 2]", "3", '["a"]', "[NaN]"):
        file.write_text(text)
        with pytest.raises(UsageError, match=r"variants\.json is damaged"):
            run.start()


def test_a_name_that_no_folder_can_have_is_no_run():
    assert not RunFolder.is_run(Path("9" * 5000))


def test_a_run_folder_may_be_reached_by_a_link(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings()).path
    (folder / "designs" / "best").symlink_to(folder / "settings.toml")
    (tmp_path / "link").symlink_to(folder)
    assert RunFolder(tmp_path / "link").settings == Settings()
