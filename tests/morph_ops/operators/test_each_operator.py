"""Each mutation changes the values that it names, and no others."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from morph_ops.geometry import limb_groups, rest_frames
from morph_ops.graph import Limb, add_limb, children, joints, limb, limbs, parent, torso, with_nodes
from morph_ops.io import mjcf
from morph_ops.operators import (
    OperatorError,
    delete_limb,
    density,
    dof,
    gear,
    grow_limb,
    joint_angle,
    limb_params,
)
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, attachment, height


def changed_limbs(before: nx.DiGraph, after: nx.DiGraph) -> set[str]:
    return {name for name in limbs(before) if limb(before, name) != limb(after, name)}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture(scope="module")
def robots(reference) -> list[nx.DiGraph]:
    return [mjcf.read(p) for p in sorted((reference / "unimal100/train").glob("*.xml"))[::10]]


class TestGrow:
    def test_adds_one_limb_or_a_pair_and_touches_no_other(self, rng):
        graph = sample_body(rng)
        added = set()
        for _ in range(20):
            child = grow_limb(graph, rng)
            assert changed_limbs(graph, child) == set()
            new = [name for name in limbs(child) if name not in graph]
            added.add(len(new))
            assert len({limb(child, name).density for name in limbs(child)}) == 1
            assert set(new) in map(set, limb_groups(child))
        assert added == {1, 2}

    def test_names_come_after_the_largest_number(self, rng):
        graph = sample_body(rng)
        largest = nx.relabel_nodes(graph, {limbs(graph)[0]: "limb/41"})
        child = grow_limb(largest, rng)
        new = sorted(name for name in limbs(child) if name not in largest)
        assert new == ["limb/42", "limb/43"][: len(new)]
        for name in new:
            for joint in limb(child, name).joints:
                assert joint.name == f"limb{joint.slot}/{name.split('/')[1]}"

    def test_limbs_with_a_twin_grow_mirrored_children(self, rng):
        seen = set()
        while len(seen) < 3:
            graph = sample_body(rng)
            if len(limbs(graph)) > 8:
                continue
            for child in (grow_limb(graph, rng) for _ in range(5)):
                first, *rest = (name for name in limbs(child) if name not in graph)
                above = [parent(child, name) for name in (first, *rest)]
                if rest and above[0] != above[1]:
                    # Off the mirror plane both in place and in direction: DERL has none.
                    seen.add(round(limb(child, first).end[1], 2))
                    assert limb(child, first).end[1] == -limb(child, rest[0]).end[1]

    def test_the_limb_limit_is_kept(self, rng):
        graph = sample_body(rng)
        full = Space(start_limbs=(1, 1), max_limbs=len(limbs(graph)))
        with pytest.raises(OperatorError, match=f"has {len(limbs(graph))} limbs, the most"):
            grow_limb(graph, rng, space=full)


class TestDelete:
    def test_deletes_a_leaf_with_its_twin(self, rng):
        for _ in range(10):
            graph = sample_body(rng)
            if len(limbs(graph)) <= 2:
                continue
            child = delete_limb(graph, rng)
            gone = tuple(name for name in limbs(graph) if name not in child)
            assert gone in limb_groups(graph)
            assert not any(children(graph, name) for name in gone)
            assert changed_limbs(child, graph) == set()

    def test_keeps_two_limbs(self, rng):
        graph = sample_body(rng, space=Space(start_limbs=(2, 2), max_limbs=2))
        assert len(limbs(graph)) == 2
        with pytest.raises(OperatorError, match="expected more than 2 limbs, the body has 2"):
            delete_limb(graph, rng)

    def test_limb_1_and_limb_11_are_different(self, robots, rng):
        """The last digit of a name does not identify a limb."""
        graph = next(g for g in robots if any(int(n.split("/")[1]) > 9 for n in limbs(g)))
        for _ in range(10):
            child = delete_limb(graph, rng)
            gone = [name for name in limbs(graph) if name not in child]
            assert len(gone) in (1, 2)


class TestLimbParams:
    def test_changes_one_group_and_moves_its_children(self, robots, rng):
        carried = 0
        for graph in robots:
            child = limb_params(graph, rng)
            old_pose, new_pose = Pose.of(graph), Pose.of(child)
            grown = tuple(
                name
                for name in limbs(graph)
                if height(limb(graph, name)) != height(limb(child, name))
            )
            assert grown in limb_groups(graph)
            hanging = {name for above in grown for name in children(graph, above)}
            assert changed_limbs(graph, child) <= hanging | set(grown)
            for name in hanging:
                old, new = limb(graph, name), limb(child, name)
                assert replace(new, pos=old.pos) == old
                assert new.pos != old.pos
                assert attachment(child, new_pose, name) == attachment(graph, old_pose, name)
                carried += 1
        assert carried > 0

    def test_a_limb_at_no_site_keeps_its_relative_position(self, rng):
        """Three fifths along its parent before, three fifths after."""
        graph = sample_body(rng, space=Space(start_limbs=(1, 1), max_limbs=1))
        above = limbs(graph)[0]
        arm = limb(graph, above)
        pos = tuple(0.6 * np.array(arm.end))
        hinge = replace(arm.joints[0], name="hip")
        graph = add_limb(graph, above, "elbow", replace(arm, pos=pos, joints=(hinge,)))
        sizes = set()
        for _ in range(20):
            child = limb_params(graph, rng)
            if limb(child, above) != arm:
                got, end = np.array(limb(child, "elbow").pos), np.array(limb(child, above).end)
                np.testing.assert_allclose(got, 0.6 * end, atol=1e-9)
                sizes.add(height(limb(child, above)))
        assert len(sizes) == 2


class TestJoints:
    @pytest.mark.parametrize(("operator", "field"), [(joint_angle, "range_deg"), (gear, "gear")])
    def test_only_the_named_value_changes(self, operator, field, robots, rng):
        spread = set()
        for graph in robots:
            child = operator(graph, rng)
            touched = changed_limbs(graph, child)
            spread.add(len(touched) == len(limbs(graph)))
            assert touched in [set(limbs(graph)), *map(set, limb_groups(graph))]
            pairs = zip(joints(graph), joints(child), strict=True)
            for (name, old), (_, new) in pairs:
                assert replace(new, **{field: getattr(old, field)}) == old
                assert (getattr(old, field) != getattr(new, field)) is (name in touched)
        assert spread == {True, False}

    def test_dof_changes_slots_and_keeps_hinges_that_stay(self, robots, rng):
        kept = 0
        for graph in robots:
            child = dof(graph, rng)
            for name in changed_limbs(graph, child):
                old = {joint.slot: joint for joint in limb(graph, name).joints}
                new = {joint.slot: joint for joint in limb(child, name).joints}
                assert tuple(old) != tuple(new)
                assert tuple(new) in UNIMAL.joint_slots
                for slot in set(old) & set(new):
                    assert old[slot] == new[slot]
                    kept += 1
        assert kept > 0

    def test_new_hinges_of_similar_limb_names_get_different_names(self, rng):
        graph = sample_body(rng)
        names = {old: f"limb-of-side-{i}/leg" for i, old in enumerate(limbs(graph))}
        # No limb has both hinges: what dof adds has a name that nothing else has yet.
        bare = [
            (name, replace(limb(graph, name), joints=limb(graph, name).joints[:1]))
            for name in limbs(graph)
        ]
        graph = nx.relabel_nodes(with_nodes(graph, bare), names)
        for _ in range(20):
            found = [joint.name for _, joint in joints(dof(graph, rng))]
            assert len(set(found)) == len(found)


def test_density_changes_nothing_else(robots, rng):
    for graph in robots:
        child = density(graph, rng)
        shared = {limb(child, name).density for name in limbs(child)}
        assert len(shared) == 1
        for name in limbs(graph):
            assert replace(limb(child, name), density=limb(graph, name).density) == limb(
                graph, name
            )
        old = torso(graph)
        assert replace(torso(child), density=old.density, pos=old.pos) == old


def test_density_replaces_a_mass(rng):
    graph = sample_body(rng)
    name = limbs(graph)[0]
    each = limb(graph, name)
    assert isinstance(each, Limb)
    graph.nodes[name]["node"] = replace(each, density=None, mass=1.7)
    child = density(graph, rng)
    assert limb(child, name).mass is None
    assert limb(child, name).density in UNIMAL.limb_densities


def test_geometry_stays_under_joint_and_density_mutations(robots, rng):
    for operator in (dof, joint_angle, gear, density):
        for graph in robots[:3]:
            old = rest_frames(graph, in_torso=True)
            new = rest_frames(operator(graph, rng), in_torso=True)
            np.testing.assert_array_equal(old.end, new.end)
