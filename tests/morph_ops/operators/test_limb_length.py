"""Limbs of other lengths in small steps."""

from __future__ import annotations

import numpy as np
import pytest

from morph_ops.errors import OperatorError
from morph_ops.geometry import limb_groups
from morph_ops.graph import Torso, limb, limbs, new_body
from morph_ops.operators import limb_length, mutate
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import height
from morph_ops.validity.invariants import violations

FINE = Space(limb_heights=tuple(round(0.2 + 0.01 * step, 2) for step in range(21)))


def heights(body):
    return {name: height(limb(body, name), space=FINE) for name in limbs(body)}


@pytest.mark.parametrize("seed", range(12))
def test_one_group_changes_by_one_to_three_steps(seed):
    rng = np.random.default_rng(seed)
    body = sample_body(rng, space=FINE)
    child = limb_length(body, rng, space=FINE)
    before, after = heights(body), heights(child)
    changed = {name for name in before if before[name] != after[name]}
    assert changed in [set(group) for group in limb_groups(body)]
    for name in changed:
        # (ends are rounded to 1 cm, which may move a height by one more step)
        assert 0.009 < abs(after[name] - before[name]) < 0.041
        assert 0.2 <= after[name] <= 0.4
    assert violations(child, space=FINE) == []


def test_ten_changes_stay_in_the_space():
    rng = np.random.default_rng(5)
    body = sample_body(rng, space=FINE)
    for _ in range(10):
        body = limb_length(body, rng, space=FINE)
    assert set(heights(body).values()) <= set(FINE.limb_heights)
    assert violations(body, space=FINE) == []


def test_a_torso_alone_has_no_limb_to_change():
    with pytest.raises(OperatorError, match="limb_length: the body has no limbs"):
        limb_length(
            new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0)),
            np.random.default_rng(0),
            space=FINE,
        )


def test_only_fine_spaces_draw_it():
    rng = np.random.default_rng(0)
    body = sample_body(rng)
    with pytest.raises(OperatorError, match="no mutation applies"):
        mutate(body, rng, rates={"limb_length": 1.0}, space=UNIMAL)
    assert mutate(body, rng, rates={"limb_length": 1.0}, space=FINE)[1] == "limb_length"


def test_heights_that_the_space_lacks_count_as_the_nearest_one():
    coarse = Space(limb_heights=(0.2, 0.25, 0.3, 0.35, 0.4))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        body = sample_body(rng, space=FINE)
        child = limb_length(body, rng, space=coarse)
        assert any(limb(child, name) != limb(body, name) for name in limbs(body))
        # (ends are rounded to 1 cm)
        assert all(0.19 < height(limb(child, name), space=coarse) < 0.41 for name in limbs(child))
