"""Parts are closed, whole, marked, and free to move."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import trimesh

from codesign.exporting.printing.motion import TOUCH_MM3, poses, turn
from codesign.exporting.printing.parts import moving_pairs, printed
from codesign.exporting.printing.settings import SERVOS, PrintSettings
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.io.files import read_body
from morph_ops.sampling import sample_body


def require_sound(design):
    """Every part is one closed solid."""
    for part in design.parts:
        mesh = trimesh.Trimesh(part.mesh.vertices, part.mesh.triangles)
        assert mesh.is_watertight, part.name
        assert mesh.body_count == 1, part.name
        assert mesh.volume == pytest.approx(part.solid.volume(), rel=2e-3), part.name


def overlaps(design):
    """Pairs of parts that share space in some pose."""
    solids = {part.name: part.solid for part in design.parts}
    found = [
        (one, two, angles)
        for one, two, hinges in moving_pairs(design.layout)
        for angles in poses(hinges, step_deg=45.0)
        if (solids[two].transform(turn(hinges, angles)) ^ solids[one]).volume() > TOUCH_MM3
    ]
    return found + [
        (one, two)
        for one, two in itertools.combinations(solids, 2)
        if (solids[one] ^ solids[two]).volume() > TOUCH_MM3
    ]


def test_each_node_is_a_closed_part(walker, parts_of_walker):
    names = [part.name for part in parts_of_walker.parts]
    assert [name for name in names if "knuckle" not in name] == body_graph.node_names(walker)
    assert names.count("limb/0 knuckle") == 1
    require_sound(parts_of_walker)


def test_parts_move_over_their_ranges_without_touching(parts_of_walker):
    assert overlaps(parts_of_walker) == []


def test_parts_touch_where_they_move_too_far(parts_of_walker):
    solids = {part.name: part.solid for part in parts_of_walker.parts}
    one, two, [hinge] = next(iter(moving_pairs(parts_of_walker.layout)))
    turned = solids[two].transform(turn([hinge], [175.0]))
    assert (turned ^ solids[one]).volume() > 10.0


def test_hinges_have_the_clearance(parts_of_walker):
    solids = {part.name: part.solid for part in parts_of_walker.parts}
    for one, two, hinges in moving_pairs(parts_of_walker.layout):
        if len(hinges) == 1:
            gap = solids[one].min_gap(solids[two], 1.0)
            assert 0.15 < gap < 0.45, (one, two)


def test_shafts_fit_through_both_parts(parts_of_walker):
    solids = {part.name: part.solid for part in parts_of_walker.parts}
    for hinge in parts_of_walker.layout.hinges:
        x = hinge.frame[:, 0]
        for part, radius, free in ((hinge.child, 2.1, True), (hinge.parent, 1.9, True),
                                   (hinge.parent, 2.3, False)):  # fmt: skip
            size = parts_of_walker.layout.size
            for sign in (-1.0, 1.0):
                along = 0.5 * (size.slot + size.fork) if part == hinge.parent else 3.0
                place = hinge.pivot + sign * along * x + radius * hinge.frame[:, 1]
                dot = type(solids[part]).cube((0.02, 0.02, 0.02), True).translate(place.tolist())
                assert ((dot ^ solids[part]).volume() < 1e-9) == free, (part, radius)


def test_limbs_end_where_they_do_in_the_design(walker, parts_of_walker):
    for part in parts_of_walker.parts:
        shape = parts_of_walker.layout.nodes.get(part.name)
        if shape is not None and shape.hinges:
            end = type(part.solid).sphere(0.5, 8).translate(shape.end.tolist())
            assert (end ^ part.solid).volume() == pytest.approx(end.volume())


def test_parts_have_the_names_of_their_nodes(parts_of_walker):
    marks = {part.name: part.mark for part in parts_of_walker.parts}
    assert marks["torso/0"] == "torso/0"
    assert marks["limb/1"] == "limb/1"
    assert marks["limb/0 knuckle"] in ("limb/0", "0")


def test_text_may_be_left_out(walker, parts_of_walker):
    plain = printed(walker, PrintSettings(text=False))
    assert all(part.mark is None for part in plain.parts)
    for with_text, without in zip(parts_of_walker.parts, plain.parts, strict=True):
        assert 0.0 < without.solid.volume() - with_text.solid.volume() < 400.0


@pytest.mark.parametrize("servo", ["9g", "standard"])
def test_servos_have_pockets(walker, servo):
    scale = 0.5 if servo == "9g" else 1.0
    design = printed(walker, PrintSettings(servo=servo, scale=scale))
    require_sound(design)
    assert overlaps(design) == []
    size, case = SERVOS[servo], next(iter(design.layout.hinges))
    solid = {part.name: part.solid for part in design.parts}[case.child]
    low, high = design.layout.size.tongue
    middle = ((low + high) / 2.0 + 1.0, 0.0, size.length / 2.0 - size.offset)
    block = type(solid).cube((size.below - 4.0, size.width - 0.2, size.length - 0.2), True)
    motion = np.hstack([case.frame, (case.pivot + case.frame @ middle)[:, None]])
    assert (block.transform(motion) ^ solid).volume() < TOUCH_MM3


def test_a_print_that_is_too_small_says_what_to_do(walker):
    with pytest.raises(BodyError, match=r"limb/0: a hinge .* mm wide does not fit on .* scale"):
        printed(walker, PrintSettings(scale=0.1))


def test_a_limb_that_is_too_short_says_so():
    torso = body_graph.Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0)
    joint = body_graph.Joint(
        name="j", slot="x", pos=(0.0, 0.0, 0.0), axis=(1.0, 0.0, 0.0), range_deg=(-30, 30), gear=9.0
    )
    stub = body_graph.Limb(
        pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.01), radius=0.05, density=800.0, joints=(joint,)
    )
    body = body_graph.add_limb(body_graph.new_body(torso), "torso/0", "stub", stub)
    with pytest.raises(BodyError, match=r"stub: its hinges take .* mm, more than its length"):
        printed(body, PrintSettings())
    rigid = body_graph.add_limb(
        body_graph.new_body(torso), "torso/0", "rigid",
        body_graph.Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.3), radius=0.05, density=800.0),
    )  # fmt: skip
    with pytest.raises(BodyError, match="rigid: expected a limb with a hinge"):
        printed(rigid, PrintSettings())


def test_a_hinge_that_cannot_along_its_range_gets_less_and_a_note(walker):
    from dataclasses import replace

    record = body_graph.limb(walker, "limb/1")
    [joint] = record.joints
    wide = replace(record, joints=(replace(joint, range_deg=(-170.0, 170.0)),))
    design = printed(body_graph.with_nodes(walker, [("limb/1", wide)]), PrintSettings(text=False))
    assert "in print, not -170 .. 170" in design.notes[joint.name]
    assert overlaps(design) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_sampled_bodies_are_sound(seed):
    design = printed(sample_body(np.random.default_rng(seed)), PrintSettings())
    require_sound(design)
    assert overlaps(design) == []


@pytest.mark.slow
def test_robots_of_unimal100_are_sound(reference):
    files = sorted((reference / "unimal100").glob("*/*.xml"))
    for file in files[:: len(files) // 8]:
        design = printed(read_body(file), PrintSettings())
        require_sound(design)
        assert overlaps(design) == [], file.name
