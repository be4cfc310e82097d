"""Scenes of strangers: what is read, what is ignored with a note, what is refused."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest

from morph_ops.errors import MjcfError
from morph_ops.io.mjcf.scene import Scene, read_scene

FIELD = "<asset><hfield name='h' file='h.png' size='1 1 1 1'/></asset>"
FLOOR = "<geom name='floor' type='plane' size='0 0 1'/>"


@pytest.fixture
def read(tmp_path):
    def of(world: str = FLOOR, rest: str = "") -> Scene:
        path = tmp_path / "scene.xml"
        path.write_text(f"<mujoco>{rest}<worldbody>{world}</worldbody></mujoco>")
        return read_scene(path)

    return of


def test_looks_are_dropped_and_colors_kept(read, tmp_path):
    scene = read(
        "<light pos='0 0 3'/><camera pos='0 0 3'/><geom type='box' size='1 1 1' material='red'/>",
        "<asset><texture name='t' type='2d' file='missing.png'/><material name='red' texture='t' "
        "rgba='1 0 0 1'/></asset><visual><map znear='0.1'/></visual><statistic extent='3'/>"
        "<sensor/><keyframe><key name='k'/></keyframe>",
    )
    assert (scene.model.ntex, scene.model.nlight, scene.model.ncam) == (0, 0, 0)
    assert scene.model.mat_rgba.tolist() == [[1, 0, 0, 1]]
    assert scene.notes == ()


@pytest.mark.parametrize(
    ("world", "rest", "note"),
    [
        (
            FLOOR,
            "<option timestep='0.01' cone='elliptic'/>",
            r"<option> is ignored \(timestep, cone\)",
        ),
        (FLOOR, "<option><flag contact='disable'/></option>", r"<option> is ignored \(flags\)"),
        (
            f"{FLOOR}<body name='a'/><body name='b'/>",
            "<contact><exclude body1='a' body2='b'/></contact>",
            "<contact> is ignored",
        ),
        (
            "<geom name='ice' type='plane' size='0 0 1' friction='0.1'/>",
            "",
            "geom 'ice': MuJoCo takes the larger friction of two geoms, so one below 0.7 needs",
        ),
        (
            "<geom type='mesh' mesh='dent'/>",
            "<asset><mesh name='dent' vertex='0 0 0 1 0 0 0 1 0 0 0 1 .1 .1 .1' "
            "face='0 2 1 0 1 3 0 3 2 4 1 2 4 2 3 4 3 1'/></asset>",
            "mesh 'dent' is not convex: robots touch its convex hull",
        ),
    ],
)
def test_what_does_not_count_gets_a_note(read, world, rest, note):
    [found] = read(world, rest).notes
    assert re.search(note, found)


JOINT = "<body name='ball'><freejoint/><geom size='1'/></body>"
REFUSALS = {
    "moving body": (f"{FLOOR}{JOINT}", "", "body 'ball' moves: <freejoint> is not allowed"),
    "mocap": (f"{FLOOR}<body mocap='true'/>", "", "a body is moved from outside"),
    "actuator": (FLOOR, "<actuator><motor joint='a'/></actuator>", "<actuator> is not allowed"),
    "tendon": (FLOOR, "<tendon><spatial/></tendon>", "<tendon> is not allowed"),
    "equality": (FLOOR, "<equality><weld body1='a'/></equality>", "<equality> is not allowed"),
    "plugin": (FLOOR, "<extension><plugin plugin='x'/></extension>", "plugins are not loaded"),
    "flex": (f"{FLOOR}<flexcomp/>", "", "soft bodies are not supported"),
    "nothing": ("", "", "expected a geom that a robot can touch, got none"),
    "decoration": (
        "<geom size='1' contype='0' conaffinity='0'/>",
        "",
        "expected a geom that a robot can touch, got none",
    ),
    "moon": (FLOOR, "<option gravity='0 0 -1.6'/>", "expected the gravity of the earth"),
    "water": (FLOOR, "<option density='1000'/>", "<option density='1000'>: expected the gravity"),
    "include": ("<include file='../x.xml'/>", "", "lies outside the scene's folder: ../x.xml"),
    "missing include": ("<include file='x.xml'/>", "", "no such file in the scene's folder"),
    "outside": (
        "<geom type='mesh' mesh='m'/>",
        "<asset><mesh name='m' file='/etc/passwd'/></asset>",
        "lies outside the scene's folder",
    ),
    "missing": (
        "<geom type='mesh' mesh='m'/>",
        "<asset><mesh name='m' file='m.stl'/></asset>",
        "there is no such file in the scene's folder",
    ),
    "bodies": (
        f"{FLOOR}<replicate count='1000000'><body><geom size='1'/></body></replicate>",
        "",
        "at most 1000 bodies",
    ),
    "nan": ("<geom type='plane' size='0 0 1' pos='nan 0 0'/>", "", "expected finite numbers"),
    "tilted field": (
        "<geom name='h' type='hfield' hfield='h' euler='9 0 0'/>",
        "<asset><hfield name='h' nrow='2' ncol='2' size='1 1 1 1'/></asset>",
        "geom 'h': a height field cannot tilt",
    ),
    "large field": (
        "<geom type='hfield' hfield='h'/>",
        "<asset><hfield name='h' nrow='3000' ncol='3000' size='1 1 1 1'/></asset>",
        "at most 1000000 samples",
    ),
    "many geoms": (
        f"<replicate count='1001'>{FLOOR}</replicate>",
        "",
        "expected at most 1000 geoms, got 1001",
    ),
    "no geom": ("<geom type='box'/>", "", "size 0 must be positive in geom"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(read, name):
    world, rest, message = REFUSALS[name]
    with pytest.raises(MjcfError, match=rf"scene\.xml: .*{message}"):
        read(world, rest)


def test_a_large_image_is_refused_before_it_is_read(read, tmp_path):
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000)
    (tmp_path / "h.png").write_bytes(header)
    with pytest.raises(MjcfError, match="expected at most 1000000 samples, got 60000 x 60000"):
        read(
            "<geom type='hfield' hfield='h'/>",
            FIELD,
        )


def png(rows: int, columns: int, pixels: bytes) -> bytes:
    """A gray image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        number = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", number)

    head = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"tEXt", b"Comment\0hi"), chunk(b"IDAT", pixels)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (zlib.compress(bytes(1_000_000)), "decompresses to more than its size needs"),
        (b"no zlib", "a damaged PNG image"),
    ],
)
def test_an_image_that_is_none_is_refused(read, tmp_path, pixels, message):
    (tmp_path / "h.png").write_bytes(png(4, 5, pixels))
    with pytest.raises(
        MjcfError, match=f"<hfield file='h.png'>: expected an image, got .*{message}"
    ):
        read("<geom type='hfield' hfield='h'/>", FIELD)


