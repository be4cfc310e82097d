"""Files of the page: what may come in, and what goes out."""

from __future__ import annotations

import io
import zipfile

import pytest

from codesign.errors import UsageError
from codesign.studio.files import (
    LARGEST_FILE,
    Bundle,
    as_json,
    as_mjcf,
    export_bundle,
    plain_name,
    read_upload,
)
from morph_ops.graph import Torso, new_body, physics
from morph_ops.identity import body_hash

#: A robot in MJCF.
ROBOT = (
    b"<mujoco><worldbody><body><freejoint/><geom size='0.1'/><body><joint name='knee'/>"
    b"<geom size='0.1'/></body></body></worldbody><actuator><motor joint='knee'/></actuator>"
    b"</mujoco>"
)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("walker.xml", "walker"),
        ("../../etc/passwd", "passwd"),
        ("C:\\robots\\my ant.urdf", "my-ant"),
        ("<script>.json", "script"),
        (".json", "json"),
        ("", "robot"),
        ("\N{SNOWMAN}", "robot"),
        ("a" * 500, "a" * 60),
    ],
)
def test_names_of_designs_are_plain(name, plain):
    assert plain_name(name) == plain


def test_json_and_mjcf_come_back_as_the_same_body(body):
    assert body_hash(read_upload("a.json", as_json(body))) == body_hash(body)
    assert body_hash(read_upload("a.XML", as_mjcf(body))) == body_hash(body)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "a.json: "),
        ("a.json", b"\xff\xfe", "a.json: "),
        ("a.xml", b"<mujoco", "a.xml: "),
        ("a.exe", b"MZ", "expected a robot file"),
        ("passwd", b"root", "expected a robot file"),
        ("a.json", b" " * (LARGEST_FILE + 1), "expected at most 10 MB, got 10.0 MB"),
        ("a.json", as_json(new_body(Torso(pos=(0, 0, 1), radius=0.1, mass=1.0))), "one joint"),
    ],
)
def test_uploads_that_are_no_robots_are_refused(name, content, message):
    with pytest.raises(UsageError, match=message) as refused:
        read_upload(name, content)
    assert "/tmp" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_upload_includes_no_file_of_this_machine():
    text = ROBOT.replace(b"<worldbody>", b"<include file='/etc/passwd'/><worldbody>")
    own = physics(read_upload("a.xml", text))
    assert own is not None
    assert any("not read, because it lies outside" in note for note in own.notes)
    assert "root:" not in own.mjcf


def test_an_upload_finds_no_file_of_this_machine(tmp_path):
    (tmp_path / "secret.stl").write_bytes(b"solid")
    for mesh in (tmp_path / "secret.stl", "secret.stl"):
        text = (
            f"<mujoco><asset><mesh name='m' file='{mesh}'/></asset><worldbody><body><freejoint/>"
            "<geom type='mesh' mesh='m'/><body><joint/><geom size='1'/></body></body></worldbody>"
            "</mujoco>"
        )
        # A long path is cut in the message.
        with pytest.raises(UsageError, match=r"secret\.stl|outside the robot's"):
            read_upload("a.xml", text.encode())


def test_a_bundle_has_the_robot_its_network_and_its_score(body):
    sent = []

    class Channel:
        send = staticmethod(sent.append)

    export_bundle(Channel(), Bundle(name="walker", graph=body, controller="flat-v0"))  # pyright: ignore[reportArgumentType]
    with zipfile.ZipFile(io.BytesIO(sent[0])) as archive:
        names = {name.removeprefix("walker/walker/") for name in archive.namelist()}
        again = archive.read("walker/walker/walker.json")
    assert {"walker.xml", "walker.json", "walker.npz", "walker.record.json"} <= names
    assert body_hash(read_upload("a.json", again)) == body_hash(body)
