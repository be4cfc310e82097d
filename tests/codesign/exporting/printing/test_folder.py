"""The folder of a design's parts."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from codesign.exporting.printing.folder import write_parts
from codesign.exporting.printing.settings import PrintSettings
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops.geometry import canonical_frames, rest_frames
from morph_ops.io.files import read_body


def test_a_folder_has_every_part_and_the_body_that_they_are(walker, tmp_path):
    design = write_parts(walker, PrintSettings(), tmp_path / "out", "walker")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted(
        ["walker.3mf", "walker-printed.json", "torso-0.stl", "limb-0-knuckle.stl", "limb-0.stl",
         "limb-1.stl", "limb-2.stl"]
    )  # fmt: skip
    for file in (tmp_path / "out").glob("*.stl"):
        mesh = trimesh.load_mesh(file)
        assert mesh.is_watertight, file.name
        assert mesh.volume > 0.0
    pytest.importorskip("lxml", reason="trimesh reads 3MF with lxml")
    scene = trimesh.load_scene(tmp_path / "out" / "walker.3mf")
    assert set(scene.geometry) == {part.name for part in design.parts}
    body = read_body(tmp_path / "out" / "walker-printed.json")
    get_task("flat").model(body)
    frames, before = rest_frames(body), canonical_frames(walker)
    np.testing.assert_allclose(frames.end, rest_frames(before).end)
    hinges = {hinge.joint: hinge for hinge in design.layout.hinges}
    for name, joint in body_graph.joints(body):
        place = frames.pos[frames.names.index(name)] + joint.pos
        np.testing.assert_allclose(500.0 * place, hinges[joint.name].pivot, atol=1e-6)
