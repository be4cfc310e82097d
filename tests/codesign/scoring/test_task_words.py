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


def test_several_tasks_have_the_words_of_each():
    known = {"tasks": ["flat", "escape", "exploration"], "aggregate": "min"}
    asked = words.asked(Settings.from_dict(known))
    assert "fast bodies on the task flat;" in asked
    assert "bodies that come out of a bowl on the task escape;" in asked
    assert "bodies that visit much ground on the task exploration)" in asked
    assert "by the least of their normalized scores" in asked
    assert "fast" not in words.asked(Settings(tasks=["escape", "exploration"]))
    assert "for fast bodies on the tasks flat and csr, by" in words.asked(
        Settings(tasks=["flat", "csr"])
    )


def test_the_score_of_several_tasks_is_no_mean_return():
    meanings = dict(words.meanings(Settings.from_dict({"tasks": ["flat", "escape"]})))
    assert meanings["score"].startswith(
        "Mean of the normalized scores on the tasks flat and escape"
    )
    assert meanings["score on one task"].startswith("Mean return of the episodes.")
    assert "50 points are one meter" in meanings["score on one task"]
    assert "a point is one meter away from the center" in meanings["score on one task"]
    least = dict(words.meanings(Settings.from_dict({"tasks": ["flat", "csr"], "aggregate": "min"})))
    assert least["score"].startswith("Least of the normalized scores")
    assert dict(words.meanings(Settings()))["score"].startswith("Mean return of the episodes.")
