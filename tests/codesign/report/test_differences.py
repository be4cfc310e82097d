"""What a child changed, in colors and words."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.report.differences import ADDED, CHANGED, REMOVED, SAME, differences
from morph_ops import graph as body_graph
from morph_ops import operators
from morph_ops.sampling import sample_body


@pytest.fixture
def body():
    return sample_body(np.random.default_rng(1))


def test_the_same_body_has_no_differences(body):
    found = differences(body, body)
    assert found.words == ("the same body",)
    assert set(found.before.values()) | set(found.after.values()) == {SAME}


def test_grown_limbs_are_marked_in_the_child(body):
    child = operators.grow_limb(body, np.random.default_rng(2))
    found = differences(body, child)
    new = set(body_graph.node_names(child)) - set(body_graph.node_names(body))
    assert {name for name, color in found.after.items() if color == ADDED} == new
    assert ADDED not in found.before.values()
    assert found.words[0] == f"added: {', '.join(n for n in found.after if n in new)}"
    assert found.after_names == {name: f"+ {name}" for name in new}
    back = differences(child, body)
    assert {name for name, color in back.before.items() if color == REMOVED} == new
    assert back.before_names == {name: f"\N{MINUS SIGN} {name}" for name in new}


def test_consequences_are_not_changes(body):
    child = operators.limb_params(body, np.random.default_rng(3))
    found = differences(body, child)
    changed = {name for name, color in found.after.items() if color == CHANGED}
    assert changed
    assert "torso/0" not in changed, "only its height at rest differs"
    assert all(line.split(":")[0] in changed for line in found.words)
    assert found.before_names == found.after_names == {name: name for name in changed}


def test_long_lists_end_in_a_count(body):
    child = body
    for seed in range(30):
        child = operators.density(child, np.random.default_rng(seed))
        child = operators.gear(child, np.random.default_rng(seed))
        child = operators.joint_angle(child, np.random.default_rng(seed))
    words = differences(body, child).words
    assert len(words) == 9
    assert words[-1].startswith("and ")
