"""Notes on looks that are left out, and on attributes that nobody here knows."""

from __future__ import annotations

import pytest

from morph_ops.graph import import_notes
from morph_ops.io import read_body
from morph_ops.io.mjcf.foreign import unkept
from tests.morph_ops.io.mjcf.foreign.robots import BIPED, PLANAR, quadruped

SEEN = '<geom size="0.2" contype="0" conaffinity="0" {}/>'
BOX = '<geom type="box" size="0.25 0.1 0.05"/>'


def _notes(folder, text, name="robot.xml"):
    (folder / name).write_text(text)
    return import_notes(read_body(folder / name))


def test_geoms_that_are_only_looks_are_counted(tmp_path):
    torso = BOX + SEEN.format('mass="0"') + SEEN.format('mass="0.1"')
    world = "<worldbody>" + SEEN.format('mass="0"')
    notes = _notes(tmp_path, quadruped(torso=torso).replace("<worldbody>", world))
    assert "looks are left out: 2 geoms that touch nothing, and all colors and textures" in notes
    assert not any("looks" in note for note in _notes(tmp_path, quadruped()))


def test_visuals_of_a_urdf_are_counted(tmp_path):
    inertial = (
        '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/>'
        "</inertial>"
    )
    ball = '<geometry><sphere radius="0.1"/></geometry>'
    link = (
        f'<link name="{{}}">{inertial}<visual>{ball}</visual><collision>{ball}</collision></link>'
    )
    joint = (
        '<joint name="j" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0 1 0"/>'
        '<limit lower="-1" upper="1" effort="5" velocity="9"/></joint>'
    )
    text = f'<robot name="r">{link.format("a")}{link.format("b")}{joint}</robot>'
    notes = _notes(tmp_path, text, "robot.urdf")
    assert "looks are left out: 2 <visual>, and all colors and textures" in notes


def test_an_attribute_that_is_not_kept_has_a_note(tmp_path):
    text = quadruped().replace('name="trunk"', 'name="trunk" sleep="never"')
    text = text.replace("<option", '<option sleep_tolerance="0.5"')
    notes = _notes(tmp_path, text)
    assert "left out, because it is not supported: body sleep of trunk" in notes
    assert "left out, because it is not supported: option sleep_tolerance of the model" in notes


@pytest.mark.parametrize(
    ("kind", "attribute", "named"),
    [("joint", "frictionloss", "lift_fl, lift_fr, lift_bl, lift_br"),
     ("actuator", "gear", "0, 2, 3, 5, 6, 8, 9, 11"), ("option", "integrator", "the model")],
)  # fmt: skip
def test_an_attribute_of_a_later_version_has_a_note(kind, attribute, named, tmp_path, monkeypatch):
    known = {**unkept._KNOWN, kind: unkept._KNOWN[kind] - {attribute}}
    monkeypatch.setattr(unkept, "_KNOWN", known)
    notes = _notes(tmp_path, quadruped())
    assert f"left out, because it is not supported: {kind} {attribute} of {named}" in notes


@pytest.mark.parametrize("text", [quadruped(), BIPED, PLANAR])
def test_what_is_kept_has_no_note(text, tmp_path):
    assert not any("not supported" in note for note in _notes(tmp_path, text))
