"""``codesign report`` from the command line."""

from __future__ import annotations

import shutil

from codesign import api
from tests.helpers.commands import call


def test_the_page_is_named(capsys, tmp_path, small_run):
    page = tmp_path / "page.html"
    code, out, err = call(capsys, "report", small_run, "--out", page, "--top", 1)
    assert (code, out.strip(), err) == (0, str(page), "")
    assert page.is_file()


def test_several_runs_are_compared(capsys, tmp_path, small_run):
    page, other = tmp_path / "page.html", tmp_path / "other"
    shutil.copytree(small_run, other)
    code, _, _ = call(capsys, "report", small_run, other, "--out", page)
    assert code == 0
    assert "Comparison of 2 runs" in page.read_text("utf-8")


def test_wrong_use_is_one_line(capsys, tmp_path, small_run):
    code, _, err = call(capsys, "report", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "is not a run folder" in err
    code, _, err = call(capsys, "report", small_run, small_run, "--watch")
    assert (code, "--watch applies to the page of one run" in err) == (2, True)


def test_watch_writes_the_page_until_the_run_ends(capsys, tmp_path, small_run, monkeypatch):
    states, waits = iter(["running", "running", "finished"]), []

    class Status:
        @property
        def status(self):
            return type("Known", (), {"state": next(states)})

    monkeypatch.setattr(api, "load_run", lambda path: Status())
    monkeypatch.setattr("codesign.cli.report.time.sleep", waits.append)
    page = tmp_path / "page.html"
    code, out, _ = call(capsys, "report", small_run, "--out", page, "--watch")
    assert (code, out.count("\n"), waits) == (0, 1, [api.REFRESH_S] * 2)
