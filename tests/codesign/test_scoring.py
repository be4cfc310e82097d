import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from codesign import config
from codesign.campaign import run
from codesign.config import Racing
from codesign.errors import UsageError
from codesign.exporting import export_run
from codesign.scoring import BodyScorer, ScoreRecord, ScoringPool, race_for_top, score
from codesign.scoring.robustness import PERTURBATIONS
from codesign.store import Database
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.controller.halving import select_variant
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops import graph as bodies_graph
from morph_ops.errors import UnknownNameError
from morph_ops.identity import body_hash
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def records(bodies, tiny_controller):
    return score(bodies, controller=tiny_controller, episodes=2, seed=3)


def unusable(body):
    """A body that is a graph, but that MuJoCo cannot compile."""
    name = bodies_graph.limbs(body)[0]
    return bodies_graph.with_nodes(
        body, [(name, replace(bodies_graph.limb(body, name), radius=0.0))]
    )


def test_a_record_adds_up(records, bodies):
    for record, body in zip(records, bodies, strict=True):
        assert record.status == "ok"
        assert record.hash == body_hash(body)
        assert len(record.returns) == len(record.lengths) == len(record.fell) == record.episodes
        assert record.score == pytest.approx(np.mean(record.returns))
        assert record.score == pytest.approx(sum(record.terms.values()))
        low, high = record.ci95
        assert low <= record.score <= high
        assert low < high
        assert record.distance == pytest.approx(record.score * 0.02)
        assert record.controller == "tiny"


def test_a_record_survives_json(records):
    text = json.dumps(records[0].to_dict(), allow_nan=False)
    assert ScoreRecord.from_dict(json.loads(text)) == records[0]


def test_a_record_of_before_steps_were_counted_is_read(records):
    plain = records[0].to_dict()
    assert plain.pop("steps") == sum(records[0].lengths)
    assert ScoreRecord.from_dict(plain) == records[0]


def test_a_record_of_before_variants_were_tried_is_read(records):
    plain = records[0].to_dict()
    assert plain.pop("variant") == 0
    assert ScoreRecord.from_dict(plain) == records[0]


def test_the_best_variant_is_scored(bodies, variant_controller):
    path = variant_controller
    controller, task = Controller.load(path), get_task("flat")
    plain = score(bodies, controller=path, episodes=2, best_of=1)
    assert score(bodies, controller=path, episodes=2)[0].variant == select_variant(
        bodies[0], controller, task=task, best_of=4
    )
    tried = score(bodies, controller=path, episodes=2, best_of=4)
    assert {record.variant for record in plain} == {0}
    for body, before, record in zip(bodies, plain, tried, strict=True):
        best = select_variant(body, controller, task=task, best_of=4)
        assert record.variant == best
        control = controller.for_body(body, task.model(body), variant=best)
        assert record.score == rollout(body, control, task=task, episodes=2).score
        assert record.steps > sum(record.lengths)
        assert before.steps == sum(before.lengths)
    assert any(record.variant for record in tried)
    with pytest.raises(UsageError, match=r"best_of: expected 1 \.\. 4, .* got 5"):
        score(bodies, controller=path, best_of=5)


def test_a_named_variant_is_scored_without_a_trial(bodies, variant_controller):
    scorer = BodyScorer(controller=variant_controller, episodes=2, best_of=4)
    for body in bodies:
        found = scorer(body)
        again = scorer(body, variant=found.variant)
        assert again.steps == sum(again.lengths) < found.steps
        assert (again.variant, again.returns) == (found.variant, found.returns)
    with pytest.raises(UsageError, match=r"best_of: expected 1 \.\. 1,"):
        BodyScorer(controller=replace(scorer._controller, variants=None), best_of=2)


def test_the_best_of_many_are_tried_once(bodies, variant_controller):
    known = {"controller": variant_controller, "episodes": 2, "best_of": 4}
    with ScoringPool(workers=0, racing=Racing(), **known) as pool:
        best = race_for_top(bodies, pool, top=3)
    scored = [record for record in best if record.status == "ok"]
    assert len(scored) == 3
    for record, body in zip(best, bodies, strict=True):
        whole = BodyScorer(**known)(body)
        assert (record.returns, record.variant) == (whole.returns, whole.variant)
        # One trial, the look's short episode, and the rest: no second trial.
        assert record.steps <= whole.steps + Racing().steps + sum(whole.lengths)


@pytest.mark.slow
def test_a_campaign_with_best_of_is_the_same_on_any_workers(variant_controller, tmp_path):
    asked = {"population": 6, "generations": 2, "episodes": 1, "best_of": 3, "in_flight": 3}
    asked |= {"reevaluation_episodes": 2, "finalists": 2, "top": 2, "controller": str(variant_controller)}
    rows = []
    for name, workers in (("alone", 0), ("two", 2)):
        settings = config.build({**asked, "workers": workers})
        Database.create(tmp_path / f"{name}.sqlite")
        with Database(tmp_path / f"{name}.sqlite") as database:
            with ScoringPool.of_campaign(settings) as pool:
                run(settings, database=database, pool=pool)
            found = [(c.hash, c.result.variant, c.score) for c in database.candidates()]
            best = database.best(2)
            rows.append((found, [c.reevaluation.variant == c.result.variant for c in best]))
            export_run(database, settings, tmp_path / name)
            for rank, candidate in enumerate(best, start=1):
                with np.load(tmp_path / name / f"design-{rank:02d}.npz") as arrays:
                    assert int(arrays["variant"]) == candidate.reevaluation.variant
    assert rows[0] == rows[1]
    assert all(rows[0][1])
    assert len({variant for _, variant, _ in rows[0][0]}) > 1
    other = config.build({**asked, "controller": "flat-v0", "best_of": 1, "workers": 0})
    with (
        Database(tmp_path / "alone.sqlite") as database,
        pytest.raises(UsageError, match="not the one that this run was scored by"),
    ):
        export_run(database, other, tmp_path / "other")


