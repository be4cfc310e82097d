import subprocess
import sys
from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from codesign.errors import UsageError
from codesign.exporting import Design, DesignRollout, FineTuning, export_designs, run_design
from codesign.scoring import score
from codesign.store.atomic import new_folder
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.tasks import get_task
from morph_ops.identity import is_same
from morph_ops.io import files
from morph_ops.sampling import sample_body

SEED = 3


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_controller, body):
    out = tmp_path_factory.mktemp("export") / "designs"
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=3)
    export_designs([Design(name="it", graph=body)], out, rollout=rollout)
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


def test_the_runner_reaches_the_score_of_a_robot_in_other_frames(
    body, in_other_frames, tiny_controller, tmp_path
):
    robot = in_other_frames(body)
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=robot)], tmp_path / "designs", rollout=rollout)
    [record] = score([robot], controller=tiny_controller, episodes=2, seed=SEED)
    way, _ = run_design.simulate(tmp_path / "designs" / "it.xml")
    assert way / 0.02 == pytest.approx(record.returns, rel=1e-6)


@pytest.mark.slow
def test_a_design_is_written_with_what_it_learned(body, tiny_controller, tmp_path):
    other = sample_body(np.random.default_rng(3))
    robots = [Design(name="one", graph=body), Design(name="two", graph=other)]
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=2)
    out, kept = tmp_path / "designs", tmp_path / "designs.training"

    def interrupt(done, total, speed):
        assert (done, total) == (96 * 64, 12_000)
        raise KeyboardInterrupt

    cut = FineTuning(steps=6000, on_steps=interrupt)
    with pytest.raises(KeyboardInterrupt):
        export_designs(robots, out, rollout=rollout, finetuning=cut)
    assert kept.is_dir()
    assert not out.exists()
    with pytest.raises(UsageError, match=r"designs\.training is not the training of these"):
        export_designs(robots, out, rollout=rollout, finetuning=FineTuning(steps=7000))
    seen = []
    finetuning = FineTuning(steps=6000, on_steps=lambda *row: seen.append(row[0]))
    designs = export_designs(robots, out, rollout=rollout, finetuning=finetuning)
    assert seen == [2 * 96 * 64], "it goes on from the first update"
    assert not kept.exists()
    generated = score([r.graph for r in robots], controller=tiny_controller, episodes=2, seed=SEED)
    loaded = Controller.load(tiny_controller)
    changed = []
    for design, before in zip(designs, generated, strict=True):
        assert design.scores[0] == before.score
        way, _ = run_design.simulate(out / f"{design.name}.xml")
        assert way.mean() / 0.02 == pytest.approx(design.scores[1], rel=1e-6)
        model = get_task("flat").model(design.graph)
        weights = loaded.for_body(design.graph, model).arrays()["weight_0"]
        changed.append(not np.array_equal(np.load(out / f"{design.name}.npz")["weight_0"], weights))
    assert any(changed), "else this test shows little"


def test_the_runner_hears_the_clock_that_the_score_heard(body, tiny_controller, tmp_path):
    deaf = Controller.load(tiny_controller)
    network = Generalist.from_hypernetwork(deaf.network, clock_harmonics=2).actor
    torch.nn.init.normal_(network.clock_head.bias, std=0.5)
    replace(deaf, network=network).save(tmp_path / "c.safetensors")
    rollout = DesignRollout(controller=tmp_path / "c.safetensors", seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=body)], tmp_path / "designs", rollout=rollout)
    [record] = score([body], controller=rollout.controller, episodes=2, seed=SEED)
    [without] = score([body], controller=tiny_controller, episodes=2, seed=SEED)
    assert record.returns != pytest.approx(without.returns, abs=0.1)
    way, _ = run_design.simulate(tmp_path / "designs" / "it.xml")
    assert way / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_a_design_moves_by_the_variant_that_was_scored(body, tiny_controller, tmp_path):
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(2, 25)).astype(np.float32)
    factors[0] = 1.0
    replace(Controller.load(tiny_controller), variants=factors).save(tmp_path / "c.safetensors")
    rollout = DesignRollout(controller=tmp_path / "c.safetensors", seed=SEED)
    designs = [Design(name=f"by-{n}", graph=body, variant=n) for n in range(2)]
    out = tmp_path / "designs"
    export_designs(designs, out, rollout=rollout)
    controller, model = Controller.load(rollout.controller), get_task("flat").model(body)
    written = [np.load(out / f"by-{number}.npz") for number in range(2)]
    for number, arrays in enumerate(written):
        control = controller.for_body(body, model, variant=number)
        for name, expected in control.arrays().items():
            np.testing.assert_array_equal(arrays[name], expected)
    assert not np.array_equal(*(arrays["weight_0"] for arrays in written))


def test_the_runner_runs_alone(folder):
    done = subprocess.run(
        [sys.executable, "run_design.py", "it.xml"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    _, way, _, seconds, _, speed, unit = done.stdout.split()
    assert unit == "m/s"
    assert float(speed) == pytest.approx(float(way) / float(seconds), abs=0.02)


@pytest.mark.parametrize("arguments", [[], ["it.json"], ["none.xml"], ["it.xml", "more"]])
def test_the_runner_says_how_it_is_used(folder, arguments):
    done = subprocess.run(
        [sys.executable, "run_design.py", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "usage: python run_design.py DESIGN.xml, with DESIGN.npz beside it\n"


def test_a_taken_folder_is_left_alone(folder, body, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="exists and is not empty"):
        export_designs([Design(name="it", graph=body)], tmp_path, formats=["json"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_nothing_is_left_where_it_fails(body, tmp_path):
    with pytest.raises(UsageError, match="none-v9"):
        export_designs(
            [Design(name="it", graph=body)], tmp_path / "new", rollout=DesignRollout(controller="none-v9")
        )
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_takes_along_what_others_put_into_the_old_one(tmp_path):
    out = tmp_path / "designs"
    with new_folder(out, replace="design-*") as draft:
        (draft / "design-01.json").write_text("old")
        (draft / "design-02.json").touch()
        (draft / "notes.txt").write_text("mine")
    with new_folder(out, replace="design-*") as draft:
        (draft / "design-01.json").write_text("new")
    found = {path.name: path.read_text() for path in out.iterdir()}
    assert found == {"design-01.json": "new", "notes.txt": "mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["designs"]


def test_an_old_folder_stays_where_the_new_one_fails(tmp_path):
    out = tmp_path / "designs"
    with new_folder(out) as draft:
        (draft / "notes.txt").touch()
    with pytest.raises(KeyError), new_folder(out, replace="design-*"):
        raise KeyError("oh")
    assert [path.name for path in tmp_path.rglob("*")] == ["designs", "notes.txt"]


def test_a_link_to_an_empty_folder_is_filled(body, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    export_designs([Design(name="it", graph=body)], tmp_path / "link", formats=["json"])
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["it.json"]


def test_a_robot_in_two_formats_is_one(folder):
    assert [path.name for path in files.robot_files(folder)] == ["it.json"]