def test_an_image_is_a_height_field(read, tmp_path):
    rows = [bytes([0, *range(10 * row, 10 * row + 50, 10)]) for row in range(4)]
    (tmp_path / "h.png").write_bytes(png(4, 5, zlib.compress(b"".join(rows))))
    scene = read("<geom type='hfield' hfield='h'/>", FIELD)
    assert (scene.model.hfield_nrow[0], scene.model.hfield_ncol[0]) == (4, 5)
    assert scene.model.hfield_data.max() == 1.0
    assert b"tEXt" not in next(iter(scene.files.values()))


def test_included_files_are_part_of_the_scene(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "floor.xml").write_text(
        f"<mujocoinclude><worldbody>{FLOOR}</worldbody></mujocoinclude>"
    )
    path = tmp_path / "scene.xml"
    path.write_text("<mujoco><include file='parts/floor.xml'/></mujoco>")
    assert read_scene(path).model.ngeom == 1


def test_included_files_and_text_are_limited_in_total(read, tmp_path):
    (tmp_path / "x.xml").write_text(f"<mujocoinclude><!--{'x' * 6_000_000}--></mujocoinclude>")
    with pytest.raises(MjcfError, match="expected included files of at most 10 MB in total"):
        read("<include file='x.xml'/><include file='x.xml'/>")
    with pytest.raises(MjcfError, match=r"expected at most 2 MB of text, got 3\.0 MB"):
        read(FLOOR, f"<asset><mesh name='m' normal='{'0 ' * 1_500_000}'/></asset>")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "broken XML"),
        ("<robot/>", "expected MJCF, whose first element is <mujoco>, got <robot>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><mujoco/>", "a document type declaration is not allowed"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "scene.xml"
    path.write_text(text)
    with pytest.raises(MjcfError, match=rf"scene\.xml: {message}"):
        read_scene(path)


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(MjcfError, match=r"missing\.xml: no such file"):
        read_scene(tmp_path / "missing.xml")
    with pytest.raises(MjcfError, match="cannot be read"):
        read_scene(tmp_path)
    with pytest.raises(MjcfError, match="it is a pipe or a device"):
        read_scene(Path("/dev/zero"))
