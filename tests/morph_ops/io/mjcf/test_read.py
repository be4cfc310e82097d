"""Every published robot stays the same through reading, the model, and writing."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import mujoco
import numpy as np
import pytest

from morph_ops import graph as body_graph
from morph_ops.identity import is_same
from morph_ops.io import mjcf

COUNT = 134
ARRAYS = [
    "body_parentid", "body_mass", "body_inertia", "body_pos", "body_quat", "body_ipos",
    "body_iquat", "geom_bodyid", "geom_type", "geom_pos", "geom_quat", "geom_size",
    "geom_friction", "geom_condim", "geom_contype", "geom_conaffinity", "geom_solref",
    "geom_solimp", "jnt_type", "jnt_bodyid", "jnt_pos", "jnt_axis", "jnt_range", "jnt_limited",
    "jnt_stiffness", "jnt_solref", "jnt_solimp", "dof_damping", "dof_armature",
    "dof_frictionloss", "actuator_trnid", "actuator_gear", "actuator_ctrlrange",
    "actuator_ctrllimited", "actuator_gainprm", "actuator_biasprm", "qpos0", "qpos_spring",
]  # fmt: skip


def _paths() -> list[Path]:
    beside = Path(__file__).parents[5] / "shared"
    folder = Path(os.environ.get("CODESIGN_REFERENCE", beside)) / "unimal100"
    return sorted(folder.glob("*/*.xml"))


@cache
def _compiled(path: Path) -> mujoco.MjModel:
    spec = mujoco.MjSpec.from_file(str(path))
    spec.option.disableflags &= ~int(mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)
    # pictures only cost time here
    for element in [*spec.sensors, *spec.materials, *spec.textures]:
        spec.delete(element)
    for geom in spec.geoms:
        geom.material = ""
    return spec.compile()


def _names(model: mujoco.MjModel, kind: mujoco.mjtObj, count: int) -> list[str]:
    return [mujoco.mj_id2name(model, kind, index) for index in range(count)]


robots = pytest.mark.parametrize("path", _paths(), ids=lambda path: path.stem)


def test_all_published_robots_are_covered(reference: Path) -> None:
    assert len(_paths()) == COUNT


@robots
def test_rebuilt_model_equals_the_files_own(path: Path) -> None:
    model, own = mjcf.to_model(mjcf.read(path)), _compiled(path)
    for kind, count in (("BODY", own.nbody), ("JOINT", own.njnt), ("ACTUATOR", own.nu)):
        which = getattr(mujoco.mjtObj, f"mjOBJ_{kind}")
        assert _names(model, which, count) == _names(own, which, count)
    for name in ARRAYS:
        np.testing.assert_allclose(
            getattr(model, name), getattr(own, name), rtol=0.0, atol=1e-9, err_msg=name
        )
    assert sorted(model.exclude_signature) == sorted(own.exclude_signature)
    assert (model.opt.timestep, model.opt.disableflags) == (0.005, 0)
    assert (model.nsite, model.ncam, model.nlight, model.nsensor, model.ntex) == (0, 0, 0, 0, 0)


@robots
def test_written_text_reads_as_the_same_graph(path: Path) -> None:
    graph = mjcf.read(path)
    assert is_same(mjcf.from_xml(mjcf.to_xml(graph)), graph)


def test_slots_come_from_the_published_names(reference: Path) -> None:
    for path in _paths()[:20]:
        for _, joint in body_graph.joints(mjcf.read(path)):
            assert joint.name.startswith(f"limb{joint.slot}/")
