"""The table of an evaluation, and its figures."""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np
import pytest

from codesign.cli.controller import evaluation as command
from codesign.cli.controller.evaluation import _evaluate_split
from hyperdistill_core.evaluation import evaluation
from hyperdistill_core.evaluation.evaluation import Evaluation
from hyperdistill_core.evaluation.splits import Split


class Scores(Evaluation):
    """An evaluation with given scores."""

    def __init__(self, *scores: float) -> None:
        one = type("Scored", (), {"fell": np.array([False])})
        object.__setattr__(self, "rollouts", tuple(one() for _ in scores))
        object.__setattr__(self, "_scores", np.array(scores))

    @property
    def scores(self):
        return cast("Any", self)._scores


@pytest.mark.parametrize(("scores", "known"), [((-10.0, -5.0), False), ((10.0, 20.0), True)])
def test_shares_of_negative_means_are_left_out(scores, known, monkeypatch):
    monkeypatch.setattr(evaluation, "evaluate", lambda *_, **__: Scores(*scores))
    monkeypatch.setattr(evaluation, "select_variants", lambda *_, **__: [0, 0])
    figures, rows = _evaluate_split(
        Split("two", ()), ["student", "teacher"], episodes=1, best_of=1, blind=False, options={}
    )
    assert [len(row) for row in rows] == [len(command.COLUMNS)] * 3
    assert [rows[0][-1], rows[1][-1], *rows[2][2:4]] == (
        ["0%", "0%", "1.00", "1.00..1.00"] if known else ["-", "-", "-", ""]
    )
    text = json.dumps(figures, allow_nan=False)
    assert ('"teacher_ratio": null' in text, '"failure_rate": null' in text) == (not known,) * 2
