"""Scores of many bodies on workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codesign.errors import UsageError
from codesign.scoring import BodyScorer, ScoringPool, score
from morph_ops.errors import UnknownNameError


def test_worker_processes_change_nothing(records, bodies, tiny_controller, untimed):
    parallel = score(bodies, controller=tiny_controller, episodes=2, seed=3, workers=2)
    assert list(map(untimed, parallel)) == list(map(untimed, records))


def test_wrong_names_and_numbers_are_refused(tiny_controller):
    with pytest.raises(UsageError, match="none-v9"):
        BodyScorer(controller="none-v9")
    with pytest.raises(UsageError, match="none-v9"):
        ScoringPool(controller="none-v9", workers=1)
    with pytest.raises(UnknownNameError, match="did you mean 'flat'"):
        BodyScorer(controller=tiny_controller, task="falt")
    with pytest.raises(ValueError, match=r"episodes: expected 1 \.\. 1000000, got 0"):
        score([], controller=tiny_controller, episodes=0)
    with pytest.raises(ValueError, match="workers: expected at least 1, got 0"):
        score([], controller=tiny_controller, workers=0)


def test_the_process_of_a_pool_does_not_import_torch():
    program = "import sys, codesign.scoring, codesign.campaign; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
