"""The robots of the reference cases: accepted with notes, or refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError
from morph_ops.graph import physics
from morph_ops.io import read_body

#: Robots that are a sphere and capsules, number for number.
PLAIN = (
    "a01 a10 a13 a14 a15 a16 a17 a23 a32 a33 a38 a39 a40 a49 a51 a53 a54 a55 a56 a58 a59 a61 a63 "
    "a64 a67 a81 a85 a87 a89 b01 b02 b03 f01 f02 f03b f04 f10 f11 h01"
)
#: Robots with physics of their own, and a part of a note on each.
FOREIGN = {
    "a02": "a capsule in place of the geoms of: trunk",
    "a04": "a capsule in place of the geoms of: trunk",
    "a05": "nodes in a row for parts with three or more hinges: leg_l/1, leg_r/1",
    "a06": "a capsule in place of the geoms of: thigh_fl",
    "a08": "an action of -1..1 is a position: hip_fl",
    "a11": "a control of -1..1, as it has no control range",
    "a19": "a capsule in place of the geoms of: shin_fl",
    "a20": "a capsule in place of the geoms of: trunk",
    "a21": "",
    "a25": "",
    "a26": "",
    "a27": "",
    "a28": "",
    "a29": "",
    "a30": "hinges without a motor",
    "a34": "",
    "a35": "",
    "a36": "passive ball joints",
    "a42": "the world around it is left out: ground",
    "a43": "",
    "a45": "",
    "a46": "",
    "a47": "",
    "a50": "gravity of its own: 0 0 -1.6 m/s^2",
    "a82": "hinges without limits",
    "a83": "sliding joints, shown as hinges",
    "b04": "the free joint has armature or damping",
    "f03": "the free joint has armature or damping",
    "f08": "",
    "f09": "an action of -1..1 is a position: hip_fl",
}
REFUSED = {
    "a65": "no UTF-8 text",
    "a68": "size 0 must be positive",
    "a69": "fromto points too close",
    "a70": "expected finite numbers in gear, got 'nan'",
    "a73": "expected at least one actuator",
    "a74": "repeated name 'm_knee_fl' in actuator",
    "a76": "broken XML: no element found",
    "a77": "a document type declaration is not allowed",
    "a78": "give the body a <freejoint/>",
    "a79": "bad format in attribute 'size'",
    "f06": "mass and inertia of moving bodies must be larger",
    "f07": "repeated name 'thigh_fl' in body",
}


def _robot(case: str) -> Path:
    beside = Path(__file__).parents[6] / "shared"
    folder = Path(os.environ.get("CODESIGN_REFERENCE", beside)) / "cases" / "foreign"
    files = [
        file
        for file in sorted(folder.glob(f"{case}_*/*"))
        if file.stem.lower() == "robot" and file.suffix.lower() in (".xml", ".mjcf")
    ]
    if not files:
        pytest.skip(f"no case {case} in {folder}: set CODESIGN_REFERENCE to its folder")
    return files[0]


@pytest.mark.parametrize("case", PLAIN.split())
def test_a_sphere_with_capsules_is_read_number_for_number(case):
    assert physics(read_body(_robot(case))) is None


@pytest.mark.parametrize("case", FOREIGN)
def test_any_other_robot_is_read_with_its_own_physics(case):
    graph = read_body(_robot(case))
    own = physics(graph)
    assert own is not None
    assert FOREIGN[case] in "\n".join(own.notes)
    model = get_task("flat").model(graph)
    assert model.nu == len(own.drives)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_robot_is_refused_in_one_line(case):
    with pytest.raises(BodyError) as caught:
        read_body(_robot(case))
    assert REFUSED[case] in str(caught.value)
    assert "\n" not in str(caught.value)
