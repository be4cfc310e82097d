"""The reference cases: robots that are read with notes, or refused with a reason, and the others.

Each folder of them is in a table here: what is right for its robot, or the test that knows it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError
from morph_ops.graph import import_notes, physics
from morph_ops.identity import body_hash
from morph_ops.io import from_json, read_body, to_json
from morph_ops.validity import suspicions

#: Robots that are a sphere and capsules, number for number.
PLAIN = (
    "a01 a10 a13 a14 a15 a16 a17 a23 a32 a33 a38 a40 a49 a51 a53 a54 a55 a56 a58 a59 a61 a63 "
    "a64 a67 a71 a81 a85 a87 a89 b01 b02 b03 d01 d02 f01 f02 f03b f04 f10 f11 h01 i04"
)
#: What is said of some of them.
SAID = {
    "a38": "an action of -1..1 spans the whole control range: ",
    "a40": "a positive action turns forward under a gear below 0: ",
    "a53": "hinges with a range below 5 deg; radians?",
    "a54": "m long; millimeters?",
    "a55": "moved by +3.58 m",
    "a56": "moved by -29.4 m",
    "f10": "limbs that do not touch what they hang on",
    "f11": "parts that run through each other at rest",
    "h01": "moved by +0.78 m",
}
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
    "a39": "an action of -1..1 is a torque: ",
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


#: Tests of the cases that are no robot file alone.
ELSEWHERE = {
    "e02": "tests/morph_ops/validity/test_wellformed.py::test_no_body_is_refused",
    "e03": "tests/morph_ops/test_graph.py::test_numpy_numbers_become_plain",
    "e04": "tests/morph_ops/test_graph.py::test_replacing_a_number_of_a_hinge_keeps_it_plain",
    "i01": "tests/codesign/store/test_folder.py::"
    "test_of_two_starts_in_one_folder_the_later_one_gets_one_line",
    "i02": "tests/codesign/store/test_folder.py::test_runs_are_found_and_named",
    "i03": "tests/codesign/cli/test_score.py::test_a_terminal_of_ascii_gets_question_marks",
    "i05": "tests/morph_ops/io/test_formats.py::test_extensions_may_be_in_capitals",
    "i06": "tests/morph_ops/io/test_formats.py::"
    "test_of_files_with_one_stem_only_equal_bodies_are_one_robot",
    "i07": "tests/codesign/exporting/test_designs.py::test_files_hold_the_body",
    "i08": "tests/codesign/config/test_config.py::test_start_of_a_campaign_file_is_beside_it",
    "i09": "tests/codesign/cli/test_score_tables.py::test_names_stay_readable_in_a_narrow_terminal",
    "checkpoint-header": "tests/hyperdistill_core/controller/test_untrusted_file.py::"
    "test_the_files_that_broke_end_in_one_line",
    "cluster-preload": "tests/codesign/config/test_trust.py::"
    "test_the_campaign_that_broke_is_refused",
    "damaged-db": "tests/codesign/store/test_damaged.py::"
    "test_a_damaged_run_is_one_line_and_the_others_are_listed",
    "format-string": "tests/morph_ops/io/test_untrusted.py::"
    "test_the_files_that_broke_end_in_a_body_or_one_line",
    "mjcf-expansion": "tests/morph_ops/io/test_untrusted.py::"
    "test_the_files_that_broke_end_in_a_body_or_one_line",
    "query-memory": "tests/codesign/store/test_query.py::test_an_endless_query_is_stopped",
    "settings-extremes": "tests/codesign/config/test_extremes.py::"
    "test_a_huge_number_is_one_short_line",
    "terminal-escape": "tests/codesign/cli/test_text.py::"
    "test_status_and_query_show_what_a_database_holds",
    "toml-numbers": "tests/codesign/config/test_extremes.py::"
    "test_the_files_that_broke_end_in_one_line",
    "two-starts": "tests/codesign/store/test_folder.py::"
    "test_of_two_starts_in_one_folder_the_later_one_gets_one_line",
}


def _cases() -> Path:
    beside = Path(__file__).parents[6] / "shared"
    folder = Path(os.environ.get("CODESIGN_REFERENCE", beside)) / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases at {folder}: set CODESIGN_REFERENCE to its folder")
    return folder


def _robot(case: str) -> Path:
    files = [
        file
        for file in sorted((_cases() / "foreign").glob(f"{case}_*/*"))
        if file.stem.lower() == "robot" and file.suffix.lower() in (".xml", ".mjcf")
    ]
    return files[0]


@pytest.mark.parametrize("case", PLAIN.split())
def test_a_sphere_with_capsules_is_read_number_for_number(case):
    graph = read_body(_robot(case))
    assert physics(graph) is None
    said = [*import_notes(graph), *suspicions(graph)]
    assert (SAID[case] in "\n".join(said)) if case in SAID else not said
    assert body_hash(from_json(to_json(graph))) == body_hash(graph)


def test_orders_of_motors_and_names_of_hinges_do_not_matter():
    assert body_hash(read_body(_robot("b01"))) == body_hash(read_body(_robot("a01")))
    file = _robot("b03")
    assert body_hash(read_body(file)) == body_hash(read_body(file.with_name("renamed.xml")))


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


def test_every_case_has_its_place_in_a_table():
    known = {*PLAIN.split(), *FOREIGN, *REFUSED, *ELSEWHERE}
    folders = sorted(each for part in ("foreign", "attack") for each in (_cases() / part).iterdir())
    found = {each.name if each.parent.name == "attack" else each.name.split("_")[0]
             for each in folders}  # fmt: skip
    assert found == known


@pytest.mark.parametrize("case", ELSEWHERE)
def test_the_other_cases_have_tests_of_their_names(case):
    file, _, name = ELSEWHERE[case].partition("::")
    text = (Path(__file__).parents[5] / file).read_text("utf-8")
    assert f"def {name}(" in text
