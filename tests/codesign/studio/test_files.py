"""Files that go out of the page."""

from __future__ import annotations

import io
import zipfile

import pytest

from codesign.studio.files import Bundle, as_json, as_mjcf, export_bundle, plain_name
from codesign.studio.uploads import read_upload
from morph_ops.identity import body_hash


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
    assert body_hash(read_upload("walker.zip", sent[0])) == body_hash(body)
