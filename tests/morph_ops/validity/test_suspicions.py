"""Drawn robots that probably do not mean what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from morph_ops.graph import Limb, Torso, add_limb, limb, limbs, new_body, with_nodes
from morph_ops.sampling import sample_body
from morph_ops.validity import suspicions


def _scaled(record, factor):
    def times(vector):
        return tuple(factor * number for number in vector)

    return replace(record, pos=times(record.pos), start=times(record.start), end=times(record.end))


@pytest.mark.parametrize("seed", range(20))
def test_sampled_bodies_are_above_suspicion(seed):
    assert suspicions(sample_body(np.random.default_rng(seed))) == []


def test_ranges_in_radians_and_lengths_in_millimeters():
    body = sample_body(np.random.default_rng(3))
    name = limbs(body)[0]
    record = limb(body, name)
    narrow = tuple(replace(joint, range_deg=(-0.8, 0.8)) for joint in record.joints)
    [line] = suspicions(with_nodes(body, [(name, replace(record, joints=narrow))]))
    assert line == f"hinges with a range below 5 deg; radians? {narrow[0].name}" + (
        f", {narrow[1].name}" if len(narrow) > 1 else ""
    )
    large = with_nodes(body, [(each, _scaled(limb(body, each), 1000.0)) for each in limbs(body)])
    assert any("m long; millimeters?" in line for line in suspicions(large))


def test_limbs_in_the_air_and_limbs_through_others():
    torso = new_body(Torso(pos=(0.0, 0.0, 1.0), radius=0.1, mass=1.0))
    leg = Limb(pos=(0.1, 0.0, 0.0), end=(0.4, 0.0, 0.0), radius=0.05, mass=1.0)
    assert suspicions(add_limb(torso, "torso/0", "leg", leg)) == []
    loose = add_limb(torso, "torso/0", "leg", replace(leg, pos=(0.3, 0.0, 0.0)))
    assert suspicions(loose) == ["limbs that do not touch what they hang on: leg"]
    crossed = replace(leg, pos=(0.3, -0.1, 0.0), end=(0.0, 0.4, 0.0))
    both = add_limb(add_limb(torso, "torso/0", "leg", leg), "torso/0", "other", crossed)
    assert "parts that run through each other at rest: leg and other" in suspicions(both)
