"""Starting bodies, limits and locked limbs."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.campaign import read_founders
from codesign.errors import UsageError
from codesign.store import Database, RunFolder
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.geometry import extent, total_mass
from morph_ops.identity import body_hash, is_same
from morph_ops.io.files import read_body, write_body
from morph_ops.locks import LockedNodes
from morph_ops.operators import gear, grow_limb
from morph_ops.sampling import sample_body
from tests.helpers.campaigns import search, small_settings


@pytest.fixture
def robots(tmp_path):
    folder = tmp_path / "robots"
    folder.mkdir()
    for seed in range(3):
        write_body(sample_body(np.random.default_rng(seed)), folder / f"{seed}.json")
    return folder


LIMITS = {"mass": 9.0, "limbs": 4, "actuators": 5, "size": 1.0}


def values(graph):
    return {
        "mass": total_mass(graph),
        "limbs": len(graph) - 1,
        "actuators": len(list(body_graph.joints(graph))),
        "size": extent(graph).max(),
    }


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory):
    """Values of the bodies of a campaign without limits."""
    file = tmp_path_factory.mktemp("unlimited") / "run.sqlite"
    Database.create(file)
    with Database(file) as database:
        search(small_settings(), database)
        return [values(candidate.graph) for candidate in database.candidates()]


@pytest.mark.parametrize("name", LIMITS)
def test_no_body_is_beyond_a_limit(name, unlimited, new_database):
    largest = max(of_body[name] for of_body in unlimited)
    assert largest > LIMITS[name], "the limit is no limit here: choose a lower one"
    with new_database() as database:
        search(small_settings(limits={name: LIMITS[name]}), database)
        bound = [values(candidate.graph)[name] for candidate in database.candidates()]
    assert max(bound) <= LIMITS[name]


def test_limits_that_no_body_meets(new_database, monkeypatch):
    monkeypatch.setattr("codesign.campaign.variation._ATTEMPTS", 5)
    with new_database() as database, pytest.raises(UsageError, match="none of 5 sampled bodies"):
        search(small_settings(limits={"mass": 0.1}), database)


def test_a_folder_starts_a_campaign_and_mutants_fill_the_population(robots, new_database):
    made = small_settings(start=str(robots))
    start = read_founders(made)
    with new_database() as database:
        search(made, database, start=start)
        found = database.candidates()
    assert [c.operator for c in found[:3]] == ["start"] * 3
    assert all(is_same(c.graph, f.graph) for c, f in zip(found[:3], start, strict=True))
    assert all(c.operator.startswith("start+") for c in found[3:6])
    assert all(c.parents for c in found[6:])


def test_a_run_starts_a_campaign_with_its_best(tmp_path):
    old = small_settings()
    folder = RunFolder.create(tmp_path / "old", old)
    with folder.database() as database:
        search(old, database)
        best = database.best(6)
    start = read_founders(small_settings(start=str(folder.path)))
    assert [body_hash(founder.graph) for founder in start] == [c.hash for c in best]


def test_a_run_has_copies_of_its_starting_bodies(robots, tmp_path):
    made = small_settings(start=str(robots))
    start = read_founders(made)
    folder = RunFolder.create(tmp_path / "run", made, start=start)
    for file in robots.iterdir():
        file.unlink()
    robots.rmdir()
    again = RunFolder(folder.path).start()
    assert all(is_same(a.graph, b.graph) for a, b in zip(again, start, strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"limits": {"limbs": 1}},
            r"0\.json cannot start the search: limbs \d+, expected at most 1",
        ),
        ({"locked": ["limb/77"]}, "no limb 'limb/77': expected one of limb/0"),
        (
            {"locked": ["limb/0"]},
            "starting body 1: its limbs limb/0 are not those of starting body 0",
        ),
    ],
)
def test_starting_bodies_that_violate_constraints(changes, message, robots):
    with pytest.raises((UsageError, BodyError), match=message):
        read_founders(small_settings(start=str(robots), **changes))


def test_no_robots_to_start_from(tmp_path):
    with pytest.raises(BodyError, match="no robots"):
        read_founders(small_settings(start=str(tmp_path)))
    with pytest.raises(UsageError, match="expected a robot, a folder of robots, or a run, got"):
        read_founders(small_settings(start=str(tmp_path / "none")))


def test_one_robot_to_start_from(robots):
    [first, *_] = sorted(robots.iterdir())
    [founder] = read_founders(small_settings(start=str(first)))
    assert is_same(founder.graph, read_body(first))
    first.write_text("{")
    with pytest.raises(BodyError, match=first.name):
        read_founders(small_settings(start=str(first)))


def test_locked_limbs_stay_as_they_are(robots, new_database):
    for file in sorted(robots.iterdir())[1:]:
        file.unlink()
    made = small_settings(start=str(robots), locked=["limb/0"], generations=9)
    start = read_founders(made)
    fixed = LockedNodes.of(start[0].graph, ["limb/0"])
    with new_database() as database:
        search(made, database, start=start)
        found = database.candidates()
    assert all(fixed.is_in(candidate.graph) for candidate in found)
    assert len({candidate.hash for candidate in found}) > 20
    assert len({len(candidate.graph) for candidate in found}) > 1


def test_locked_nodes_ignore_names_and_limbs_that_grow_on_them():
    body = sample_body(np.random.default_rng(4))
    names = body_graph.limbs(body)
    fixed = LockedNodes.of(body, names)
    grown = grow_limb(body, np.random.default_rng(0))
    assert fixed.is_in(grown)
    assert not LockedNodes.of(grown, body_graph.limbs(grown)).is_in(body)
    assert not fixed.is_in(gear(body, np.random.default_rng(1)))


def test_two_equal_locked_limbs_need_two(tmp_path):
    body = sample_body(np.random.default_rng(4))
    first = body_graph.limbs(body)[0]
    doubled = body.copy()
    doubled = body_graph.add_limb(
        doubled, body_graph.root(body), "limb/90", body_graph.limb(body, first)
    )
    fixed = LockedNodes.of(doubled, [first, "limb/90"])
    assert fixed.is_in(doubled)
    assert not fixed.is_in(body)
