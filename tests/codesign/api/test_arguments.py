"""Wrong arguments of the Python interface end in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import codesign
from codesign.errors import UsageError
from codesign.store import Candidate
from morph_ops import sample_body

BODY = sample_body(np.random.default_rng(0))
CANDIDATE = Candidate.unscored(BODY, number=0, generation=0, operator="sample")
WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "settings": (
        lambda out: codesign.evolve({"population": 4}, out=out),  # pyright: ignore[reportArgumentType]  wrong on purpose
        "settings: expected codesign.Settings, got dict",
    ),
    "steps": (
        lambda out: codesign.finetune(BODY, out, steps=0),
        "^steps: expected at least 1, got 0$",
    ),
    "episodes": (
        lambda out: codesign.finetune(BODY, out, episodes=0),
        "^episodes: expected at least 1, got 0$",
    ),
    "formats": (
        lambda out: codesign.export(BODY, out, formats="mjcf"),
        r"formats: expected a list of names, got 'mjcf': use \['mjcf'\]",
    ),
    "finetune": (
        lambda out: codesign.export(BODY, out, finetune=-1),
        "^finetune: expected at least 0, got -1$",
    ),
    "best_of": (
        lambda out: codesign.score(BODY, best_of=0),
        "^best_of: expected at least 1, got 0$",
    ),
    "no integer": (
        lambda out: codesign.score(BODY, seed=1.5),  # pyright: ignore[reportCallIssue, reportArgumentType]
        "^seed: expected an integer, got 1.5$",
    ),
    "no seed": (
        lambda out: codesign.score(BODY, seed=None),  # pyright: ignore[reportCallIssue, reportArgumentType]
        "^seed: expected an integer, got None$",
    ),
    "truth value": (
        lambda out: codesign.score(BODY, episodes=True),
        "^episodes: expected an integer, got True$",
    ),
    "text": (
        lambda out: codesign.score(BODY, best_of="2"),  # pyright: ignore[reportCallIssue, reportArgumentType]
        "^best_of: expected an integer, got '2'$",
    ),
    "scorer": (
        lambda out: codesign.BodyScorer(episodes=1.5),  # pyright: ignore[reportArgumentType]
        "^episodes: expected an integer, got 1.5$",
    ),
    "seed of a scorer": (
        lambda out: codesign.BodyScorer(seed=-1),
        "^seed: expected at least 0, got -1$",
    ),
    "episodes of one body": (
        lambda out: codesign.BodyScorer(controller="flat-v0")(BODY, episodes=0),
        "^episodes: expected 1 .. 1000000, got 0$",
    ),
    "replay": (
        lambda out: codesign.write_replay(CANDIDATE, out),  # pyright: ignore[reportArgumentType]
        "got Candidate: use its .graph$",
    ),
    "fine-tuning": (
        lambda out: codesign.finetune(CANDIDATE, out),  # pyright: ignore[reportArgumentType]
        "got Candidate: use its .graph$",
    ),
    "no robot": (
        lambda out: codesign.score(3),  # pyright: ignore[reportCallIssue, reportArgumentType]
        "^robots: expected a body, a robot file, a folder, a run, or a list of them, got int$",
    ),
    "candidate": (
        lambda out: codesign.score(CANDIDATE),  # pyright: ignore[reportCallIssue, reportArgumentType]
        "got Candidate: use its .graph$",
    ),
    "list of candidates": (
        lambda out: codesign.score([CANDIDATE]),  # pyright: ignore[reportCallIssue, reportArgumentType]
        "got Candidate: use its .graph$",
    ),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_one_line_and_nothing_made(
    call: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        call(tmp_path / "out")
    assert not (tmp_path / "out").exists()
