"""Growth sites, and the limbs that are attached to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from morph_ops.graph import Limb, Torso, add_limb, limb, limbs, new_body, torso
from morph_ops.grid import is_close
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL
from morph_ops.unimal import (
    Pose,
    Site,
    attachment,
    height,
    limb_origin,
    resized,
    runs_inside,
    site_position,
    sites,
)


def test_published_robots_lie_on_the_grid(reference):
    checked = 0
    for path in sorted((reference / "unimal100").rglob("*.xml")):
        graph = mjcf.read(path)
        pose = Pose.of(graph)
        for name in limbs(graph):
            each = limb(graph, name)
            direction = pose.direction(name)
            site = attachment(graph, pose, name)
            assert site is not None, (path.name, name)
            assert not runs_inside(pose, site, direction)
            assert is_close(each.pos, limb_origin(graph, pose, site, direction), tolerance=1e-12)
            height_m = height(each)
            assert height_m in UNIMAL.limb_heights
            remade = resized(
                each, radius=each.radius, height_m=height_m, direction=direction.tolist()
            )
            assert is_close(each.end, remade.end, tolerance=1e-12)
            for old, new in zip(each.joints, remade.joints, strict=True):
                assert is_close(old.axis, new.axis, tolerance=1e-12)
            checked += 1
    assert checked == 1071


def test_sites_of_a_body():
    graph = sample_body(np.random.default_rng(0))
    assert len(sites(graph)) == 1 + 2 * len(limbs(graph))
    top, first = torso(graph), limb(graph, limbs(graph)[0])
    assert site_position(top, "center", direction=(0, 0, 0)) == (0.0, 0.0, 0.0)
    assert site_position(first, "end", direction=(0, 0, -1)) == first.end
    with pytest.raises(ValueError, match="center only, got 'end'"):
        site_position(top, "end", direction=(0, 0, 0))
    with pytest.raises(ValueError, match="middle and its end, got 'center'"):
        site_position(first, "center", direction=(0, 0, -1))


def test_limbs_inside_their_parent_are_recognized():
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
