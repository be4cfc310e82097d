from __future__ import annotations

import pytest

from morph_ops._registry import lookup
from morph_ops.errors import UnknownNameError


def test_finds_the_choice():
    assert lookup({"flat": 1, "hills": 2}, "hills", what="task") == 2


def test_suggests_the_nearest_name():
    with pytest.raises(UnknownNameError, match=r"no task 'hill': did you mean 'hills'\?"):
        lookup({"flat": 1, "hills": 2}, "hill", what="task")


def test_lists_the_choices_where_none_is_near():
    with pytest.raises(UnknownNameError, match=r"no task 'swim'\. Choices: flat, hills$"):
        lookup({"hills": 2, "flat": 1}, "swim", what="task")


def test_says_where_there_is_nothing_to_choose():
    with pytest.raises(UnknownNameError, match=r"^no task 'swim': there are none$"):
        lookup({}, "swim", what="task")
