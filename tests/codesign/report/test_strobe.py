"""Poses on the way stand in the world of the episode."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.replay import record
from codesign.replay.ground import Ground
from codesign.report import motion
from codesign.report.sights import sights
from codesign.report.strobe import strobe
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.sampling import sample_body

STEPS = 400


class Still:
    """No motor moves."""

    def __init__(self, graph):
        self.n_controls = len(list(joints(graph)))

    def act(self, state):
        return np.zeros((len(state), self.n_controls))


@pytest.fixture(scope="module")
def slide():
    """A function that gives an episode of a task in which a body glides 20 m along x."""
    graph = sample_body(np.random.default_rng(3))

    def made(name):
        task = replace(get_task(name), max_steps=3, fall_ratio=-9.0)
        short = record(graph, Still(graph), task=task, name="a", seed=3)
        along = np.linspace(0.0, 20.0, STEPS + 1)
        places = Ground(short).on(np.column_stack([along, 0.0 * along]))
        torso = places + np.array([0.0, 0.0, 0.5])
        qpos = np.tile(short.qpos[0], (STEPS + 1, 1))
        qpos[:, :3] = torso
        return replace(short, qpos=qpos, torso=torso, rewards=np.zeros(STEPS))

    return made


def below(picture):
    """Whether poses stand on uneven ground."""
    return '<g opacity="0.4">' in picture


@pytest.mark.parametrize(("name", "uneven"), [("flat", False), ("csr", True), ("incline", True)])
def test_uneven_ground_is_below_the_poses(slide, name, uneven):
    assert below(strobe(slide(name), prefix="a")) == uneven


def test_goals_are_marked_where_the_body_passes_them(slide):
    one = slide("patrol")
    seen = sights(one, Ground(one))
    near = np.flatnonzero(np.abs(one.torso[:, 0] - 10.0) < 1.9)
    assert (seen[near] == 1).all()
    assert seen[np.abs(one.torso[:, 0] - 5.0) < 2.9].max() == 0
    without = strobe(replace(one, goals=()), prefix="a")
    assert strobe(one, prefix="a").count("<path") >= without.count("<path") + 1


def test_boxes_count_where_they_are_behind_the_body(slide):
    one = slide("obstacle")
    one.model.geom("obstacle/0").pos[:2] = (6.0, 1.2)
    one.model.geom("obstacle/1").pos[:2] = (14.0, -1.2)
    seen = sights(one, Ground(one))
    there = np.searchsorted(one.torso[:, 0], [6.0, 14.0])
    assert seen[there[0]] > seen[there[1]]


def test_loops_show_uneven_ground_where_there_is_some(slide):
    one = slide("csr")
    first, _ = motion.loop_of(one)
    start = np.searchsorted(one.torso[:, 0], 6.0)
    assert first >= start, "the first 6 m are flat"
    frames, ground, _ = motion.frames_of(one, prefix="a", ground="g")
    assert all('href="#g"' in frame for frame in frames)
    assert ground.count("<path") < 1500
