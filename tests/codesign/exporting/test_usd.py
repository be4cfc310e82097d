"""OpenUSD: a format that another program writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.exporting import Design, export_designs
from codesign.exporting.extras import USD_COMMAND
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from tests.helpers.environments import new_environment

#: Reads densities of geoms and the number of hinges from a USD file.
READER = """
import json, sys
from pxr import Usd, UsdPhysics
stage = Usd.Stage.Open(sys.argv[1])
densities = [UsdPhysics.MassAPI(p).GetDensityAttr().Get() for p in stage.Traverse()
             if p.HasAPI(UsdPhysics.MassAPI)]
hinges = sum(p.IsA(UsdPhysics.RevoluteJoint) for p in stage.Traverse())
print(json.dumps([sorted(densities), hinges]))
"""


def fake_command(folder: Path, script: str) -> None:
    file = folder / USD_COMMAND
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_without_the_command_it_says_how_to_get_it(body, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = f"usd requires {USD_COMMAND}: run pipx install mujoco-usd-converter"
    with pytest.raises(UsageError, match=expected):
        export_designs([Design(name="it", graph=body)], tmp_path / "out", formats=["usd"])


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_robot_that_the_converter_refuses_says_why(body, tmp_path, monkeypatch):
    fake_command(tmp_path, "echo first >&2; echo no such joint >&2; exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    designs = [Design(name="it", graph=body)]
    [written] = export_designs(designs, tmp_path / "both", formats=["json", "usd"])
    assert written.left_out == {"usd": f"{USD_COMMAND} cannot convert it: no such joint"}
    with pytest.raises(BodyError, match=r"it: .*no such joint"):
        export_designs(designs, tmp_path / "none", formats=["usd"])


@pytest.mark.slow
def test_the_converter_keeps_densities_and_hinges(body, tmp_path, monkeypatch):
    programs, done = new_environment(tmp_path / "usd", "mujoco-usd-converter")
    if done.returncode:
        pytest.skip(f"cannot install mujoco-usd-converter: {done.stderr.strip()[-200:]}")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    export_designs([Design(name="it", graph=body)], tmp_path / "out", formats=["usd"])
    file = tmp_path / "out" / "it" / "it.usdc"
    read = subprocess.run(
        [programs / "python", "-c", READER, file], capture_output=True, text=True, check=True
    )
    densities, hinges = json.loads(read.stdout)
    assert hinges == sum(1 for _ in body_graph.joints(body))
    expected = sorted(body_graph.node(body, name).density or 0.0 for name in body)
    np.testing.assert_allclose(densities, expected, rtol=1e-6)
