"""designs.csv: the origin and the scores of designs."""

from __future__ import annotations

import csv

import pytest

from codesign.errors import UsageError
from codesign.exporting import Design, DesignRollout, variants_of
from codesign.exporting.design_table import (
    DESIGN_TABLE,
    candidate_row,
    finetuned_row,
    write_design_table,
)
from tests.helpers.small_run import BODY


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_design_of_a_run_has_the_score_that_it_is_ranked_by(small_run, tmp_path):
    with small_run.database(read_only=True) as database:
        candidates = [database.candidate(number) for number in (5, 4)]
    designs = [Design(name=f"design-{rank}", graph=BODY) for rank in (1, 2)]
    rows = [candidate_row(*pair) for pair in zip(designs, candidates, strict=True)]
    write_design_table(rows, tmp_path / DESIGN_TABLE)
    first, second = read(tmp_path / DESIGN_TABLE)
    assert (first["candidate"], float(first["score"])) == ("5", 7.0), "of its re-evaluation"
    assert (second["candidate"], float(second["score"])) == ("4", 4.1), "of the search"
    assert (first["metric_work"], second["metric_work"]) == ("", "2.0")
    assert "finetuned_score" not in first
    assert variants_of(tmp_path, "c") == {"design-1": 0, "design-2": 0}
    assert variants_of(tmp_path, "another") == {}
    assert variants_of(tmp_path / "none", "c") == {}


def test_a_finetuned_design_has_both_scores(tmp_path):
    design = Design(name="robot", graph=BODY, variant=3, scores=(899.5, 1294.25))
    rollout = DesignRollout(controller="folder/mine.safetensors", episodes=8)
    write_design_table([finetuned_row(design, rollout)], tmp_path / DESIGN_TABLE)
    [row] = read(tmp_path / DESIGN_TABLE)
    assert row == {
        "design": "robot",
        "episodes": "8",
        "variant": "3",
        "controller": "mine",
        "zero_shot_score": "899.5",
        "finetuned_score": "1294.25",
    }


@pytest.mark.parametrize("text", ["design;controller\na;c\n", "design,controller,variant\na,c,\n"])
def test_a_damaged_table_is_one_clear_error(text, tmp_path):
    (tmp_path / DESIGN_TABLE).write_text(text)
    with pytest.raises(UsageError, match="expected a comma-separated table with the columns"):
        variants_of(tmp_path, "c")
