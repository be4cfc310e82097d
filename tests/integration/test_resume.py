"""An interrupted and resumed run equals an uninterrupted one, on any number of workers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesign.store import RunFolder
from tests.helpers.made_once import made_once
from tests.helpers.run_processes import (
    STARTED,
    evolve_here,
    finish,
    history,
    kill_soon,
    rows,
    select,
    start,
    wait_for,
)

pytestmark = pytest.mark.slow

SETTINGS = ("population=6", "generations=5", "episodes=1", "in_flight=3", "top=2", "seed=11")
SETTINGS += ("reevaluation_episodes=2", "screened=0", "brood=1", "finetune_steps=0")
DESIGN = Path("designs", "design-01", "design-01.xml")
TOTAL = 36


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A test that fails half way must not leave its run behind."""
    yield
    while STARTED:
        STARTED.pop().kill()


def new_run(out: Path, controller: Path, *, workers: int) -> list[str]:
    """Options of a run."""
    settings = [f"--set={setting}" for setting in (*SETTINGS, f"controller={controller}")]
    return [*settings, "--out", str(out), "--workers", str(workers)]


def kinds(out: Path) -> list[tuple]:
    return select(out, "SELECT kind FROM events WHERE generation IS NULL ORDER BY id")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, tiny_controller):
    def make(folder: Path) -> None:
        evolve_here(*new_run(folder / "run", tiny_controller, workers=1))

    return made_once(tmp_path_factory, "uninterrupted", make) / "run"


def test_the_run_is_whole(uninterrupted):
    found = rows(uninterrupted, "number, generation")
    assert found == [(number, number // 6) for number in range(TOTAL)]
    assert {row[0] for row in rows(uninterrupted, "status")} == {"ok"}
    assert sorted(path.name for path in (uninterrupted / "designs").iterdir()) == [
        "design-01", "design-02", "designs.csv",
    ]  # fmt: skip


def test_two_workers_make_the_same_run(uninterrupted, tiny_controller, tmp_path):
    out = tmp_path / "run"
    evolve_here(*new_run(out, tiny_controller, workers=2))
    assert rows(out) == rows(uninterrupted)


def test_killed_twice_and_resumed(uninterrupted, tiny_controller, tmp_path):
    out = tmp_path / "run"
    rng = random.Random(5)
    process = start(*new_run(out, tiny_controller, workers=2))
    for count in (2, 9):
        wait_for(out, count, process)
        kill_soon(process, rng)
        assert len(rows(out, "number")) < TOTAL
        process = start("--resume", str(out), "--workers", "2")
    finish(process)
    assert rows(out) == rows(uninterrupted)
    assert history(out) == history(uninterrupted)
    assert kinds(uninterrupted) == [("started",), ("finished",)]
    assert kinds(out)[-2:] == [("resumed",), ("finished",)]
    assert (out / DESIGN).read_text() == (uninterrupted / DESIGN).read_text()


def terminal(process: subprocess.Popen) -> None:
    """Ctrl-C, which a terminal sends to the workers as well."""
    os.killpg(process.pid, signal.SIGINT)


@pytest.mark.parametrize("end", [terminal, subprocess.Popen.terminate])
def test_ctrl_c_says_how_to_continue(uninterrupted, tiny_controller, tmp_path, end):
    out = tmp_path / "run"
    process = start(*new_run(out, tiny_controller, workers=1))
    wait_for(out, 3, process)
    end(process)
    _, message = process.communicate(timeout=300)
    assert process.returncode == 130
    assert message == f"interrupted; to continue: codesign evolve --resume {out}\n"
    assert (out / DESIGN).exists()

    evolve_here("--resume", str(out), "--workers", "1")
    assert rows(out) == rows(uninterrupted)
    assert kinds(out) == [("started",), ("interrupted",), ("resumed",), ("finished",)]
    log = (out / "log.txt").read_text()
    assert [word in log for word in ("started: 36", "interrupted: ", "alarm: ")] == [True] * 3


def test_a_run_has_one_process_at_a_time(uninterrupted):
    with RunFolder(uninterrupted):
        second = start("--resume", str(uninterrupted))
        _, complaint = second.communicate(timeout=300)
    assert second.returncode == 2
    assert complaint == f"error: another process works on the run {uninterrupted}\n"
