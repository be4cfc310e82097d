"""What the import report says of robots with many parts."""

from __future__ import annotations

from morph_ops.graph import import_notes
from morph_ops.io import read_body
from tests.morph_ops.io.mjcf.foreign.robots import CORNERS, quadruped


def test_a_note_names_every_part(tmp_path):
    (tmp_path / "robot.xml").write_text(quadruped())
    notes = import_notes(read_body(tmp_path / "robot.xml"))
    [shapes] = [note for note in notes if note.startswith("the controller sees a capsule")]
    for corner in CORNERS:
        assert f"thigh_{corner}" in shapes
        assert f"shin_{corner}" in shapes
    assert " more" not in shapes
