"""The height at which a body rests."""

from __future__ import annotations

from dataclasses import replace

from morph_ops.graph import Torso, add_limb, new_body
from morph_ops.unimal import (
    rest_height,
)


def test_rest_height_is_clearance_below_the_lowest_tip(leg):
    graph = new_body(Torso(pos=(0, 0, 5), radius=0.1, density=800.0))
    assert rest_height(graph) == 0.3
    # Tip: 0.1 below the torso's center begins a limb of 2 * 0.05 + 0.4.
    assert rest_height(add_limb(graph, "torso/0", "limb/0", leg)) == 0.8
    level = replace(leg, pos=(0.1, 0, 0), end=(0.45, 0, 0))
    assert rest_height(add_limb(graph, "torso/0", "limb/0", level)) == 0.3


def test_rest_height_is_along_the_axes_of_the_world(leg):
    upside_down = Torso(pos=(0, 0, 5), quat=(0.0, 1.0, 0.0, 0.0), radius=0.1, density=800.0)
    graph = add_limb(new_body(upside_down), "torso/0", "limb/0", leg)
    assert rest_height(graph) == 0.3
