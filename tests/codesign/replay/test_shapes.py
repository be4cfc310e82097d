import mujoco
import numpy as np
import pytest

from codesign.replay.shapes import mesh_of

SHAPES = {
    "sphere": ("type='sphere' size='.2'", 4 / 3 * np.pi * 0.008),
    "capsule": ("type='capsule' size='.2 .3'", np.pi * 0.04 * 0.6 + 4 / 3 * np.pi * 0.008),
    "cylinder": ("type='cylinder' size='.2 .3'", np.pi * 0.04 * 0.6),
    "box": ("type='box' size='.1 .2 .3'", 0.048),
    "ellipsoid": ("type='ellipsoid' size='.1 .2 .3'", 4 / 3 * np.pi * 0.006),
    "mesh": ("type='mesh' mesh='m'", 1 / 6),
}


def model_of(geoms):
    return mujoco.MjModel.from_xml_string(
        "<mujoco><asset><mesh name='m' vertex='0 0 0 1 0 0 0 1 0 0 0 1'/></asset>"
        f"<worldbody><body>{geoms}</body></worldbody></mujoco>"
    )


def volume(surface):
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_surfaces_are_closed_and_face_outward(shape):
    text, expected = SHAPES[shape]
    surface = mesh_of(model_of(f"<geom {text}/>"), [0])
    assert volume(surface) == pytest.approx(expected, rel=0.05)


def test_geoms_of_a_body_are_one_surface_at_their_places():
    model = model_of(
        "<geom type='box' size='.1 .1 .1' pos='1 0 0'/>"
        "<geom type='capsule' size='.1' fromto='0 0 0 0 2 0'/>"
    )
    surface = mesh_of(model, [0, 1])
    assert surface is not None
    assert surface.vertices.max(axis=0) == pytest.approx([1.1, 2.1, 0.1])
    assert volume(surface) == pytest.approx(0.008 + np.pi * 0.02 + 4 / 3 * np.pi * 0.001, rel=0.05)


def test_a_plane_has_no_surface():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><geom type='plane' size='1 1 1'/></worldbody></mujoco>"
    )
    assert mesh_of(model, [0]) is None


def test_a_height_field_is_a_surface_with_its_heights():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><asset><hfield name='h' nrow='3' ncol='4' size='2 1 .5 .1' "
        "elevation='0 0 0 0  0 1 0 0  0 0 0 0'/></asset>"
        "<worldbody><geom type='hfield' hfield='h'/></worldbody></mujoco>"
    )
    surface = mesh_of(model, [0])
    assert surface is not None
    assert (len(surface.vertices), len(surface.faces)) == (12, 12)
    assert surface.vertices.max(axis=0) == pytest.approx([2.0, 1.0, 0.5])
