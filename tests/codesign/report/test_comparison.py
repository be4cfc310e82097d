"""Pages about several runs: what sets groups apart, and which scores rank them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import codesign
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.report import compare
from codesign.report.comparison import RunPart
from codesign.report.content import flat
from codesign.store import Candidate, RunFolder
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

BODIES = [sample_body(np.random.default_rng(seed)) for seed in (0, 1)]
#: Settings of a run whose finalists learn.
LEARNS = {"finetune_steps": 30_000}


def record(score, **metrics):
    return replace(
        BLANK, status="ok", score=score, ci95=(score - 1.0, score + 1.0), metrics=metrics
    )


@pytest.fixture
def written(tmp_path):
    """A function that writes a run: two bodies, on fresh episodes, and learned if asked."""

    def make(name, scores, *, learned=(), **settings):
        made = Settings.from_dict({"population": 2, "controller": "flat-v0", **settings})
        folder = RunFolder.create(tmp_path / name, made)
        with folder.database() as database:
            for number, (body, score) in enumerate(zip(BODIES, scores, strict=True)):
                unscored = Candidate.unscored(body, number=number, generation=0, operator="sample")
                database.add(unscored.scored(record(score + 50.0)))
                database.add_reevaluation(number, record(score))
            database.add_finetunings(
                {
                    number: record(
                        score, zero_shot_score=zero, best_of_score=zero, finetune_steps=1.0
                    )
                    for number, (score, zero) in enumerate(zip(learned, scores, strict=False))
                }
            )
        return folder.path

    return make


def shown(runs, tmp_path):
    """The page of a comparison: its lead, and the rows of its table of scores."""
    text = codesign.write_report(runs, tmp_path / "page.html").read_text("utf-8")
    lead = re.search(r'class="lead">(.*?)</p>', text, re.DOTALL)
    assert lead
    table = text.partition('id="scores"')[2].partition("</table>")[0]
    rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in table.split("<tr>")[1:]]
    return lead[1], rows


def test_a_zero_shot_run_is_not_ranked_below_a_fine_tuned_one_for_lack_of_learning(
    written, tmp_path
):
    tuned = written("tuned", (100.0, 120.0), learned=(900.0, 300.0), seed=1, **LEARNS)
    plain = written("plain", (200.0, 150.0), seed=2)
    lead, (head, first, second) = shown([tuned, plain], tmp_path)
    assert "The best bodies come from plain: a zero-shot score of 200; next is tuned with 120." in (
        lead
    )
    assert "not all runs have fine-tuned their designs" in lead
    assert head[2:4] == ["zero-shot", "fine-tuned"]
    assert first[:5] == ["plain", "1", "200", "none", "plain: 200 (199 to 201)"]
    # The best zero-shot body of a run need not be the one that learned best.
    assert second[:5] == ["tuned", "1", "120", "900", "tuned: 120 (119 to 121)"]


def test_runs_that_all_learned_are_ranked_after_it(written, tmp_path):
    low = written("low", (300.0, 120.0), learned=(500.0, 400.0), **LEARNS)
    high = written("high", (100.0, 120.0), learned=(900.0, 300.0), algorithm="random", **LEARNS)
    lead, (_, first, _) = shown([low, high], tmp_path)
    assert lead == (
        "The best bodies come from high: a score of 900 after fine-tuning; next is low with 500. "
        "With one seed each, luck may decide this order."
    )
    assert first[2:5] == ["120", "900", "high: 900 (899 to 901)"]


def test_runs_that_never_learned_have_no_column_for_it(written, tmp_path):
    runs = [written(f"run-{seed}", (seed * 10.0, 1.0), seed=seed) for seed in (1, 2, 3)]
    lead, (head, row) = shown(runs, tmp_path)
    assert lead.endswith("a zero-shot score of 20 ± 25 as the mean of 3 seeds.")
    assert "fine-tuned" not in head
    assert row[1:3] == ["3", "20 ± 25"]


def test_runs_on_different_tasks_are_ranked_apart(written, tmp_path):
    far = written("far", (400.0, 300.0), task="patrol")
    low = written("low", (20.0, 10.0), seed=1)
    high = written("high", (30.0, 10.0), algorithm="random", seed=2)
    page = codesign.write_report([far, low, high], tmp_path / "page.html").read_text("utf-8")
    lead, (head, *rows) = shown([far, low, high], tmp_path)
    assert lead == (
        "Scores on different tasks or scales do not compare, so the runs are ranked on each of the "
        "2 alone. "
        "On patrol the best bodies come from far: a zero-shot score of 400. "
        "On flat the best bodies come from high: a zero-shot score of 30; next is low with 20. "
        "With one seed each, luck may decide this order."
    )
    assert head[1] == "scored on"
    assert [row[:2] for row in rows] == [["far", "patrol"], ["high", "flat"], ["low", "flat"]]
    assert re.findall(r"<h3>On (.*?)</h3>", page) == ["patrol", "flat"]
    assert page.count('data-figure="fitness-') == 2
    assert "<b>400</b> zero-shot on patrol (399 to 401)" in page


def test_normalized_scores_compare_where_tasks_aggregate_and_controller_are_the_same():
    several = {"tasks": ["flat", "csr"], "controller": "flat-v0"}
    parts = [
        part("raw"),
        part("mean", **several),
        part("more", **several, population=32),
        part("least", **several, aggregate="min"),
        part("other", **{**several, "controller": "flat-v1"}),
    ]
    compared = compare(parts)
    names = [[group.runs[0].name for group in compared.groups_on(one)] for one in compared.figures]
    assert names == [["raw"], ["mean", "more"], ["least"], ["other"]]


def test_cards_say_which_score_they_show(written, tmp_path):
    tuned = written("tuned", (100.0, 120.0), learned=(900.0, 300.0), **LEARNS)
    plain = written("plain", (200.0, 150.0))
    page = codesign.write_report([tuned, plain], tmp_path / "page.html").read_text("utf-8")
    assert "<b>900</b> fine-tuned (899 to 901)" in page
    assert "<b>200</b> zero-shot (199 to 201)" in page


def test_a_run_that_has_just_started_has_no_curve(written, tmp_path):
    plain = written("plain", (200.0, 150.0))
    empty = RunFolder.create(tmp_path / "empty", Settings(algorithm="random")).path
    lead, (_, _, last) = shown([empty, plain], tmp_path)
    assert lead.startswith("The best bodies come from plain")
    assert last[2:4] == ["none", "none"]


def part(name, **settings):
    made = Settings.from_dict(settings)
    return RunPart(
        name=name,
        anchor=name,
        settings=flat(made.model_dump(mode="json")),
        summaries=[],
        rescores={},
        card=None,
        zero_shot=record(1.0),
    )


def names_of(*settings):
    """Names of groups of two runs each."""
    parts = [part(f"{n}{each}", **one) for n, one in enumerate(settings) for each in "ab"]
    compared = compare(parts)
    assert all(len(group.runs) == 2 for group in compared.groups)
    return {group.name for group in compared.groups}, dict(compared.differing)


def test_a_table_that_some_runs_lack_is_on_or_off():
    names, differing = names_of({}, {"adaptation": {"every": 2}})
    assert names == {"adaptation off", "adaptation on"}
    assert set(differing) == {"adaptation"}


def test_of_a_table_that_all_runs_have_the_changed_entries_count():
    names, _ = names_of({"racing": {"steps": 50}}, {"racing": {}})
    assert names == {"racing.steps 50", "racing.steps 100"}


def test_entries_of_a_table_count_among_the_runs_that_have_it():
    names, _ = names_of({}, {"adaptation": {"every": 2}}, {"adaptation": {"every": 3}})
    assert names == {
        "adaptation off",
        "adaptation on, adaptation.every 2",
        "adaptation on, adaptation.every 3",
    }


def test_what_changes_no_result_makes_no_difference():
    cluster = {"kind": "local", "workers": 1}
    parts = [
        part("a", seed=1),
        part("b", seed=2, alarms={"speed": 9.0}, workers=3),
        part("c", cluster=cluster),
    ]
    compared = compare(parts)
    assert len(compared.groups) == 1
    assert compared.differing == []


def test_a_run_does_not_count_twice(written, tmp_path):
    one = written("one", (1.0, 2.0))
    (tmp_path / "link").symlink_to(one)
    with pytest.raises(UsageError, match="expected runs that differ, got one of them twice"):
        codesign.write_report([one, tmp_path / "link"], tmp_path / "page.html")


def test_a_page_is_html(written, tmp_path):
    with pytest.raises(UsageError, match=r"page.pdf: expected a file that ends with .html or .htm"):
        codesign.write_report(written("one", (1.0, 2.0)), tmp_path / "page.pdf")
    assert not (tmp_path / "page.pdf").exists()


def test_commands_can_be_copied_into_a_shell(written, tmp_path):
    page = codesign.write_report(written("two words", (1.0, 2.0)), tmp_path / "page.html")
    assert f"codesign export &#39;{tmp_path / 'two words'}&#39; --out" in page.read_text("utf-8")
