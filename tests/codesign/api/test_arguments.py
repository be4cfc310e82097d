"""Wrong arguments of the Python interface end in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import codesign
from codesign.errors import UsageError
from morph_ops import sample_body

BODY = sample_body(np.random.default_rng(0))
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
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_one_line_and_nothing_made(
    call: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        call(tmp_path / "out")
    assert not (tmp_path / "out").exists()
