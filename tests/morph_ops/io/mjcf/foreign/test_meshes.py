"""Meshes of robots of strangers: bounded before MuJoCo computes their hulls."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

import numpy as np
import pytest

from morph_ops.errors import BodyError
from morph_ops.graph import physics
from morph_ops.io import from_json, read_body, to_json
from tests.helpers.hangs import no_hang
from tests.morph_ops.io.mjcf.foreign.robots import quadruped

TETRAHEDRON = "v 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nv 0 0 0.1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


def _robot(folder: Path, asset: str, geom: str = '<geom type="mesh" mesh="m"/>') -> Path:
    file = folder / "robot.xml"
    file.write_text(quadruped(torso=geom, more=f"<asset>{asset}</asset>"))
    return file


def _sphere(count: int) -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(count, 3))
    return 0.2 * points / np.linalg.norm(points, axis=1)[:, None]


def test_a_mesh_of_thousands_of_corners_takes_little_memory(tmp_path):
    corners = " ".join(f"{value:.4f}" for value in _sphere(8000).ravel())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with no_hang():
        read_body(_robot(tmp_path, f'<mesh name="m" vertex="{corners}"/>'))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.obj", b"v 0 0 0\n" * 50_001),
        ("m.obj", b"v 0 0 0\r\tv 0 0 0\n" * 30_000),
        ("m.obj", TETRAHEDRON.encode() + b"f 1 2 3\n" * 400_001),
        ("m.stl", bytes(80) + struct.pack("<I", 20_000)
         + b"".join(bytes(12) + struct.pack("<9f", *range(n, n + 9)) + bytes(2)
                    for n in range(0, 180_000, 9))),
        ("m.msh", struct.pack("<4i", 50_001, 0, 0, 1) + bytes(100)),
    ],
    ids=["corners", "other line ends", "triangles", "stl corners", "msh"],
)  # fmt: skip
def test_a_mesh_file_of_too_many_corners_is_refused_before_mujoco(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BodyError, match="at most 50000 corners and 400000 triangles; simplify"):
        read_body(_robot(tmp_path, f'<mesh name="m" file="{name}"/>'))


def test_meshes_that_are_only_looks_may_be_large(tmp_path):
    (tmp_path / "m.obj").write_bytes(b"v 0 0 0\n" * 60_000)
    looks = '<geom type="mesh" mesh="m" contype="0" conaffinity="0" mass="0"/>'
    torso = f'<geom type="box" size="0.2 0.1 0.05"/>{looks}'
    assert len(read_body(_robot(tmp_path, '<mesh name="m" file="m.obj"/>', torso))) == 9


def test_meshes_are_bounded_in_total(tmp_path):
    (tmp_path / "m.obj").write_bytes(TETRAHEDRON.encode() + b"v 0 0 0\n" * 40_000)
    meshes = "".join(f'<mesh name="{number}" file="m.obj"/>' for number in range(6))
    geoms = "".join(f'<geom type="mesh" mesh="{number}"/>' for number in range(6))
    with pytest.raises(BodyError, match="at most 200000 corners in total, got 240024"):
        read_body(_robot(tmp_path, meshes, geoms))
    with (tmp_path / "m.obj").open("wb") as opened:
        opened.truncate(19_000_000)
    with pytest.raises(BodyError, match="mesh files of at most 100 MB in total"):
        read_body(_robot(tmp_path, meshes, geoms))


def test_hulls_are_bounded_however_often_a_mesh_is_used(tmp_path):
    corners = " ".join(f"{value:.4f}" for value in _sphere(1000).ravel())
    file = _robot(
        tmp_path, f'<mesh name="m" vertex="{corners}"/>', '<geom type="mesh" mesh="m"/>' * 90
    )
    with pytest.raises(BodyError, match="hulls of at most 80000 corners in total, got"):
        read_body(file)


def test_meshes_in_the_text_of_a_robot_are_bounded(tmp_path):
    corners = "0 0 0 " * 50_001
    file = _robot(tmp_path, f'<mesh name="m" vertex="{corners}"/>')
    with pytest.raises(BodyError, match="<mesh name='m'>: expected at most 50000 corners"):
        read_body(file)
    (tmp_path / "m.obj").write_text(TETRAHEDRON)
    graph = read_body(_robot(tmp_path, '<mesh name="m" file="m.obj"/>'))
    text = to_json(graph)
    assert from_json(text)
    own = physics(graph)
    assert own is not None
    [vertices] = {part.split('"')[0] for part in own.mjcf.split('vertex="')[1:]}
    with pytest.raises(BodyError, match=r"physics.mjcf: <mesh .*at most 50000 corners of a mesh"):
        from_json(text.replace(vertices, corners))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "m.stl",
            b"solid m\nendsolid m\n" + bytes(100),
            "'m.stl'.*; save the mesh as",
        ),
        ("m.obj", b"not a mesh", "at least 4 vertices required.*; save the mesh anew"),
        (
            "m.obj",
            b"v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 2 3\nf 2 3 4\n",
            "'m' has coplanar vertices",
        ),
    ],
    ids=["text", "none", "flat"],
)
def test_what_mujoco_says_of_a_mesh_names_its_file_and_a_remedy(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BodyError, match=message) as caught:
        read_body(_robot(tmp_path, f'<mesh name="m" file="{name}"/>'))
    assert "'0." not in str(caught.value)
