"""Every task that ships is said in words, and what bodies did on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.config import Settings
from codesign.report import words
from codesign.scoring.task_words import task_words
from hyperdistill_core.tasks import TASKS, get_task
from tests.helpers.formula_pool import BLANK


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_has_words(name):
    known = task_words(name)
    assert known.points
    assert known.unit
    assert known.ground != f"the ground of {name}"
    assert not (known.forward and known.terms)
    assert known.forward or not get_task(name).along_x


def test_what_a_body_did_comes_from_the_reward_terms():
    terms = {"approach": 312.0, "touch": 5.0, "push": -10.0, "deliver": 0.0, "control": -3.0}
    record = replace(BLANK, terms=terms)
    found = task_words("push-box-incline").achievements(record)
    assert [each.value for each in found] == ["3.1 m", "50% of episodes", "-0.1 m"]
    assert found[1].sentence == "touches it in 50% of episodes"
    assert task_words("csr").achievements(record) == []


def test_scenes_and_custom_tasks_need_no_words():
    assert task_words("/home/me/stairs.xml").ground == "the ground of the scene stairs.xml"
    assert words.score_axis("somebody.module:hills") == "score"
    assert "bodies with a high score" in words.asked(Settings(task="somebody.module:hills"))
    assert words.notes(Settings(task="csr"), learned=False).count("50 points are one meter") == 1
