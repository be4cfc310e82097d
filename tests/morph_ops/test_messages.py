"""Tests of lines that name many things."""

from __future__ import annotations

import pytest

from morph_ops._messages import noted, shortened

NAMES = [f"hinge_{number}" for number in range(250)]


def test_a_kept_line_has_all_names():
    assert noted(NAMES[:200]) == ", ".join(NAMES[:200])
    assert noted(NAMES).endswith("hinge_199 and 50 more")


@pytest.mark.parametrize("before", ["without a motor: ", "are its units right? "])
@pytest.mark.parametrize("count", [1, 4, 5, 200, 250])
def test_a_shown_line_has_the_first_four(before, count):
    more = f" and {count - 4} more" if count > 4 else ""
    shown = before + ", ".join(NAMES[: min(count, 4)]) + more
    assert shortened(before + noted(NAMES[:count])) == shown


def test_other_lines_stay():
    line = "the torso moves on slide, slide, slide, hinge, hinge joints, not freely"
    assert shortened(line) == line
