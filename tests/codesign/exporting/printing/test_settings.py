"""Settings of prints, and hinges that follow from them."""

from __future__ import annotations

import pytest

from codesign.exporting.printing.settings import SERVOS, HingeSize, PrintSettings
from hyperdistill_core.settings import SettingsError, changed


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("scale=0", "scale: expected a number above 0, got 0"),
        ("shaft_mm=-1", "shaft_mm: expected a number above 0, got -1"),
        ("servo=10g", "servo: expected 'none', '9g' or 'standard', got '10g'"),
        ("pocket=3", "no setting 'pocket'"),
        ("scale", "--print: expected key=value"),
    ],
)
def test_wrong_settings_are_one_clear_error(assignment, message):
    with pytest.raises(SettingsError, match=message):
        changed(PrintSettings(), [assignment], option="--print")


def test_a_servo_takes_its_room():
    plain, servo = HingeSize.of(PrintSettings()), HingeSize.of(PrintSettings(servo="9g"))
    low, high = servo.tongue
    assert high - low == pytest.approx(SERVOS["9g"].below + 3.0)
    assert 2.0 * servo.slot == pytest.approx(high - low + SERVOS["9g"].above + 0.6)
    assert plain.tongue == (-5.0, 5.0)
    assert plain.bone_start == 0.0 < servo.bone_start