def test_json_has_the_promised_fields(records):
    plain = json.loads(json.dumps(records[0].to_dict()))
    kinds = {
        "robot": str, "hash": str, "task": str, "controller": str, "controller_hash": str,
        "episodes": int, "seed": int, "score": float, "ci95": list, "returns": list,
        "lengths": list, "fell": list, "terms": dict, "speed": float, "distance": float,
        "metrics": dict, "duty_factors": list, "warnings": list, "status": str, "steps": int,
        "seconds": float, "variant": int, "criteria": list,
    }  # fmt: skip
    assert {name: type(value) for name, value in plain.items()} == kinds


def test_a_record_tells_how_the_body_moved(records, bodies, tiny_controller):
    for record, body in zip(records, bodies, strict=True):
        names = {"work", "height", "contact", "symmetry"}
        assert names <= set(record.metrics) <= names | {"raw_cost_of_transport"}
        assert ("raw_cost_of_transport" in record.metrics) == (record.distance > 0)
        assert len(record.duty_factors) == len(body)
        assert max(record.duty_factors) <= record.metrics["contact"] <= 1.0


def test_one_body_may_be_scored_otherwise(bodies, tiny_controller):
    usual = BodyScorer(controller=tiny_controller, episodes=1, seed=0)
    other = BodyScorer(controller=tiny_controller, episodes=2, seed=5)(bodies[0])
    asked = usual(bodies[0], seed=5, episodes=2)
    assert replace(asked, seconds=0.0) == replace(other, seconds=0.0)


def test_robustness_is_the_mean_score_elsewhere(bodies, tiny_controller):
    task = get_task("flat")
    scorer = BodyScorer(controller=tiny_controller, episodes=2, robustness=True)
    record = scorer(bodies[0])
    control = Controller.load(tiny_controller).for_body(bodies[0], task.model(bodies[0]))
    scores = [
        rollout(world(bodies[0]), control, task=task, episodes=2).score for world in PERTURBATIONS.values()
    ]
    assert record.metrics["robustness"] == pytest.approx(np.mean(scores))
    assert len({record.score, *scores}) == 4


def test_worlds_change_one_thing_each(bodies):
    task = get_task("flat")
    before = task.model(bodies[0])
    models = {name: task.model(world(bodies[0])) for name, world in PERTURBATIONS.items()}
    hinges = slice(6, None)
    ratios = {
        "weak": models["weak"].actuator_gear[:, 0] / before.actuator_gear[:, 0],
        "heavy": models["heavy"].body_mass[1:] / before.body_mass[1:],
        "damped": models["damped"].dof_damping[hinges] / before.dof_damping[hinges],
    }
    for name, factor in (("weak", 0.8), ("heavy", 1.2), ("damped", 2.0)):
        np.testing.assert_allclose(ratios[name], factor, rtol=1e-9)
    np.testing.assert_array_equal(models["weak"].body_mass, before.body_mass)
    np.testing.assert_array_equal(models["heavy"].actuator_gear, before.actuator_gear)


def test_worker_processes_change_nothing(records, bodies, tiny_controller):
    parallel = score(bodies, controller=tiny_controller, episodes=2, seed=3, workers=2)
    assert [replace(r, seconds=0.0) for r in parallel] == [replace(r, seconds=0.0) for r in records]


def test_the_seed_is_of_the_episodes_alone(bodies, tiny_controller, records):
    other = score(bodies[:1], controller=tiny_controller, episodes=2, seed=4)
    assert other[0].returns != records[0].returns
    longer = score(bodies[:1], controller=tiny_controller, episodes=3, seed=3)
    assert longer[0].lengths[:2] == records[0].lengths


def test_one_episode_is_its_own_interval(bodies, tiny_controller):
    [record] = score(bodies[:1], controller=tiny_controller, episodes=1)
    assert record.ci95 == (record.score, record.score)


def test_an_error_is_a_record(bodies, tiny_controller):
    scorer = BodyScorer(controller=tiny_controller, episodes=2)
    record = scorer(unusable(bodies[0]))
    assert record.status == "failed"
    assert record.score == get_task("flat").worst_score
    assert record.ci95 == (record.score, record.score)
    assert record.returns == ()
    assert record.warnings[0].startswith("BodyError: ")
    assert scorer(bodies[0]).status == "ok"


def test_an_unstable_body_has_the_worst_score(bodies, tiny_controller, monkeypatch):
    monkeypatch.setattr(
        "hyperdistill_core.rollout.engine.unstable_simulations",
        lambda warning, qpos: np.ones(len(qpos), dtype=bool),
    )
    [record] = score(bodies[:1], controller=tiny_controller, episodes=2)
    assert record.status == "unstable"
    assert record.score == get_task("flat").worst_score
    assert sum(record.terms.values()) == record.score


def test_wrong_names(tiny_controller):
    with pytest.raises(UsageError, match="none-v9"):
        BodyScorer(controller="none-v9")
    with pytest.raises(UsageError, match="none-v9"):
        ScoringPool(controller="none-v9", workers=1)
    with pytest.raises(UnknownNameError, match="did you mean 'flat'"):
        BodyScorer(controller=tiny_controller, task="falt")
    with pytest.raises(ValueError, match="episodes: expected at least 1, got 0"):
        score([], controller=tiny_controller, episodes=0)
    with pytest.raises(ValueError, match="workers: expected at least 1, got 0"):
        score([], controller=tiny_controller, workers=0)


def test_a_pool_keeps_torch_out_of_its_own_process():
    program = "import sys, codesign.scoring, codesign.campaign; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
