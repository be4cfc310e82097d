"""Bodies with varied physics: within the ranges, mirrored, and of the same plan of nodes."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.training.training_sets import varied_physics
from hyperdistill_core.training.training_sets.varied_physics import with_varied_physics
from morph_ops.geometry import density, limb_groups
from morph_ops.graph import joints, limb, limbs, node
from morph_ops.identity import is_same
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def robot():
    """A body with a mirrored pair of limbs."""
    bodies = (sample_body(np.random.default_rng(seed)) for seed in range(100))
    return next(
        body
        for body in bodies
        if len(limbs(body)) > 2 and any(len(group) > 1 for group in limb_groups(body))
    )


@pytest.fixture(scope="module")
def varied(robot):
    return [with_varied_physics(robot, np.random.default_rng(seed)) for seed in range(40)]


def _values(bodies, name):
    return np.array([getattr(joint, name) for body in bodies for _, joint in joints(body)])


@pytest.mark.parametrize("name", ["armature", "damping"])
def test_hinges_stay_within_the_ranges(varied, name):
    low, high = getattr(varied_physics, name.upper())
    values = _values(varied, name)
    least, largest = varied_physics.OF_HINGE
    assert (values > 0.99 * min(low * least, 1.0)).all()
    assert (values < 1.01 * high * largest).all()
    # Half of the bodies keep the value of UNIMAL robots.
    assert 0.2 < (values == 1.0).mean() < 0.8
    assert values.min() < 0.2


def test_a_quarter_of_the_bodies_have_no_springs(robot, varied):
    values = _values(varied, "stiffness").reshape(len(varied), -1)
    springless = (values == 0.0).all(axis=1)
    assert 0.05 < springless.mean() < 0.5
    assert ((values > 0.0) == ~springless[:, None]).all()
    assert (values[:, 0] != 1.0).any()


def test_gears_and_densities_are_multiples_of_those_of_the_body(robot, varied):
    gears = _values(varied, "gear").reshape(len(varied), -1) / _values([robot], "gear")
    assert gears.min() < 0.6
    assert gears.max() < varied_physics.GEAR[1] * varied_physics.OF_HINGE[1] * 1.01
    ratios = np.array(
        [
            [density(node(body, name)) / density(node(robot, name)) for name in robot]
            for body in varied
        ]
    )
    assert varied_physics.MASS[0] * 0.99 < ratios.min() < 0.7
    assert 1.4 < ratios.max() < varied_physics.MASS[1] * 1.01


def test_all_geoms_of_a_body_have_one_friction(varied):
    for body in varied:
        (sliding,) = {node(body, name).friction[0] for name in body}
        assert 0.7 <= sliding <= varied_physics.FRICTION[1]


def test_mirrored_limbs_stay_equal_and_nodes_keep_their_names(robot, varied):
    for body in varied:
        assert list(body) == list(robot)
        assert list(body.edges) == list(robot.edges)
        assert not is_same(body, robot)
        for first, *others in limb_groups(robot):
            for other in others:
                one, two = limb(body, first), limb(body, other)
                assert density(one) == density(two)
                for a, b in zip(one.joints, two.joints, strict=True):
                    assert (a.gear, a.damping, a.armature) == (b.gear, b.damping, b.armature)


def test_the_same_seed_gives_the_same_body(robot, varied):
    assert is_same(with_varied_physics(robot, np.random.default_rng(3)), varied[3])
