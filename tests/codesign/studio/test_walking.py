"""Walkers: gaits and scores of the newest body, whatever happens to the others."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from queue import Queue

import numpy as np
import pytest

from codesign.scoring import BodyScorer
from codesign.studio.walking import Estimate, Gait, Setting, Trouble, Walker
from morph_ops.graph import limb, limbs, with_nodes
from morph_ops.sampling import sample_body

SETTING = Setting(controller="flat-v0", best_of=1)


@pytest.fixture
def news():
    return Queue()


@pytest.fixture
def walker(news):
    one = Walker(SETTING, news.put)
    yield one
    one.close()


def until_final(news):
    """All news of one body."""
    found = []
    while not found or not (isinstance(found[-1], Trouble) or getattr(found[-1], "final", False)):
        found.append(news.get(timeout=60.0))
    return found


def wild(body):
    """A body whose simulation becomes unstable."""
    changed = []
    for name in limbs(body):
        record = limb(body, name)
        joints = tuple(replace(joint, armature=0.0, gear=1e7) for joint in record.joints)
        changed.append((name, replace(record, joints=joints)))
    return with_nodes(body, changed)


def test_the_gait_comes_first_and_the_score_refines(walker, news, body):
    number = walker.walk(body)
    gait, *estimates = until_final(news)
    assert isinstance(gait, Gait)
    assert gait.number == number
    assert [len(each.record.returns) for each in estimates] == [1, 2, 4, 8, 16, 32]
    assert [each.final for each in estimates] == [False] * 5 + [True]
    assert gait.episode.score == pytest.approx(estimates[0].record.score)


def test_another_episode_of_the_same_score_is_shown(walker, news, body):
    walker.walk(body, episode=1)
    gait, *estimates = until_final(news)
    assert gait.episode.world == ("flat", 0, 1)
    assert len(estimates[0].record.returns) == 2
    assert gait.episode.score == pytest.approx(estimates[0].record.returns[1])


def test_the_score_is_that_of_the_command_line(walker, news, body):
    walker.walk(body)
    estimates = [each for each in until_final(news) if isinstance(each, Estimate)]
    [eight] = [each.record for each in estimates if len(each.record.returns) == 8]
    expected = BodyScorer(controller="flat-v0", episodes=8)(body, variant=0)
    assert eight.returns == expected.returns
    assert eight.warnings == expected.warnings


def test_only_the_newest_body_matters(walker, news, body):
    other = sample_body(np.random.default_rng(3))
    for graph in (other, body, other, body):
        last = walker.walk(graph)
    found = until_final(news)
    assert {each.number for each in found} == {last}
    assert set(found[0].episode.graph) == set(body)


def test_an_unstable_body_costs_a_message(walker, news, body):
    walker.walk(wild(body))
    [trouble] = until_final(news)
    assert isinstance(trouble, Trouble)
    assert "unstable" in trouble.message
    assert trouble.model is not None
    walker.walk(body)
    assert isinstance(until_final(news)[0], Gait)


def test_a_body_that_mujoco_refuses_costs_a_message(walker, news, body):
    thin = with_nodes(body, [("limb/0", replace(limb(body, "limb/0"), radius=-1.0))])
    walker.walk(thin)
    [trouble] = until_final(news)
    assert "radius" in trouble.message
    assert trouble.model is None


def test_a_crash_costs_a_message_and_the_next_body_walks(walker, news, body):
    walker.walk(body)
    news.get(timeout=60.0)
    os.kill(walker.pid, signal.SIGKILL)
    trouble = until_final(news)[-1]
    assert isinstance(trouble, Trouble)
    assert "crashed" in trouble.message
    assert "SIGKILL" in trouble.message
    walker.walk(body)
    assert isinstance(until_final(news)[0], Gait)


def test_another_setting_counts_from_the_next_body(walker, news, body):
    walker.setting = replace(SETTING, task="flat-reference")
    walker.walk(body)
    *_, last = until_final(news)
    assert last.record.task == "flat-reference"


def test_variants_are_tried_and_the_score_does_not_fall(news, body):
    walker = Walker(replace(SETTING, controller="flat-v3", best_of=8), news.put)
    walker.walk(body)
    found = until_final(news)
    walker.close()
    records = [each.record for each in found if isinstance(each, Estimate)]
    eights = [record.score for record in records if len(record.returns) == 8]
    assert eights == sorted(eights)
    assert found[-1].variant == records[-1].variant


def test_nothing_comes_after_the_end(walker, news, body):
    walker.walk(body)
    walker.close()
    while not news.empty():
        news.get()
    assert walker.walk(body) > 0
    assert news.empty()
