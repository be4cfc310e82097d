"""Networks that left the project act as they do inside: ONNX, C, and the stand-alone script."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from codesign.errors import UsageError
from codesign.exporting import Design, DesignRollout, export_designs, extras, run_standalone
from codesign.exporting.c_header import identifier, write_c_header
from codesign.exporting.onnx_file import write_onnx
from codesign.exporting.standalone import standalone
from codesign.scoring import score
from hyperdistill_core.controller import Controller
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers import Generalist
from tests.codesign.exporting.conftest import EPISODES, SEED

SECONDS = 0.34
PROGRAM = """
#include <stdio.h>
#include "it.h"
int main(void)
{
    CODESIGN_REAL state[it_STATE], controls[it_CONTROLS];
    double number, time;
    if (scanf("%lf", &time) != 1)
        return 1;
    for (int i = 0; i < it_STATE; i++) {
        if (scanf("%lf", &number) != 1)
            return 1;
        state[i] = (CODESIGN_REAL)number;
    }
#ifdef SEEING
    CODESIGN_REAL heights[it_HEIGHTS];
    double places[2 * it_HEIGHTS];
    for (int i = 0; i < it_HEIGHTS; i++) {
        if (scanf("%lf", &number) != 1)
            return 1;
        heights[i] = (CODESIGN_REAL)number;
    }
    it_act(state, heights, time, controls);
    it_places(1.0, 2.0, 0.5, places);
    printf("%.17g\\n%.17g\\n", places[0], places[1]);
#elif defined(TARGET)
    CODESIGN_REAL target[it_TARGET];
    for (int i = 0; i < it_TARGET; i++) {
        if (scanf("%lf", &number) != 1)
            return 1;
        target[i] = (CODESIGN_REAL)number;
    }
    it_act(state, target, time, controls);
#else
    it_act(state, time, controls);
#endif
    for (int i = 0; i < it_CONTROLS; i++)
        printf("%.17g\\n", (double)controls[i]);
    return 0;
}
"""


@pytest.fixture(scope="module")
def controllers(tiny_controller, seeing_controller):
    """A controller of states alone, one with a clock phase, and one that sees, too."""
    plain = Controller.load(tiny_controller)
    actor = Hypernetwork.from_numpy(plain.network)
    torch.manual_seed(0)
    network = Generalist.from_hypernetwork(actor, clock_harmonics=2).actor
    torch.nn.init.normal_(network.clock_head.bias, std=0.5)
    clocked = replace(plain, network=network.to_numpy())
    made = {"plain": plain, "clocked": clocked, "seeing": Controller.load(seeing_controller)}
    for name, numbers in (("goal", 3), ("object", 12)):
        network = Generalist.from_hypernetwork(actor, terrain_dim=numbers).actor
        torch.nn.init.normal_(network.terrain_head.bias, std=0.5)
        made[name] = replace(plain, network=network.to_numpy())
    return made


@pytest.fixture(params=["plain", "clocked", "seeing", "goal", "object"])
def design(request, controllers, body):
    """A design that acts with one of them, its inputs, and what it should do."""
    rollout = DesignRollout(controller="unused", seed=SEED, episodes=EPISODES)
    made = standalone(Design(name="it", graph=body), controllers[request.param], rollout)
    states = np.random.default_rng(0).normal(scale=0.7, size=(7, made.network.n_nodes, 17))
    inputs, seen = {"state": states}, None
    if made.network.terrain:
        seen = np.random.default_rng(1).normal(size=(7, made.network.terrain_dim))
        inputs["heights" if made.target == "" else "target"] = seen
        other = made.network.act(states, 0.0 * seen, time=SECONDS)
    expected = made.network.act(states, seen, time=SECONDS)
    assert np.abs(expected).max() > 1.0, "no control is clipped"
    if seen is not None:
        assert np.abs(expected - other).max() > 0.02, "what it sees does not matter"
    return made, inputs, np.clip(expected, -1.0, 1.0)


def test_onnx_acts_as_the_network_to_the_last_digit(design, tmp_path):
    pytest.importorskip("onnx", reason="needs codesign[onnx]")
    runtime = pytest.importorskip("onnxruntime", reason="needs codesign[onnx]")
    made, inputs, expected = design
    write_onnx(made, tmp_path / "it.onnx")
    session = runtime.InferenceSession(str(tmp_path / "it.onnx"))
    time = {"time": np.array([SECONDS])} if made.network.clock_harmonics else {}
    controls, actions = session.run(None, {**inputs, **time})
    assert controls.dtype == np.float32
    np.testing.assert_array_equal(controls, expected)
    np.testing.assert_array_equal(controls, np.clip(actions, -1.0, 1.0))
    assert np.abs(actions).max() > 1.0, "nothing is clipped"
    first, _ = session.run(None, {**{name: rows[:1] for name, rows in inputs.items()}, **time})
    np.testing.assert_array_equal(first, expected[:1])
    known = session.get_modelmeta().custom_metadata_map
    assert json.loads(known["nodes"]) == list(made.nodes)
    assert len(json.loads(known["actuators"])) == expected.shape[1]
    assert sum(width for _, width, _ in json.loads(known["state"])) == 17
    samples = len(json.loads(known["samples"]))
    assert samples + {"": 0, "goal": 3, "object": 12}[known["target"]] == made.network.terrain_dim
    assert known["controller_hash"] == made.controller_hash


@pytest.mark.parametrize(("real", "tolerance"), [("double", 0.0), ("float", 1e-5)])
def test_the_c_header_compiles_and_acts_as_the_network(design, tmp_path, real, tolerance):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs a C compiler")
    made, inputs, expected = design
    write_c_header(made, tmp_path / "it.h")
    (tmp_path / "it.c").write_text(PROGRAM)
    seeing = ["-DSEEING"] * ("heights" in inputs)
    target = ["-DTARGET"] * ("target" in inputs)
    subprocess.run(
        [
            compiler, "-std=c99", "-O2", "-Wall", "-Wextra", "-Wdouble-promotion", "-pedantic",
            "-Werror", f"-DCODESIGN_REAL={real}", *seeing, *target, "it.c",
            "-o", "it", "-lm",
        ],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    rows = np.concatenate([each.reshape(7, -1) for each in inputs.values()], axis=1)
    for row, controls in zip(rows, expected, strict=True):
        numbers = "\n".join(map(repr, [SECONDS, *row.tolist()]))
        done = subprocess.run(
            [str(tmp_path / "it")], input=numbers, check=True, capture_output=True, text=True
        )
        found = [float(line) for line in done.stdout.split()]
        if seeing:
            # The first sample lies 0.6 m behind and 2 m to the left of the torso.
            x, y, *found = found
            turn = np.exp(0.5j)
            assert complex(x, y) == pytest.approx(1.0 + 2.0j + turn * (-0.6 + 2.0j))
        actual = np.array(found).astype(np.float32)
        np.testing.assert_allclose(actual, controls, rtol=0, atol=tolerance)


def test_names_become_identifiers():
    assert identifier("design-01") == "design_01"
    assert identifier("2-legs") == "robot_2_legs"
    assert identifier("ä") == "robot"


def test_a_name_cannot_end_the_comment_of_a_header(design, tmp_path):
    made, _, _ = design
    write_c_header(replace(made, nodes=("*/ int x;", "ü")), tmp_path / "it.h")
    text = (tmp_path / "it.h").read_text("ascii")
    comment, _, code = text.partition("*/")
    assert "* / int x;, \\xfc" in comment
    assert "int x" not in code


def test_the_script_simulates_onnx_without_this_project(body, tiny_controller, tmp_path):
    pytest.importorskip("onnx", reason="needs codesign[onnx]")
    pytest.importorskip("onnxruntime", reason="needs codesign[onnx]")
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=EPISODES)
    folder = tmp_path / "designs" / "it"
    export_designs(
        [Design(name="it", graph=body)], folder.parent, formats=["mjcf", "onnx"], rollout=rollout
    )
    assert not (folder / "it.npz").exists()
    [record] = score([body], controller=tiny_controller, episodes=EPISODES, seed=SEED)
    distance, seconds, _ = run_standalone.simulate(folder / "it.xml")
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)
    assert seconds == pytest.approx(np.array(record.lengths) * 0.02)
    alone = (
        "import runpy, sys;"
        "absent = ('codesign', 'hyperdistill_core', 'morph_ops', 'torch');"
        "sys.modules.update(dict.fromkeys(absent));"
        "sys.argv = ['run_standalone.py', 'it.xml'];"
        "runpy.run_path('run_standalone.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", alone], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"means: {distance.mean():.2f} m")


def test_a_format_without_its_package_is_refused(body, tiny_controller, tmp_path, monkeypatch):
    monkeypatch.setitem(extras.NEEDS, "onnx", extras.Extra("no_such_package", "onnx"))
    rollout = DesignRollout(controller=tiny_controller)
    with pytest.raises(UsageError, match=r"onnx requires no_such_package: .*'codesign\[onnx\]'"):
        export_designs(
            [Design(name="it", graph=body)], tmp_path / "out", formats=["onnx"], rollout=rollout
        )
    assert not (tmp_path / "out").exists()
