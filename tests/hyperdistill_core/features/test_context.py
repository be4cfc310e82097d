"""The extended context: what it adds to the continuous one, number by number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.features import (
    CONTEXT,
    ContextKind,
    context_dim,
    context_features,
    context_kind,
)
from hyperdistill_core.tasks import get_task
from morph_ops.graph import limb, limbs, node, node_names, torso, with_nodes
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(3))


def _context(graph, kind: ContextKind = "extended"):
    return context_features(graph, get_task("flat").model(graph), kind=kind)


def test_it_begins_with_the_continuous_context_and_adds_nothing_for_a_unimal(body):
    extended = _context(body)
    np.testing.assert_array_equal(extended[:, :25], _context(body, "continuous"))
    assert not extended[:, 25:].any()


def test_hinges_and_friction_that_no_unimal_has_are_told_apart(body):
    name = limbs(body)[1]
    record = limb(body, name)
    hinges = tuple(
        replace(joint, damping=0.1, armature=0.0, stiffness=20.0) for joint in record.joints
    )
    changed = with_nodes(
        body,
        [
            (name, replace(record, joints=hinges, friction=(1.2, 0.1, 0.1))),
            ("torso/0", replace(torso(body), friction=(0.4, 0.1, 0.1))),
        ],
    )
    row = node_names(changed).index(name)
    added = _context(changed)[:, 25:]
    expected = np.zeros_like(added)
    expected[row, 0] = 0.5
    values = [np.log10(0.11 / 1.01), np.log10(0.01 / 1.01), np.log10(20.01 / 1.01)]
    for joint in record.joints:
        first = 1 + 3 * "xy".index(joint.slot)
        expected[row, first : first + 3] = values
    np.testing.assert_allclose(added, expected, atol=1e-12)


def test_friction_below_that_of_the_floor_changes_no_contact_and_no_context(body):
    slippery = with_nodes(
        body, [(name, replace(node(body, name), friction=(0.3, 0.1, 0.1))) for name in body]
    )
    np.testing.assert_array_equal(_context(slippery), _context(body))


def test_every_layout_is_known_by_its_number_of_features():
    assert [context_kind(context_dim(kind)) for kind in CONTEXT] == list(CONTEXT)
    with pytest.raises(ValueError, match="context_dim: expected one of 32, 25, 53, got 7"):
        context_kind(7)
