"""Physical values to grid values and back."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from morph_ops.geometry import MIRROR
from morph_ops.graph import Joint, Limb, Torso, add_limb, limb, limbs, new_body, torso
from morph_ops.grid import is_close, to_grid
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL
from morph_ops.unimal import (
    Pose,
    Site,
    attachment,
    height,
    joint_axis,
    limb_origin,
    resized,
    rest_height,
    runs_inside,
    site_position,
    sites,
)


def test_to_grid_rounds_mirror_images_alike():
    for row in UNIMAL.directions:
        for scale in (0.05, 0.1, 0.15, 0.175, 0.2, 0.25, 0.35, 0.45, 0.5):
            image = to_grid((row * MIRROR).tolist(), scale=scale)
            assert image == tuple((np.array(to_grid(row.tolist(), scale=scale)) * MIRROR).tolist())
    assert to_grid((0.125, 0.12500000000000003, -1e-13)) == (0.12, 0.12, 0.0)


@pytest.mark.parametrize("tall", UNIMAL.limb_heights)
def test_joint_axes_are_columns_of_mujocos_geom_frame(tall):
    for row in UNIMAL.directions:
        end = to_grid(row.tolist(), scale=0.05 + tall)
        spec = mujoco.MjSpec()
        spec.worldbody.add_body().add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE, fromto=[0, 0, 0, *end], size=[0.05, 0, 0]
        )
        model = spec.compile()
        frame = np.zeros(9)
        mujoco.mju_quat2Mat(frame, model.geom_quat[0])
        for column, slot in enumerate("xy"):
            got = joint_axis((0.0, 0.0, 0.0), end, slot)
            np.testing.assert_allclose(got, frame.reshape(3, 3)[:, column], atol=5.1e-5)


def test_published_robots_are_what_the_grid_makes(reference):
    checked = 0
    for path in sorted((reference / "unimal100").rglob("*.xml")):
        graph = mjcf.read(path)
        pose = Pose.of(graph)
        for name in limbs(graph):
            record = limb(graph, name)
            direction = pose.direction(name)
            site = attachment(graph, pose, name)
            assert site is not None, (path.name, name)
            assert not runs_inside(pose, site, direction)
            assert is_close(record.pos, limb_origin(graph, pose, site, direction), tolerance=1e-12)
            tall = height(record)
            assert tall in UNIMAL.limb_heights
            remade = resized(
                record, radius=record.radius, height_m=tall, direction=direction.tolist()
            )
            assert is_close(record.end, remade.end, tolerance=1e-12)
            for old, new in zip(record.joints, remade.joints, strict=True):
                assert is_close(old.axis, new.axis, tolerance=1e-12)
            checked += 1
    assert checked == 1071


def test_sites_of_a_body():
    graph = sample_body(np.random.default_rng(0))
    assert len(sites(graph)) == 1 + 2 * len(limbs(graph))
    torso_record, first = torso(graph), limb(graph, limbs(graph)[0])
    assert site_position(torso_record, "center", direction=(0, 0, 0)) == (0.0, 0.0, 0.0)
    assert site_position(first, "end", direction=(0, 0, -1)) == first.end
    with pytest.raises(ValueError, match="center only, got 'end'"):
        site_position(torso_record, "end", direction=(0, 0, 0))
    with pytest.raises(ValueError, match="middle and its end, got 'center'"):
        site_position(first, "center", direction=(0, 0, -1))


@pytest.fixture
def leg() -> Limb:
    hinge = Joint(
        name="limbx/0", slot="x", pos=(0, 0, 0.05), axis=(1, 0, 0), range_deg=(-30, 30), gear=150
    )
    return Limb(pos=(0, 0, -0.1), end=(0, 0, -0.45), radius=0.05, density=900.0, joints=(hinge,))


def test_resized_keeps_foreign_axes_and_moves_anchors_with_the_radius(leg):
    slanted = replace(leg.joints[0], name="limby/0", slot="y", axis=(0.6, 0.8, 0.0))
    longer = resized(
        replace(leg, joints=(leg.joints[0], slanted)),
        radius=0.08,
        height_m=0.2,
        direction=(0, 0, -1),
    )
    assert longer.end == (0.0, 0.0, -0.28)
    assert longer.pos == leg.pos
    assert [joint.axis for joint in longer.joints] == [(1.0, 0.0, 0.0), (0.6, 0.8, 0.0)]
    assert [joint.pos for joint in longer.joints] == [(0.0, 0.0, 0.08)] * 2


def test_rest_height_is_clearance_below_the_lowest_tip(leg):
    graph = new_body(Torso(pos=(0, 0, 5), radius=0.1, density=800.0))
    assert rest_height(graph) == 0.3
    # Tip: 0.1 below the torso's center begins a limb of 2 * 0.05 + 0.4.
    assert rest_height(add_limb(graph, "torso/0", "limb/0", leg)) == 0.8
    level = replace(leg, pos=(0.1, 0, 0), end=(0.45, 0, 0))
    assert rest_height(add_limb(graph, "torso/0", "limb/0", level)) == 0.3


def test_rest_height_looks_down_in_the_world(leg):
    upside_down = Torso(pos=(0, 0, 5), quat=(0.0, 1.0, 0.0, 0.0), radius=0.1, density=800.0)
    graph = add_limb(new_body(upside_down), "torso/0", "limb/0", leg)
    assert rest_height(graph) == 0.3


def test_limbs_inside_their_parent_are_known():
    graph = new_body(Torso(pos=(0, 0, 5), radius=0.1, density=800.0))
    arm = Limb(pos=(0.1, 0, 0), end=(0.45, 0, 0), radius=0.05, density=900.0)
    pose = Pose.of(add_limb(graph, "torso/0", "limb/0", arm))
    along, back, down = np.array([1.0, 0, 0]), np.array([-1.0, 0, 0]), np.array([0, 0, -1.0])
    assert runs_inside(pose, Site("limb/0", "middle"), along)
    assert runs_inside(pose, Site("limb/0", "middle"), back)
    assert runs_inside(pose, Site("limb/0", "end"), back)
    assert not runs_inside(pose, Site("limb/0", "end"), along)
    assert not runs_inside(pose, Site("limb/0", "middle"), down)
    assert not runs_inside(pose, Site("torso/0", "center"), along)


def test_a_limb_at_no_site_has_no_attachment(leg):
    graph = new_body(Torso(pos=(0, 0, 5), radius=0.1, density=800.0))
    graph = add_limb(graph, "torso/0", "limb/0", replace(leg, pos=(0.05, 0.0, -0.1)))
    assert attachment(graph, Pose.of(graph), "limb/0") is None
    assert attachment(graph, Pose.of(graph), "torso/0") is None
