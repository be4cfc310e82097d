"""Which bodies may enter a training set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.training.training_sets import BodyFilter, is_passively_stable
from morph_ops.graph import limb, limbs, with_nodes
from morph_ops.operators import OPERATORS
from morph_ops.sampling import sample_body


@pytest.fixture
def loose_walker(walker):
    """The walker with joints that nothing holds."""
    return with_nodes(walker, [(name, _loose(limb(walker, name))) for name in limbs(walker)])


def _loose(record):
    joints = tuple(
        replace(joint, stiffness=0.0, damping=0.0, armature=0.0, range_deg=(-170.0, 170.0))
        for joint in record.joints
    )
    return replace(record, joints=joints)


def test_a_body_with_loose_joints_is_not_passively_stable(walker, loose_walker):
    assert is_passively_stable(walker, task="flat", steps=20)
    assert not is_passively_stable(loose_walker, task="flat", steps=200)


def test_a_body_is_accepted_once(walker):
    bodies = BodyFilter(task="flat")
    assert bodies.accept(walker)
    assert not bodies.accept(walker)
    assert not bodies.accept_robot(walker)


def test_plans_of_held_out_bodies_are_refused_except_for_robots():
    rng = np.random.default_rng(0)
    body = sample_body(rng)
    same_plan, other_plan = OPERATORS["gear"](body, rng), OPERATORS["grow_limb"](body, rng)
    bodies = BodyFilter(task="flat", held_out=[body])
    assert not bodies.accept(same_plan)
    assert bodies.accept(other_plan)
    assert bodies.accept_robot(body)


def test_an_unstable_body_may_be_offered_again(loose_walker):
    bodies = BodyFilter(task="flat")
    assert not bodies.accept(loose_walker, stable_steps=200)
    assert bodies.accept(loose_walker)
