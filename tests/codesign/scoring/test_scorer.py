"""Scores of single bodies."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.scoring import BodyScorer, score
from codesign.scoring.perturbations import PERTURBATIONS, SCORE_WHEN
from hyperdistill_core.controller import Controller, select_variant
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.sampling import sample_body


def unusable(body):
    """A body that MuJoCo cannot compile."""
    name = body_graph.limbs(body)[0]
    return body_graph.with_nodes(body, [(name, replace(body_graph.limb(body, name), radius=0.0))])


def with_radius(radius):
    """A function that gives the torso of a body another radius."""

    def spoil(graph):
        torso = replace(body_graph.torso(graph), radius=radius)
        return body_graph.with_nodes(graph, [(body_graph.root(graph), torso)])

    return spoil


def test_the_selected_variant_is_scored(bodies, variant_controller):
    path = variant_controller
    controller, task = Controller.load(path), get_task("flat")
    first = score(bodies, controller=path, episodes=2, best_of=1)
    assert score(bodies, controller=path, episodes=2)[0].variant == select_variant(
        bodies[0], controller, task=task, best_of=4
    )
    selected = score(bodies, controller=path, episodes=2, best_of=4)
    assert {record.variant for record in first} == {0}
    for body, before, record in zip(bodies, first, selected, strict=True):
        best = select_variant(body, controller, task=task, best_of=4)
        assert record.variant == best
        policy = controller.for_body(body, task.model(body), variant=best)
        assert record.score == rollout(body, policy, task=task, episodes=2).score
        assert record.steps > sum(record.lengths)
        assert before.steps == sum(before.lengths)
    assert any(record.variant for record in selected)
    with pytest.raises(UsageError, match=r"best_of: expected 1 \.\. 4, .* got 5"):
        score(bodies, controller=path, best_of=5)


def test_a_given_variant_is_scored_without_selection(bodies, variant_controller):
    scorer = BodyScorer(controller=variant_controller, episodes=2, best_of=4)
    for body in bodies:
        found = scorer(body)
        again = scorer(body, variant=found.variant)
        assert again.steps == sum(again.lengths) < found.steps
        assert (again.variant, again.returns) == (found.variant, found.returns)
    with pytest.raises(UsageError, match=r"best_of: expected 1 \.\. 1,"):
        BodyScorer(
            controller=replace(Controller.load(variant_controller), variants=None), best_of=2
        )


def test_seed_and_episodes_can_be_given_for_one_body(bodies, tiny_controller, untimed):
    usual = BodyScorer(controller=tiny_controller, episodes=1, seed=0)
    other = BodyScorer(controller=tiny_controller, episodes=2, seed=5)(bodies[0])
    assert untimed(usual(bodies[0], seed=5, episodes=2)) == untimed(other)


def test_robustness_is_the_mean_score_under_perturbations(bodies, tiny_controller):
    task = get_task("flat")
    scorer = BodyScorer(controller=tiny_controller, episodes=2, robustness=True)
    record = scorer(bodies[0])
    controller = Controller.load(tiny_controller)
    policy = controller.for_body(bodies[0], task.model(bodies[0]))
    scale = controller.normalization.scale
    scores = {
        name: rollout(
            bodies[0],
            policy,
            task=task,
            episodes=2,
            perturbation=perturbation.sensing(scale),
        ).score
        for name, perturbation in PERTURBATIONS.items()
    }
    assert record.metrics["robustness"] == pytest.approx(np.mean(list(scores.values())))
    assert {name: record.metrics[f"{SCORE_WHEN}{name}"] for name in PERTURBATIONS} == scores
    # This body falls before the first push.
    assert len({record.score, *scores.values()}) == 6


def test_the_seed_decides_the_initial_states_of_each_episode(bodies, tiny_controller, records):
    other = score(bodies[:1], controller=tiny_controller, episodes=2, seed=4)
    assert other[0].returns != records[0].returns
    longer = score(bodies[:1], controller=tiny_controller, episodes=3, seed=3)
    assert longer[0].lengths[:2] == records[0].lengths


def test_the_interval_of_one_episode_is_its_return(bodies, tiny_controller):
    [record] = score(bodies[:1], controller=tiny_controller, episodes=1)
    assert record.ci95 == (record.score, record.score)


def test_an_error_becomes_a_failed_record(bodies, tiny_controller):
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


def test_a_score_needs_no_torch():
    code = (
        "import sys, numpy as np; from codesign.scoring import BodyScorer;"
        "from morph_ops.sampling import sample_body;"
        "record = BodyScorer(episodes=1, best_of=2)(sample_body(np.random.default_rng(0)));"
        "print(record.status, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ok", "False"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda graph: nx.relabel_nodes(graph, {"limb/0": "leg"}), "contact exclude"),
        (nx.convert_node_labels_to_integers, "node 0: no usable name"),
        (nx.Graph, "expected a networkx.DiGraph"),
        (lambda graph: nx.DiGraph(), "a body has one root, this graph has 0: none"),
        (lambda graph: nx.DiGraph(list(graph.edges)), "expected a Torso at the root and Limbs"),
        (with_radius("wide"), "radius must be a number, got 'wide'"),
        (with_radius((1.0, 2.0)), r"radius must be a number, got \(1.0, 2.0\)"),
    ],
)
def test_graphs_that_are_no_bodies_are_refused(tiny_controller, spoil, message):
    body = body_graph.with_excludes(sample_body(np.random.default_rng(11)), [("limb/0", "limb/1")])
    scorer = BodyScorer(controller=tiny_controller, episodes=1)
    with pytest.raises(BodyError, match=message):
        scorer(spoil(body))


def test_a_floor_at_another_height_is_said(tiny_controller):
    body, task = sample_body(np.random.default_rng(0)), get_task("flat")
    scorer = BodyScorer(controller=tiny_controller, task="flat-reference", episodes=1)
    said = "out of distribution: flat-reference has its floor at z = 1 m"
    assert said in " ".join(scorer(body).warnings)
    own = Controller.load(tiny_controller).for_body(body, task.model(body))
    assert "floor" not in " ".join(scorer(body, policy=own).warnings)


def test_only_a_form_that_exists_and_fits_is_named(tiny_controller):
    published = replace(Controller.load(tiny_controller), task="flat-reference")
    for task in ("flat-reference", "csr-reference"):
        assert published.floor_warnings(get_task(task)) == []
    assert published.floor_warnings(get_task("csr"))[0].endswith(": take csr-reference")
    assert published.floor_warnings(get_task("rough"))[0].endswith("at 1 m")
