"""Campaigns and scores on a Dask cluster: a real scheduler and real workers on this machine."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codesign import config
from codesign.campaign import run
from codesign.scoring import ScoringPool, score
from codesign.store import Database
from morph_ops.io import json_file as jsonio
from morph_ops.sampling import sample_body
from tests.helpers.commands import call
from tests.helpers.dask_cluster import ENVIRONMENT, RunningCluster, free_port, started_cluster
from tests.helpers.run_processes import evolve_here, learned, rows, select

pytest.importorskip("distributed", reason="pip install 'codesign[cluster]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def started(tmp_path_factory) -> Iterator[RunningCluster]:
    yield from started_cluster(tmp_path_factory.mktemp("dask"))


@pytest.fixture
def running(started) -> RunningCluster:
    """A cluster with two workers; a test may kill them."""
    started.replace_dead_workers()
    return started


def test_scores_do_not_depend_on_the_location(running, tiny_controller):
    bodies = [sample_body(np.random.default_rng(seed)) for seed in (1, 2, 3, 4, 5)]
    here = score(bodies, controller=tiny_controller, episodes=2, seed=3)
    settings = {"controller": tiny_controller, "episodes": 2, "seed": 3}
    with ScoringPool(workers=0, cluster=running.cluster, **settings) as pool:
        there = pool.map(bodies)
    assert [replace(r, seconds=0.0) for r in there] == [replace(r, seconds=0.0) for r in here]


def codesign(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codesign", *arguments]
    return subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
    )


def test_evolve_on_a_cluster_of_its_own_and_resume_without_it(capsys, tiny_controller, tmp_path):
    file, out = tmp_path / "campaign.toml", tmp_path / "run"
    file.write_text(
        f'controller = "{tiny_controller}"\npopulation = 4\ngenerations = 1\nin_flight = 2\n'
        "episodes = 1\nreevaluation_episodes = 0\ntop = 1\n"
        "adaptation = {every = 1, steps = 600, bodies = 2, simulations = 2, threads = 1}\n"
        '[cluster]\nkind = "local"\nworkers = 1\n'
    )
    evolve_here(str(file), "--out", str(tmp_path / "here"), "--cluster", "none", "--workers", "1")
    done = codesign("evolve", str(file), "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert "with 1 thread of the local cluster" in (out / "log.txt").read_text()
    assert rows(out) == rows(tmp_path / "here")
    assert learned(out) == learned(tmp_path / "here")
    assert select(out, "SELECT count(*) FROM adaptations") == [(1,)]
    code, _, err = call(capsys, "evolve", "--resume", out, "--cluster", "none")
    assert (code, err) == (0, "")


def test_score_on_a_cluster(running, capsys, tiny_controller, tmp_path):
    robot = tmp_path / "robot.json"
    jsonio.write_json(sample_body(np.random.default_rng(1)), robot)
    common = (str(robot), "--controller", str(tiny_controller), "--episodes", "1", "--json", "-")
    _, here, _ = call(capsys, "score", *common, "--workers", 0)
    there = codesign("score", *common, "--cluster", running.address)
    assert (there.returncode, there.stderr) == (0, "")
    texts = [re.sub(r'"seconds": [0-9.e-]+', "", text) for text in (here, there.stdout)]
    assert texts[0] == texts[1]


def test_no_scheduler_leaves_no_run_folder(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("codesign.cluster.dask_pool.CONNECT_S", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    code, _, err = call(capsys, "evolve", "--out", tmp_path / "run", "--cluster", address)
    assert code == 2
    assert err.startswith(f"error: cluster: no Dask scheduler answers at {address}: ")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


SETTINGS = {
    "population": 6, "generations": 2, "in_flight": 3, "episodes": 1, "seed": 11,
    "finalists": 3, "reevaluation_episodes": 2, "top": 2,
}  # fmt: skip
COMPARED = """
SELECT c.number, generation, operator, parents, hash, duplicate_of, status, c.score, ci_low,
    ci_high, speed, distance, graph, json_remove(c.record, '$.seconds'),
    json_remove(r.record, '$.seconds')
FROM candidates AS c LEFT JOIN reevaluations AS r ON r.number = c.number ORDER BY c.number
"""


def campaign(
    path: Path, controller: Path, *, on_progress=lambda progress: None, **location
) -> list:
    """The rows of a run that was scored at a location."""
    settings = config.Settings.from_dict({**SETTINGS, "controller": str(controller)})
    Database.create(path)
    with (
        ScoringPool(
            controller=controller, episodes=settings.episodes, seed=settings.seed, **location
        ) as pool,
        Database(path) as database,
    ):
        run(settings, database=database, pool=pool, on_progress=on_progress)
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(COMPARED).fetchall()


def test_a_campaign_is_the_same_everywhere_also_when_a_worker_dies(
    running, tiny_controller, tmp_path
):
    victim, other = running.workers

    def kill_one(progress):
        if progress.done == 8:
            victim.send_signal(signal.SIGKILL)

    here = campaign(tmp_path / "here.sqlite", tiny_controller, workers=0)
    assert [row[0] for row in here] == list(range(18))
    assert {row[6] for row in here} == {"ok"}
    assert sum(row[-1] is not None for row in here) == 3
    assert campaign(tmp_path / "pool.sqlite", tiny_controller, workers=2) == here
    there = campaign(
        tmp_path / "dask.sqlite",
        tiny_controller,
        workers=0,
        cluster=running.cluster,
        on_progress=kill_one,
    )
    assert there == here
    assert victim.wait() == -signal.SIGKILL
    assert other.poll() is None
