"""Height, hinge axes, and anchors of a limb."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from morph_ops.graph import SLOTS
from morph_ops.grid import to_grid
from morph_ops.space import UNIMAL
from morph_ops.unimal import (
    joint_axis,
    resized,
)


@pytest.mark.parametrize("height_m", UNIMAL.limb_heights)
def test_joint_axes_are_columns_of_mujocos_geom_frame(height_m):
    for row in UNIMAL.directions:
        end = to_grid(row.tolist(), scale=0.05 + height_m)
        spec = mujoco.MjSpec()
        spec.worldbody.add_body().add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE, fromto=[0, 0, 0, *end], size=[0.05, 0, 0]
        )
        model = spec.compile()
        frame = np.zeros(9)
        mujoco.mju_quat2Mat(frame, model.geom_quat[0])
        for column, slot in enumerate(SLOTS):
            got = joint_axis((0.0, 0.0, 0.0), end, slot)
            np.testing.assert_allclose(got, frame.reshape(3, 3)[:, column], atol=5.1e-5)


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
