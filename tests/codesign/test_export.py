import subprocess
import sys

import mujoco
import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.export import Design, Motion, export_designs, run_design
from codesign.scoring import score
from morph_ops import files
from morph_ops.identity import is_same
from morph_ops.space import sample_body

SEED = 3


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_controller, body):
    out = tmp_path_factory.mktemp("export") / "designs"
    motion = Motion(controller=tiny_controller, seed=SEED, episodes=3)
    export_designs([Design(name="it", graph=body)], out, motion=motion)
    return out


def test_files_hold_the_body(folder, body):
    assert sorted(path.name for path in folder.iterdir()) == [
        "it.json", "it.npz", "it.xml", "run_design.py",
    ]  # fmt: skip
    assert is_same(files.read_body(folder / "it.json"), body)
    assert is_same(files.read_body(folder / "it.xml"), body)
    scene = mujoco.MjModel.from_xml_path(str(folder / "it.xml"))
    assert scene.nlight >= 1
    assert mujoco.mjtGeom.mjGEOM_PLANE in scene.geom_type


def test_the_runner_reaches_the_score(folder, body, tiny_controller):
    # Every operation is the engines' own, so that contacts have next to no noise to blow up.
    [record] = score([body], controller=tiny_controller, episodes=3, seed=SEED)
    way, seconds = run_design.simulate(folder / "it.xml")
    assert seconds == pytest.approx(np.array(record.lengths) * 0.02)
    assert way / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_runs_alone(folder):
    done = subprocess.run(
        [sys.executable, "run_design.py", "it.xml"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    way, _, _, seconds, _, speed, unit = done.stdout.split()
    assert unit == "m/s"
    assert float(speed) == pytest.approx(float(way) / float(seconds), abs=0.02)


def test_a_taken_folder_is_left_alone(folder, body, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="exists and is not empty"):
        export_designs([Design(name="it", graph=body)], tmp_path, formats=["json"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_nothing_is_left_where_it_fails(body, tmp_path):
    with pytest.raises(UsageError, match="none-v9"):
        export_designs(
            [Design(name="it", graph=body)], tmp_path / "new", motion=Motion(controller="none-v9")
        )
    assert list(tmp_path.iterdir()) == []


def test_replace_takes_the_old_folder_away(body, tmp_path):
    out = tmp_path / "designs"
    for name in ("old", "new"):
        export_designs([Design(name=name, graph=body)], out, formats=["json"], replace=True)
    assert [path.name for path in out.iterdir()] == ["new.json"]
