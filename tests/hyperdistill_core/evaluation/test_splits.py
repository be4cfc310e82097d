"""Splits: distinct new bodies, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation.splits import GROUPS, SPLITS, Entry, make_split, make_splits
from morph_ops.errors import UnknownNameError
from morph_ops.identity import body_hash
from morph_ops.sampling import sample_body

ROBOTS = [Entry(f"robot-{seed}", sample_body(np.random.default_rng(seed))) for seed in range(3)]


def hashes(split):
    return [body_hash(entry.graph) for entry in split.entries]


@pytest.mark.parametrize("name", SPLITS)
def test_every_split_holds_new_distinct_bodies(name):
    split = make_split(name, 3, robots=ROBOTS, seed=1)
    made = hashes(split)
    assert len(set(made)) == 3
    assert set(made).isdisjoint(body_hash(robot.graph) for robot in ROBOTS)
    parents = {parent for entry in split.entries for parent in entry.parents}
    assert parents <= {robot.name for robot in ROBOTS}
    assert bool(parents) == (name != "sampled")


def test_a_larger_split_begins_with_the_smaller_one():
    few, many = (make_split("mutants-2", count, robots=ROBOTS, seed=4) for count in (2, 4))
    assert hashes(many)[:2] == hashes(few)
    assert hashes(make_split("mutants-2", 2, robots=ROBOTS, seed=5)) != hashes(few)


def test_groups_stand_for_their_members():
    splits = make_splits({"dynamics": 1, "gear": 0}, robots=ROBOTS)
    assert [split.name for split in splits] == [n for n in GROUPS["dynamics"] if n != "gear"]


def test_sampled_bodies_stand_in_for_robots():
    (entry,) = make_split("mutants-1", 1).entries
    assert entry.parents[0].startswith("parents/")


def test_unknown_names_and_too_few_robots_are_refused():
    with pytest.raises(UnknownNameError, match="split 'mutant'"):
        make_splits({"mutant": 2})
    with pytest.raises(TrainingError, match="children need at least 2 different robots"):
        make_split("children", 1, robots=[ROBOTS[0], ROBOTS[0]])
