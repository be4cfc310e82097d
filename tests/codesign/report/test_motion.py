"""Loops of motion: they end as they begin, and show the body at its own speed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.replay import record
from codesign.report import Pictures, motion
from codesign.scoring import load_controller
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def recording():
    body, task = sample_body(np.random.default_rng(3)), replace(get_task("flat"), max_steps=120)
    policy = load_controller("flat-v0").for_body(body, task.model(body))
    return record(body, policy, task=task, name="walker")


def lasting(recording, qpos):
    """An episode with other positions."""
    steps = len(qpos) - 1
    torso = np.column_stack([qpos[:, 0], 0.0 * qpos[:, 0], 0.0 * qpos[:, 0]])
    return replace(recording, qpos=qpos, torso=torso, rewards=np.zeros(steps))


def test_a_loop_is_a_whole_number_of_strides(recording):
    steps, period = 400, 54
    phase = 2.0 * np.pi * np.arange(steps + 1) / period
    qpos = np.tile(recording.qpos[0], (steps + 1, 1))
    qpos[:, 7:] += np.sin(phase)[:, None]
    qpos[:, 0] = 0.02 * np.arange(steps + 1)  # it walks on
    first, last = motion.loop_of(lasting(recording, qpos))
    assert last - first == period
    assert 0.25 * steps < first < last < 0.95 * steps


def test_a_short_episode_is_its_own_loop(recording):
    short = recording.part(0.0, 0.3)
    assert motion.loop_of(short) == (0, short.steps)


def test_frames_follow_each_other_in_real_time(recording):
    first, last = motion.loop_of(recording)
    frames, ground, seconds = motion.frames_of(recording, prefix="a", ground="g")
    assert len(frames) * seconds == pytest.approx((last - first) * recording.control_dt, abs=0.04)
    assert len(set(frames)) == len(frames)
    assert ground == ""


def test_a_page_has_no_more_motion_than_it_may(recording):
    page = Pictures()
    shown = page.moving(recording, title="a walker")
    assert "<title>a walker</title>" in shown
    page = Pictures(most_motion=len(page.sprite()) + 100)
    assert page.moving(recording, title="one") != ""
    assert page.moving(recording, title="another") == ""
    assert page.sprite().count('id="film-0-0"') == 1
