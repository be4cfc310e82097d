"""Edits by hand: what changes, what stays, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from itertools import product

import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.studio.editing import (
    remove_limb,
    set_density,
    set_gear,
    set_hinges,
    set_length,
    set_radius,
    set_range,
)
from codesign.studio.facts import direction_of, facts, notes
from codesign.studio.growing import add_limb
from codesign.studio.redirecting import redirect
from codesign.studio.spaces import FINE, GRID
from morph_ops.graph import children, limb, limbs, node_names, root, torso
from morph_ops.identity import body_hash
from morph_ops.sampling import sample_body
from morph_ops.validity import is_valid


def bodies(count):
    return [sample_body(np.random.default_rng(seed)) for seed in range(count)]


def attempted(edit, *arguments, **options):
    """What an edit makes, or None where it refuses."""
    with suppress(UsageError):
        return edit(*arguments, **options)
    return None


def grid_edits():
    """Edits with values of the grid: functions of a body and a node."""
    for length in GRID.limb_heights:
        yield partial(set_length, length=length)
    for azimuth, tilt in product(GRID.azimuths_deg, (0.0, 45.0, 90.0)):
        yield partial(redirect, direction=direction_of(azimuth, tilt))
    yield partial(set_density, density=700.0, all_limbs=True)
    yield partial(set_range, slot="y", range_deg=(-60.0, 30.0))
    yield partial(set_gear, slot="x", gear=300.0)
    yield remove_limb
    yield lambda graph, name: add_limb(graph, name)[0]
    yield lambda graph, name: add_limb(graph, name, where="middle")[0]


@pytest.mark.parametrize("graph", bodies(8))
def test_edits_on_the_grid_keep_bodies_valid(graph):
    before, made = body_hash(graph), 0
    for name, edit in product(limbs(graph), grid_edits()):
        child = attempted(edit, graph, name)
        if child is not None:
            made += 1
            assert is_valid(child)
    assert body_hash(graph) == before
    assert made > 10 * len(limbs(graph))


@pytest.mark.parametrize("graph", bodies(6))
def test_a_limb_that_turns_there_and_back_is_where_it_was(graph):
    for name in limbs(graph):
        seen = facts(graph, name)
        child = attempted(redirect, graph, name, direction_of(45.0, 45.0))
        if child is None:
            continue
        back = attempted(redirect, child, name, direction_of(seen.azimuth, seen.tilt))
        assert back is None or body_hash(back) == body_hash(graph)


def test_a_length_there_and_back_is_the_same_body(body):
    assert body_hash(set_length(set_length(body, "limb/1", 0.4), "limb/1", 0.3)) == body_hash(body)


def test_children_follow_a_limb_that_turns(body):
    turned = redirect(body, "limb/0", direction_of(180.0, 45.0))
    for name in children(body, "limb/0"):
        assert facts(turned, name).azimuth == facts(body, name).azimuth
        assert limb(turned, name).pos != limb(body, name).pos


def test_mirrored_edits_change_both_limbs_and_others_change_one(body):
    both = set_length(body, "limb/1", 0.4)
    one = set_length(body, "limb/1", 0.4, mirrored=False)
    assert [facts(both, name).length for name in ("limb/1", "limb/2")] == [0.4, 0.4]
    assert [facts(one, name).length for name in ("limb/1", "limb/2")] == [0.4, 0.3]
    assert notes(both) == []
    assert notes(one) == ["left and right differ: the controller was trained on mirrored bodies"]


def test_values_off_the_grid_are_said_in_words(body):
    assert notes(set_length(body, "limb/0", 0.55, space=FINE)) == [
        "values off the UNIMAL grid: limb/0"
    ]


def test_hinges_that_stay_keep_their_values(body):
    more = set_hinges(set_gear(body, "limb/1", "y", 300.0), "limb/1", ("x", "y"))
    assert [(hinge.slot, hinge.gear) for hinge in limb(more, "limb/2").joints] == [
        ("x", 200.0),
        ("y", 300.0),
    ]


def test_a_wider_torso_takes_its_limbs_along(body):
    wide = set_radius(body, root(body), 0.2, space=FINE)
    assert torso(wide).radius == 0.2
    assert limb(wide, "limb/0").pos == (0.0, 0.0, -0.2)


def test_removal_takes_the_subtree_and_the_mirror_image(body):
    assert node_names(remove_limb(body, "limb/2")) == ["torso/0", "limb/0"]
    assert node_names(remove_limb(body, "limb/2", mirrored=False)) == [
        "torso/0",
        "limb/0",
        "limb/1",
    ]


def test_a_limb_grows_alone_where_mirroring_is_off(body):
    child, name = add_limb(body, "limb/1", mirrored=False)
    assert len(child) == len(body) + 1
    assert children(child, "limb/1") == [name]


def test_limbs_grow_until_the_space_is_full(body):
    for _ in range(10):
        for name in node_names(body):
            grown = attempted(add_limb, body, name, mirrored=False)
            body = body if grown is None else grown[0]
    assert len(limbs(body)) == 10
    with pytest.raises(UsageError, match="has 10 limbs, the most that are possible"):
        add_limb(body, root(body))


def test_the_same_edit_twice_is_the_same_body(body):
    first, second = (add_limb(body, "torso/0")[0] for _ in range(2))
    assert body_hash(first) == body_hash(second)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda b: remove_limb(b, "torso/0"), "which every body has"),
        (lambda b: remove_limb(b, "limb/0"), "the last limb that moves"),
        (lambda b: set_length(b, "torso/0", 0.3), "has no length"),
        (lambda b: set_range(b, "limb/1", "y", (30.0, 30.0)), "room to turn"),
        (lambda b: redirect(b, "limb/0", direction_of(90.0, 0.0)), "in the middle of the body"),
        (lambda b: redirect(b, "limb/1", direction_of(0.0, 0.0)), "would lie in one place"),
    ],
)
def test_refusals_say_why(body, edit, message):
    with pytest.raises(UsageError, match=message):
        edit(body)
