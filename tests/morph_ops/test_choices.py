from __future__ import annotations

import pytest

from morph_ops._registry import UnknownChoiceError, choose


def test_finds_the_choice():
    assert choose({"flat": 1, "hills": 2}, "hills", what="task") == 2


def test_suggests_the_nearest_name():
    with pytest.raises(UnknownChoiceError, match=r"no task 'hill': did you mean 'hills'\?"):
        choose({"flat": 1, "hills": 2}, "hill", what="task")


def test_lists_the_choices_where_none_is_near():
    with pytest.raises(UnknownChoiceError, match=r"no task 'swim'\. Choices: flat, hills$"):
        choose({"hills": 2, "flat": 1}, "swim", what="task")


def test_says_where_there_is_nothing_to_choose():
    with pytest.raises(UnknownChoiceError, match=r"^no task 'swim': there are none$"):
        choose({}, "swim", what="task")
