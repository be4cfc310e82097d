"""Scores of reference bodies give a score its percentile."""

from __future__ import annotations

import pytest

from hyperdistill_core.controller.reference_scores import ReferenceScores


def test_the_percentile_is_the_share_of_lower_scores():
    known = ReferenceScores.over(
        {1: [5.0, 1.0, 3.0, 3.0], 8: [10.0]}, task="flat", bodies="4 bodies"
    )
    for score, expected in ((0.0, 0.0), (1.0, 0.0), (2.0, 25.0), (3.0, 25.0), (4.0, 75.0)):
        assert known.percentile(score, best_of=1) == expected
    assert known.percentile(6.0, best_of=1) == 100.0
    assert known.percentile(6.0, best_of=8) == 0.0
    assert known.percentile(6.0, best_of=2) is None


def test_json_keeps_everything():
    known = ReferenceScores.over({1: [2.0, 1.06], 8: [3.0]}, task="flat", bodies="2 bodies")
    assert ReferenceScores.from_dict(known.to_dict()) == known
    assert known.scores[1] == (1.1, 2.0)


def test_scores_must_be_there():
    with pytest.raises(ValueError, match="expected some for best-of-8, got none"):
        ReferenceScores.over({1: [1.0], 8: []}, task="flat", bodies="none")
