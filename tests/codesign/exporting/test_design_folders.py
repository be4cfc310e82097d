"""Folders of designs: README, record, plain names, and the archive."""

from __future__ import annotations

import json
import zipfile

import mujoco
import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.exporting import Design, archive_of, export_designs, write_archive
from codesign.exporting.design_readme import design_readme
from codesign.exporting.plain_names import with_plain_names
from morph_ops import graph as body_graph
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body
from tests.codesign.exporting.conftest import EPISODES


def test_a_record_says_which_controller_and_versions(exported):
    record = json.loads((exported / "it.record.json").read_text())
    assert (record["design"], record["controller"], record["variant"]) == ("it", "tiny", 0)
    assert record["versions"]["mujoco"] == mujoco.__version__
    assert "score" not in record


def test_a_readme_lists_all_files(exported):
    text = (exported / "README.md").read_text()
    for file in exported.iterdir():
        assert f"`{file.name}` | " in text or file.name == "README.md"
    assert "![The robot at rest](it.svg)" in text
    assert "python run_standalone.py it.xml" in text


@pytest.mark.parametrize(
    ("files", "needed"),
    [
        (["it.npz", "it.onnx"], "MuJoCo and NumPy"),
        (["it.onnx", "it.world.npz"], "MuJoCo, NumPy and onnxruntime"),
    ],
)
def test_a_readme_says_what_the_script_needs(body, files, needed):
    record = {"design": "it"}
    names = ["run_standalone.py", "it.xml", *files]
    text = design_readme(record, body, mjcf.to_model(body), names)
    assert f"simulates the design; needs {needed}, not codesign" in text


def test_a_readme_tells_the_score_and_the_origin(body):
    record = {
        "design": "a|b",
        "score": {
            "score": 1234.5, "ci95": [1000.0, 1469.0], "episodes": EPISODES, "task": "flat",
            "speed": 1.5, "fell": [True, False, False], "warnings": ["far <b>away</b>"],
        },
        "zero_shot_score": 1234.5, "finetuned_score": 2000.0,
        "controller": "c", "controller_hash": "h", "variant": 3,
        "candidate": {"number": 7, "operator": "crossover", "generation": 2},
        "ancestors": [{}, {}],
    }  # fmt: skip
    text = design_readme(record, body, mjcf.to_model(body), ["a|b.xml"])
    assert text.startswith("# a\\|b\n")
    for part in (
        "1,234.5, 95% interval 1,000.0 to 1,469.0, 3 episodes of the task flat",
        "1.50 m/s", "1 of 3 episodes", "from 1,234.5 to 2,000.0",
        "candidate 7 of its run, made by crossover in generation 2; 2 ancestors",
        "c, variant 3 (hash h)", "far \\<b\\>away\\</b\\>",
    ):  # fmt: skip
        assert part in text


def test_plain_names_change_nothing_else(body):
    plain = with_plain_names(body)
    before, after = mjcf.to_model(body), mjcf.to_model(plain)
    names = [after.body(index).name for index in range(1, after.nbody)]
    assert names == [name.replace("/", "-") for name in body_graph.node_names(body)]
    joints = [after.joint(index).name for index in range(1, after.njnt)]
    assert joints == [joint.name.replace("/", "-") for _, joint in body_graph.joints(body)]
    for name in ("body_mass", "body_pos", "jnt_range", "exclude_signature", "actuator_gear"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_plain_names_stay_different():
    body = sample_body(np.random.default_rng(0))
    root, leaf = body_graph.root(body), body_graph.limbs(body)[-1]
    odd = body_graph.add_limb(body, root, "limb-0", body_graph.limb(body, leaf))
    assert "limb/0" in odd
    assert len(set(with_plain_names(odd))) == len(odd)


def test_equal_folders_make_equal_archives(body, tmp_path):
    contents = []
    for parent in (tmp_path / "a", tmp_path / "b"):
        parent.mkdir()
        export_designs([Design(name="it", graph=body)], parent / "out", formats=["json"])
        path = archive_of(parent / "out")
        write_archive(parent / "out", path)
        contents.append(path.read_bytes())
        names = zipfile.ZipFile(path).namelist()
    assert contents[0] == contents[1]
    assert names == [
        f"out/it/{name}" for name in ("README.md", "it.json", "it.record.json", "it.svg")
    ]
    with pytest.raises(UsageError, match=r"out\.zip exists: choose another folder"):
        archive_of(tmp_path / "a" / "out")
