"""Folders appear complete or not at all."""

from __future__ import annotations

import pytest

from codesign.errors import UsageError
from codesign.store.atomic import check_free, new_folder


def test_a_new_folder_keeps_the_other_files_of_the_old_one(tmp_path):
    out = tmp_path / "designs"
    with new_folder(out, replace="design-*") as draft:
        (draft / "design-01.json").write_text("old")
        (draft / "design-02.json").touch()
        (draft / "notes.txt").write_text("mine")
    with new_folder(out, replace="design-*") as draft:
        (draft / "design-01.json").write_text("new")
    found = {path.name: path.read_text() for path in out.iterdir()}
    assert found == {"design-01.json": "new", "notes.txt": "mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["designs"]


def test_an_old_folder_stays_if_the_new_one_fails(tmp_path):
    out = tmp_path / "designs"
    with new_folder(out) as draft:
        (draft / "notes.txt").touch()
    with pytest.raises(KeyError), new_folder(out, replace="design-*"):
        raise KeyError("oh")
    assert [path.name for path in tmp_path.rglob("*")] == ["designs", "notes.txt"]


def test_a_folder_below_a_file_is_refused_before_work_begins(tmp_path):
    (tmp_path / "notes.txt").touch()
    for path in ("notes.txt/run", "notes.txt/runs/first"):
        with pytest.raises(UsageError, match=r"cannot make .*: Not a directory; choose"):
            check_free(tmp_path / path)


def test_a_folder_that_must_not_be_written_to_is_refused_before_work_begins(tmp_path, monkeypatch):
    def refuse(**place):
        assert place["dir"] == tmp_path
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(UsageError, match=r"run: Permission denied; choose another folder"):
        check_free(tmp_path / "new" / "run")


def test_a_free_folder_leaves_no_trace(tmp_path):
    check_free(tmp_path / "new" / "run")
    assert not list(tmp_path.iterdir())
