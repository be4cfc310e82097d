"""The pages of reports: complete, alone, and safe whatever a run says."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import codesign
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.pages import embedded
from codesign.store import Candidate, Event, RunFolder
from morph_ops import operators
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

#: What a page may refer to beside itself.
INSIDE = re.compile(r"^(#|data:|designs/)")


@pytest.fixture(scope="module")
def text(page):
    return page.read_text("utf-8")


def own(text):
    """A page without Plotly's own code."""
    return re.sub(r"<script>/\*\*.*?</script>", "", text, flags=re.DOTALL)


def test_the_page_lies_in_the_run_folder_and_is_small(run, text):
    assert (run.path / "report.html").stat().st_size < 10e6
    assert len(own(text)) < 1e6


def test_the_page_asks_for_nothing(text):
    found = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^")\s>]+)', own(text))
    assert found
    assert all(INSIDE.match(one) for one in found), [x for x in found if not INSIDE.match(x)]


def test_the_page_has_every_part(run, text):
    page = own(text)
    best = run.best(2)
    assert f"Its best design, candidate {best[0].number}, covers" in page
    for part in ("designs", "fitness", "diversity", "operators", "alarms", "phylogeny", "settings"):
        assert f'id="{part}"' in page
    for candidate in best:
        assert f"Candidate {candidate.number}" in page
    assert page.count('class="gait"') == 2
    assert "designs/design-01/design-01.xml" in page
    assert Path(run.path, "designs/design-01/design-01.xml").is_file()


def repeated_ids(page):
    ids = Counter(re.findall(r'\sid="([^"]+)"', page))
    return {name for name, count in ids.items() if count > 1}


def test_ids_are_unique(text):
    assert repeated_ids(own(text)) == set()


def test_what_pictures_show_is_in_the_page(text):
    page = own(text)
    ids = set(re.findall(r'\sid="([^"]+)"', page))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', page)) <= ids
    films = re.findall(r'data-film="([^"]+)" data-frames="(\d+)"', page)
    assert len(films) == 3, "one for each card, and the best one above"
    assert all(f"{name}-{int(count) - 1}" in ids for name, count in films)


def test_figures_are_json(text):
    found = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)
    assert found
    assert set(json.loads(found[1])) == {"fitness", "diversity", "operators"}


def test_links_to_files_need_the_page_beside_them(run, tmp_path):
    elsewhere = codesign.write_report(run, tmp_path / "page.html").read_text("utf-8")
    assert 'href="designs/' not in elsewhere


@pytest.mark.parametrize(
    ("algorithm", "part"), [("nsga2", "front"), ("map_elites", "map"), ("novelty", "map")]
)
def test_fronts_and_archives_are_shown(evolved, tmp_path, algorithm, part):
    run = evolved(tmp_path, algorithm=algorithm, population=4, generations=1, finalists=1)
    page = own(codesign.write_report(run, top=1).read_text("utf-8"))
    assert f'id="{part}"' in page
    assert "<symbol" in page


def test_names_of_strangers_are_text(tmp_path):
    """A run folder may come from somebody else."""
    evil = "<script>alert(1)</script>"
    folder = RunFolder.create(tmp_path / "<b>bold", Settings(population=2, controller="flat-v0"))
    rng = np.random.default_rng(0)
    body = sample_body(rng)
    with folder.database() as database:
        parent = Candidate.unscored(body, number=0, generation=0, operator=evil)
        child = Candidate.unscored(
            operators.gear(body, rng), number=1, generation=0, operator=evil, parents=(0,)
        )
        for one in (parent, child):
            record = replace(BLANK, warnings=(evil,), status="ok", metrics={"work": 1.0})
            database.add(one.scored(record))
        alarm = Event(kind="alarm", name=evil, message=evil, generation=0)
        database.add_event(alarm)
    page = own(codesign.write_report(folder.path).read_text("utf-8"))
    assert "alert(1)" in page
    assert evil not in page
    assert "<b>bold" not in page


def test_an_empty_run_has_a_page(tmp_path):
    folder = RunFolder.create(tmp_path / "new", Settings())
    page = own(codesign.write_report(folder.path).read_text("utf-8"))
    assert "No body simulates so far." in page


def test_a_missing_controller_leaves_bodies_at_rest(tmp_path, small_run):
    page = codesign.write_report(small_run.path, tmp_path / "page.html").read_text("utf-8")
    assert "Some pictures of motion are missing: " in page


def test_tuned_designs_show_both_scores(run, tmp_path):
    number = run.best(1)[0].number
    tuned = tmp_path / "tuned"
    tuned.mkdir()
    head = "design,candidate,zero_shot_score,finetuned_score,finetune_task\n"
    table = f"{head}a,{number},123.4,2345.6,flat\n"
    (tuned / "designs.csv").write_text(table)
    page = codesign.write_report(run, tmp_path / "page.html", tuned=tuned).read_text("utf-8")
    assert '<span class="score">2,346</span>' in page
    assert "fine-tuned, from 123 in other episodes" in page
    with pytest.raises(UsageError, match="tuned: expected a folder that 'codesign finetune RUN"):
        codesign.write_report(run, tmp_path / "page.html", tuned=tmp_path)
    (tuned / "designs.csv").write_text(table.replace("flat", "csr"))
    with pytest.raises(UsageError, match=r"the task of the run, flat, got those of .* on csr"):
        codesign.write_report(run, tmp_path / "page.html", tuned=tuned)


def test_runs_are_compared_by_what_differs(evolved, tmp_path):
    runs = [
        evolved(
            tmp_path,
            f"{algorithm}-{seed}",
            algorithm=algorithm,
            seed=seed,
            population=2,
            generations=0,
        )
        for algorithm, seed in (("aging", 1), ("aging", 3), ("aging", 4), ("random", 2))
    ]
    page = own(codesign.write_report(runs, tmp_path / "both.html").read_text("utf-8"))
    assert "Comparison of 4 runs" in page
    assert "algorithm aging" in page
    assert "as the mean of 3 seeds" in page
    assert page.count('<article class="card design"') == 4
    assert repeated_ids(page) == set()


def test_other_files_are_never_replaced(run, tmp_path):
    mine = tmp_path / "mine.html"
    mine.write_text("<p>my own")
    with pytest.raises(UsageError, match=r"mine.html exists and is no page of codesign"):
        codesign.write_report(run, mine)
    assert mine.read_text() == "<p>my own"
    with pytest.raises(UsageError, match="expected a file to write, got the folder"):
        codesign.write_report(run, tmp_path)
    with pytest.raises(UsageError, match="cannot write"):
        codesign.write_report(run, tmp_path / "no" / "folder.html")
    with pytest.raises(UsageError, match="top and tuned apply to the page of one run"):
        codesign.write_report([run, run], tmp_path / "two.html", top=3)
    with pytest.raises(UsageError, match="expected at least one run folder, got none"):
        codesign.write_report([])


def test_embedded_values_cannot_end_their_element():
    assert json.loads(embedded({"a": "</script><!--"})) == {"a": "</script><!--"}
    assert "<" not in embedded({"a": "</script><!--"})
