"""The progress bars of a run."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from codesign.cli.progress import RunProgress, finetuning_bar, trained_task


def test_finalists_have_a_bar_once_there_are_some():
    shown = []
    for total in (0, 5):
        text = StringIO()
        with RunProgress(Console(file=text, width=100)) as progress:
            progress.reevaluation(0, total)
            progress.reevaluation(min(2, total), total)
        shown.append(text.getvalue())
    assert "finalists" not in shown[0]
    assert "re-evaluation of finalists" in shown[1]
    assert "2/5" in shown[1]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("flat", "speed 0.50 m/s with action noise"),
        ("stairs.xml#0123456789ab", "speed 0.50 m/s with action noise"),
        ("patrol", "reward 0.5 per control step with action noise"),
        ("ft", "reward 0.5 per control step with action noise"),
        ("somebody.module:hills", "reward 0.5 per control step with action noise"),
        (None, "reward 0.5 per control step with action noise"),
    ],
)
def test_fine_tuning_shows_a_speed_only_where_the_reward_is_one(task, said):
    text = StringIO()
    with finetuning_bar(Console(file=text, width=100), task) as on_steps:
        on_steps(10, 10, 0.5)
    assert said in text.getvalue()
    assert ("m/s" in text.getvalue()) == ("m/s" in said)


def test_the_task_of_a_fine_tuning_is_that_of_the_run_or_the_usual_one(small_run, tmp_path):
    assert trained_task([small_run], None) == "flat"
    assert trained_task([small_run], "csr") == "csr"
    assert trained_task([tmp_path / "robot.xml"], None) == "flat"
