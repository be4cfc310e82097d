"""Exported names have no slash, also those of robots from elsewhere."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from codesign.exporting.plain_names import with_plain_names
from morph_ops.graph import joints, node_names, physics
from morph_ops.io import mjcf
from morph_ops.operators import scale_own
from morph_ops.sampling import sample_body
from morph_ops.space import Space
from tests.morph_ops.io.mjcf.foreign.robots import PLANAR, quadruped


@pytest.mark.parametrize("text", [quadruped(), PLANAR], ids=["quadruped", "planar"])
@pytest.mark.parametrize("scaled", [False, True], ids=["", "scaled"])
def test_a_robot_from_elsewhere_moves_the_same_under_plain_names(text, scaled, tmp_path):
    file = tmp_path / "robot.xml"
    for kind in ("name", "joint"):
        text = text.replace(f'{kind}="hip_', f'{kind}="hips/')
    file.write_text(text)
    body = mjcf.read(file)
    if scaled:
        body = scale_own(body, np.random.default_rng(0), space=Space(own_gears=(0.8, 1.0, 1.2)))
    plain = with_plain_names(body)
    names = [*node_names(plain), *(joint.name for _, joint in joints(plain))]
    document = mjcf.to_xml(plain)
    own = physics(plain)
    assert own is not None
    assert not any("/" in name for name in [*names, *own.nodes, *own.drives])
    assert not any("/" in part for part in document.split('"')[1::2])
    first, second = (mjcf.to_model(each) for each in (body, plain))
    rng = np.random.default_rng(0)
    data = [mujoco.MjData(first), mujoco.MjData(second)]
    for _ in range(50):
        control = rng.uniform(-1.0, 1.0, first.nu)
        for model, each in zip((first, second), data, strict=True):
            each.ctrl[:] = control
            mujoco.mj_step(model, each)
    np.testing.assert_array_equal(data[0].qpos, data[1].qpos)


def test_names_that_would_be_equal_stay_different():
    body = sample_body(np.random.default_rng(11))
    first, second = node_names(body)[1:3]
    text = mjcf.to_xml(body).replace(f'"{first}"', '"a/1"').replace(f'"{second}"', '"a-1"')
    names = node_names(with_plain_names(mjcf.from_xml(text)))
    assert names[1:3] == ["a-1", "a-1-2"]
    assert len(set(names)) == len(body)
