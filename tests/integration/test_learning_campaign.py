"""A campaign whose controller and finalists learn: what leaves it uses what they learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import codesign
from codesign.campaign import read_founders
from codesign.campaign.adaptation import Adaptations
from codesign.report.episodes import recordings_of
from codesign.scoring import load_controller
from codesign.store import RunFolder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tiny_controller, tmp_path_factory):
    """A run whose adapted controllers are kept, although they have hardly learned."""
    settings = codesign.Settings.from_dict(
        {
            "population": 6,
            "generations": 2,
            "episodes": 1,
            "finalists": 3,
            "reevaluation_episodes": 2,
            "top": 2,
            "workers": 1,
            "controller": str(tiny_controller),
            "adaptation": {"every": 1, "steps": 1000, "bodies": 4, "simulations": 2, "threads": 1},
            "finetune_steps": 800,
        }
    )
    score = Adaptations._score

    def praised(self, candidates, controller_hash, **fresh):
        records = score(self, candidates, controller_hash, **fresh)
        name = str(self._pool.controller)
        praise = 1e4 * int(Path(name).stem[-3:]) if "adapted-" in name else 0.0
        return {n: replace(record, score=record.score + praise) for n, record in records.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Adaptations, "_score", praised)
        return codesign.evolve(settings, out=tmp_path_factory.mktemp("learning") / "run")


def test_the_run_is_finished_and_keeps_what_it_needs(run):
    assert run.status.state == "finished"
    with run.database() as database:
        assert [a.kept for a in database.adaptations()] == [True, True]
        assert len(database.rescores(6)) >= 6
    names = sorted(file.name for file in run.path.iterdir() if file.is_dir())
    assert names == ["controllers", "designs", "networks"]
    assert len(list((run.path / "networks").iterdir())) == 3
    log = (run.path / "log.txt").read_text()
    assert log.count("adaptation: adaptation") == 2


def test_adapted_controllers_are_controllers(run, tiny_controller):
    first, second = (load_controller(f) for f in sorted((run.path / "controllers").iterdir()))
    assert (first.name, second.name) == ("adapted-001", "adapted-002")
    given = load_controller(tiny_controller)
    assert len({given.hash, first.hash, second.hash}) == 3
    assert first.training_distribution == given.training_distribution


def test_designs_are_ranked_by_what_they_learned(run):
    best = run.best(3)
    assert all(candidate.final is candidate.finetuned for candidate in best)
    scores = [candidate.final.score for candidate in best]
    assert scores == sorted(scores, reverse=True)
    # (two rounds of 1,200 control steps: all three, then the best of them)
    steps = [candidate.final.metrics["finetune_steps"] for candidate in best]
    assert sorted(steps) == [400, 400, 1600]
    for candidate in best:
        metrics = candidate.final.metrics
        assert np.isfinite(metrics["best_of_score"])
        assert metrics["zero_shot_score"] == candidate.reevaluation.score
        assert run.controller_of(candidate).endswith("adapted-002.safetensors")


def test_designs_bring_their_own_networks(run):
    for rank, candidate in enumerate(run.best(2), start=1):
        folder = run.designs / f"design-{rank:02d}"
        record = json.loads((folder / f"{folder.name}.record.json").read_text())
        assert record["controller"] == "adapted-002"
        assert record["finetuned_score"] == candidate.final.score
        own = run.own_network(candidate)
        with np.load(folder / f"{folder.name}.npz") as arrays:
            np.testing.assert_array_equal(arrays["weight_0"], own.arrays()["weight_0"])


def test_recordings_are_the_first_episodes_of_the_scores(run):
    best = run.best(2)
    found, why = recordings_of(best, RunFolder(run.path), everywhere=1)
    assert why is None
    for candidate in best:
        total = found[candidate.number]["flat"].rewards.sum()
        assert total == pytest.approx(candidate.final.returns[0], abs=1e-6)


def test_replays_and_reports_show_them(run, tmp_path):
    codesign.write_replay(run.path, out=tmp_path / "replay.svg")
    page = codesign.write_report(run, out=tmp_path / "report.html").read_text()
    assert "learned on by 1,000 control steps after every 1 generations" in page
    assert "800 control steps on average" in page


def test_a_search_can_start_from_it(run):
    settings = codesign.Settings(start=str(run.path), population=4)
    founders = read_founders(settings)
    assert [f.graph.number_of_nodes() for f in founders]
