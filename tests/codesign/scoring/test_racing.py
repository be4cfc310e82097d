"""Racing prunes bodies by an upper bound, and scores all others as without it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from codesign.config import Racing, Settings
from codesign.errors import UsageError
from codesign.scoring import BodyScorer, ScoringPool
from codesign.scoring.controllers import load_controller
from codesign.scoring.racing import Pruned, UpperBound, race, upper_bound
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body

TASK = get_task("flat")


def result(rewards, *, fell: bool | np.ndarray = False, unstable=False):
    """A rollout of one episode for each list of rewards."""
    lengths = np.array([len(row) for row in rewards])
    padded = np.zeros((lengths.max(), len(rewards)))
    for episode, row in enumerate(rewards):
        padded[: len(row), episode] = row
    returns = padded.sum(axis=0)
    return Rollout(
        returns=returns,
        terms={"forward": returns},
        lengths=lengths,
        fell=np.broadcast_to(fell, lengths.shape),
        distance=returns,
        speed=returns / lengths,
        unstable=unstable,
        seconds=0.0,
        rewards=padded,
    )


def bound_of(rollout, *, margin, steps=None):
    """The upper bound of episodes that the longest of them could not pass."""
    return upper_bound(rollout, steps=steps or max(rollout.lengths), max_steps=10, margin=margin)


def test_an_episode_that_was_cut_off_is_extrapolated_at_its_best_half():
    slow_then_fast = result([[0.0, 1.0, 2.0, 1.0]])
    assert bound_of(slow_then_fast, margin=0.5) == UpperBound(4.0 + 6 * 1.5, 0.0)


def test_the_margin_of_ended_episodes_shrinks_with_their_number():
    fallen = result([[1.0, 1.0]], fell=True)
    assert bound_of(fallen, margin=0.6) == UpperBound(2.0, 0.6)
    whole = result([[1.0] * 10, [2.0] * 10, [0.0] * 10, [1.0] * 10])
    assert bound_of(whole, margin=0.6) == UpperBound(10.0, 0.3)
    assert not UpperBound(10.0, 0.3).is_below(14.0)
    assert UpperBound(10.0, 0.3).is_below(15.0)


def test_an_episode_that_ended_by_a_fall_is_not_extrapolated():
    both = result([[1.0, 1.0], [2.0, 2.0]], fell=np.array([True, False]))
    assert bound_of(both, margin=0.5) == UpperBound((2.0 + 20.0) / 2, 0.0)


def test_an_episode_that_left_the_terrain_is_not_extrapolated():
    both = result([[1.0, 1.0], [2.0, 2.0, 2.0]])
    assert bound_of(both, margin=0.5) == UpperBound((2.0 + 20.0) / 2, 0.0)
    whole = replace(result([[1.0] * 10, [3.0] * 4]), rewards=None)
    assert bound_of(whole, margin=0.5).score == 11.0, "whole episodes are not recorded"


class Runs:
    """Counts rollouts; ``speed`` is the reward of a step."""

    def __init__(self, speed, **options):
        self.speed, self.options, self.calls = speed, options, []

    def __call__(self, *, task, episodes, record_trajectory, measure_gait):
        assert record_trajectory != measure_gait, "short episodes are recorded, whole ones measured"
        self.calls.append((episodes, task.max_steps))
        return result([[self.speed] * task.max_steps] * episodes, **self.options)


@pytest.mark.parametrize(
    ("speed", "threshold", "calls"),
    [
        (0.5, 501.0, [(1, 100)]),  # pruned after the short episode: the bound is 500
        (0.5, 499.0, [(1, 100), (2, 1000)]),  # the bound is above the threshold
        (-0.5, 0.0, []),  # a threshold that is not above 0 prunes no body
    ],
)
def test_a_race_ends_as_soon_as_the_bound_is_below_the_threshold(speed, threshold, calls):
    runs = Runs(speed)
    ended = race(runs, TASK, Racing(), threshold, 4)
    assert runs.calls == calls
    if len(calls) == 1:
        assert isinstance(ended, Pruned)
        assert ended.bound.score == pytest.approx(500.0)
    elif calls:
        assert isinstance(ended, Rollout)
        assert len(ended.returns) == 2, "the first episodes of the complete score"
    else:
        assert ended is None


def test_falls_in_whole_episodes_prune():
    runs = Runs(1.0, fell=True)  # the margin of two episodes is smaller
    assert race(runs, replace(TASK, max_steps=120), Racing(episodes=0), 190.0, 4) is None
    pruned = race(runs, replace(TASK, max_steps=120), Racing(), 190.0, 4)
    assert isinstance(pruned, Pruned)
    assert len(pruned.rollout.returns) == 2


@pytest.mark.parametrize("name", ["csr", "escape"])
def test_a_body_may_leave_the_terrain_in_whole_episodes(name, body, tiny_controller, monkeypatch):
    task = replace(get_task(name), max_steps=4)
    everywhere = np.ones(2, dtype=np.bool_)
    monkeypatch.setattr(type(task), "left", lambda _, position: everywhere[: len(position)])
    policy = load_controller(tiny_controller).for_body(body, task.model(body))
    ended = race(partial(rollout, body, policy), task, Racing(steps=2, margin=1e9), 1.0, 4)
    assert isinstance(ended, Rollout)
    assert ended.lengths.tolist() == [1, 1]
    assert not ended.fell.any()


@pytest.mark.parametrize("name", ["escape", "exploration", "patrol", "mvt"])
def test_tasks_without_bounds_are_refused(name, tiny_controller):
    message = f"racing: expected a task that rewards moving along x, got {name}: "
    for start in (scorer, partial(ScoringPool, workers=0)):
        with pytest.raises(UsageError, match=message):
            start(controller=tiny_controller, task=name, racing=Racing())
    assert scorer(tiny_controller, task=name), "nothing races"


def test_stages_that_are_not_shorter_than_the_score_are_skipped():
    runs = Runs(0.0)
    assert race(runs, replace(TASK, max_steps=100), Racing(), 400.0, 2) is None
    assert runs.calls == []


def test_a_body_whose_simulation_diverges_is_not_pruned():
    assert race(Runs(0.0, unstable=True), TASK, Racing(), 400.0, 4) is None


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(1))


def scorer(controller, **options):
    return BodyScorer(controller=controller, episodes=4, seed=5, **options)


def test_a_body_that_is_not_pruned_is_scored_as_without_racing(tiny_controller, body, untimed):
    alone = scorer(tiny_controller)(body)
    raced = scorer(tiny_controller, racing=Racing(steps=1000, margin=1e9))
    assert alone.status == "ok"
    assert untimed(raced(body)) == untimed(alone)
    assert untimed(raced(body, threshold=1.0)) == untimed(alone), "no step is simulated twice"
    assert untimed(scorer(tiny_controller)(body, threshold=1e9)) == untimed(alone)


def test_the_record_of_a_pruned_body_says_why(tiny_controller, body):
    record = scorer(tiny_controller, racing=Racing(steps=20))(body, threshold=1e9)
    assert record.status == "pruned"
    assert record.episodes == len(record.returns) == 1
    assert record.lengths[0] <= 20
    assert record.score == pytest.approx(record.returns[0])
    assert record.steps == record.lengths[0]
    bound = record.metrics["upper_bound"]
    reason = f"of up to 20 control steps: upper bound {bound:.1f}, threshold 1000000000.0"
    assert record.warnings[-1] == f"pruned after 1 episode(s) {reason}"


@pytest.mark.slow
def test_races_are_the_same_on_workers(tiny_controller, body, untimed):
    here = scorer(tiny_controller, racing=Racing())(body, threshold=1e9)
    with ScoringPool(
        workers=1, controller=tiny_controller, episodes=4, seed=5, racing=Racing()
    ) as pool:
        pool.submit("it", body, threshold=1e9)
        [(_, there)] = pool.collect()
    assert untimed(there) == untimed(here)


def test_a_custom_task_without_bounds_has_no_broods():
    task = "tests.helpers.custom_components:sideways"
    with pytest.raises(UsageError, match="brood: expected a task that rewards moving along x"):
        ScoringPool.of_campaign(Settings(task=task, brood=4))
