"""Meshes stay closed in files, and files hold what was written."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from manifold3d import Manifold

from codesign.exporting.printing.mesh import closed_mesh, is_closed, write_3mf, write_stl


def test_two_pieces_are_no_mesh():
    assert closed_mesh(Manifold.cube() + Manifold.cube().translate((3.0, 0.0, 0.0))) is None


def test_crumbs_are_left_out():
    crumb = Manifold.cube((0.05, 0.05, 0.05)).translate((3.0, 0.0, 0.0))
    mesh = closed_mesh(Manifold.cube() + crumb)
    assert mesh is not None
    assert len(mesh.vertices) == 8


def test_a_surface_that_touches_itself_is_parted():
    # Two cubes that share an edge, held together by a beam elsewhere.
    cubes = Manifold.cube((5.0, 5.0, 5.0)) + Manifold.cube((5.0, 5.0, 5.0)).translate((5, 5, 0))
    whole = cubes + Manifold.cube((8.0, 8.0, 1.0)).translate((1.0, 1.0, 5.0))
    mesh = closed_mesh(whole)
    assert mesh is not None
    assert trimesh.Trimesh(mesh.vertices, mesh.triangles).is_watertight
    assert is_closed(mesh.triangles)


def test_an_open_surface_is_found():
    mesh = closed_mesh(Manifold.cube())
    assert mesh is not None
    assert not is_closed(mesh.triangles[1:])
    assert not is_closed(np.concatenate([mesh.triangles, mesh.triangles]))


def test_files_hold_the_meshes(tmp_path):
    ball = closed_mesh(Manifold.sphere(3.0, 16).translate((10.0, 20.0, 30.0)))
    cube = closed_mesh(Manifold.cube())
    assert ball is not None
    assert cube is not None
    write_stl(ball, tmp_path / "ball.stl")
    read = trimesh.load_mesh(tmp_path / "ball.stl")
    assert read.is_watertight
    np.testing.assert_allclose(read.bounds, [[0.0] * 3, [6.0] * 3], atol=1e-3)
    pytest.importorskip("lxml", reason="trimesh reads 3MF with lxml")
    write_3mf([("a <b> & 'c'", ball), ("cube", cube)], tmp_path / "both.3mf")
    scene = trimesh.load_scene(tmp_path / "both.3mf")
    assert scene.units == "millimeter"
    assert set(scene.geometry) == {"a <b> & 'c'", "cube"}
    assert all(one.is_watertight for one in scene.geometry.values())
    placed = scene.geometry["a <b> & 'c'"].copy()
    placed.apply_transform(scene.graph.get(scene.graph.geometry_nodes["a <b> & 'c'"][0])[0])
    np.testing.assert_allclose(placed.bounds.mean(axis=0), (10.0, 20.0, 30.0), atol=1e-3)
