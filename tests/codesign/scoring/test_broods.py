"""One short episode of each child chooses the one that is scored."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.scoring import BodyScorer, ScoringPool
from codesign.scoring.broods import Sibling, best_child
from codesign.scoring.racing import SCREENING
from morph_ops.identity import body_hash
from morph_ops.sampling import sample_body

EPISODES = 2


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


def test_the_child_with_the_highest_bound_is_chosen(bodies, tiny_controller):
    scorer = BodyScorer(controller=str(tiny_controller), episodes=EPISODES)
    records = [scorer(body, threshold=SCREENING) for body in bodies]
    bounds = [record.metrics["upper_bound"] for record in records]
    choice = best_child(scorer, [Sibling(body, None) for body in bodies])
    assert choice.sibling.graph is bodies[bounds.index(max(bounds))]
    assert choice.steps == sum(record.steps for record in records)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_pool_scores_the_best_of_a_brood(bodies, tiny_controller, workers):
    options = {"controller": str(tiny_controller), "episodes": EPISODES}
    choice = best_child(BodyScorer(**options), [Sibling(body, 0) for body in bodies])
    with ScoringPool(workers=workers, **options) as pool:
        pool.submit("brood", bodies[0], variant=0, siblings=[Sibling(b, 0) for b in bodies[1:]])
        [(_, record)] = pool.collect()
        pool.submit("alone", choice.sibling.graph, variant=0)
        [(_, alone)] = pool.collect()
    assert record.hash == body_hash(choice.sibling.graph)
    assert record.returns == alone.returns
    assert record.steps == alone.steps + choice.steps


def test_children_that_cannot_be_simulated_are_not_chosen(bodies, tiny_controller, monkeypatch):
    scorer = BodyScorer(controller=str(tiny_controller), episodes=EPISODES)
    broken = bodies[0]

    def simulate(self, graph, *args):
        if graph is broken:
            raise ValueError("no model")
        return simulated(self, graph, *args)

    simulated = BodyScorer._simulate
    monkeypatch.setattr(BodyScorer, "_simulate", simulate)
    choice = best_child(scorer, [Sibling(broken, 0), Sibling(bodies[1], 0)])
    assert choice.sibling.graph is bodies[1]
    assert best_child(scorer, [Sibling(broken, 0)]).sibling.graph is broken
