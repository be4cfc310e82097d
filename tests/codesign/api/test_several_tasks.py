"""Campaigns over several tasks, from the settings to the designs."""

from __future__ import annotations

import csv
import json
import sqlite3
from shutil import copytree

import pytest

from codesign import api
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.report.episodes import recordings_of
from codesign.scoring.several_tasks import NORMALIZED, reference_bodies, scales_from_json
from codesign.store import RunFolder
from codesign.store.provenance import SCALES
from tests.helpers.run_processes import history, rows

TASKS = ["flat", "incline"]


@pytest.fixture(scope="module")
def settings(tiny_controller):
    return Settings(
        population=4, generations=2, episodes=1, in_flight=2, finalists=2, top=2, seed=3,
        reevaluation_episodes=2, workers=0, controller=str(tiny_controller), tasks=TASKS,
        algorithm="nsga2", objectives=["score@flat", "score@incline", "mass"],
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _two_reference_bodies():
    """Fewer bodies are quicker to score."""
    two = reference_bodies()[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codesign.scoring.scoring_pool.reference_bodies", lambda: two)
        yield


@pytest.fixture(scope="module")
def run(settings, tmp_path_factory):
    """A finished run; do not write to it."""
    return api.evolve(settings, out=tmp_path_factory.mktemp("runs") / "both")


class Interrupts(api.Observer):
    """Presses Ctrl-C at some candidate."""

    def __init__(self, at):
        self.at = at
        self.phases = []

    def phase(self, name):
        self.phases.append(name)
        return super().phase(name)

    def progress(self, progress):
        if progress.done == self.at:
            raise KeyboardInterrupt


def test_records_hold_every_task_and_the_aggregate(run):
    scales = run.query(f"SELECT value FROM provenance WHERE key = '{SCALES}'").rows
    known = scales_from_json(scales[0][0])
    assert list(known) == TASKS
    for number in range(12):
        candidate = run.candidate(number)
        record = candidate.result
        assert list(record.by_task) == TASKS
        assert record.task == "flat,incline"
        if record.status != "ok":
            continue
        for task, part in record.by_task.items():
            assert part.robot == candidate.name
            assert record.metrics[f"score@{task}"] == part.score
            assert part.metrics[NORMALIZED] == known[task].normalized(part.score)
        assert record.score == pytest.approx(sum(record.terms.values()))
        assert list(record.criteria_values) == run.settings.objectives
    again = run.best(1)[0].reevaluation
    assert again is not None
    assert [len(part.returns) for part in again.parts] == [2, 2]
    assert again.seed != run.candidate(0).result.seed


def test_sql_and_tables_read_every_task(run):
    sql = "SELECT json_extract(record, '$.by_task.incline.score') FROM candidates"
    [incline, *_] = [row[0] for row in run.query(sql).rows]
    assert incline == run.candidate(0).result.by_task["incline"].score
    found = run.candidates()
    rows = found.to_dict("records") if hasattr(found, "to_dict") else found
    assert rows[0]["metric_score@incline"] == incline


def test_an_interrupted_run_goes_on_with_its_scales(run, settings, tmp_path):
    out, first, second = tmp_path / "cut", Interrupts(7), Interrupts(0)
    with pytest.raises(KeyboardInterrupt):
        api.evolve(settings, out=out, observer=first)
    api.resume(out, workers=2, observer=second)
    assert "scoring reference bodies" in first.phases
    assert "scoring reference bodies" not in second.phases
    assert rows(out) == rows(run.path)
    assert history(out) == history(run.path)


def test_designs_hold_the_scores_of_every_task(run, tmp_path):
    [design, *_] = api.export(run, tmp_path / "out")
    folder = tmp_path / "out" / design.name
    record = json.loads((folder / f"{design.name}.record.json").read_text())
    assert list(record["score"]["by_task"]) == list(record["search_score"]["by_task"]) == TASKS
    readme = (folder / "README.md").read_text()
    assert "each of the tasks flat, incline" in readme
    assert "| score on incline |" in readme
    worlds = sorted(file.name for file in folder.glob("*.xml") if ".world." in file.name)
    assert worlds == ["design-01.incline.world.xml"]
    with (tmp_path / "out" / "designs.csv").open() as file:
        [row, *_] = csv.DictReader(file)
    assert float(row["metric_score@incline"]) == record["score"]["by_task"]["incline"]["score"]


def test_fine_tuning_needs_one_task(run, tmp_path):
    with pytest.raises(UsageError, match=r"tasks flat, incline|got flat, incline"):
        api.finetune(run.path, tmp_path / "out", steps=10)


def test_a_plan_counts_every_task(settings):
    one = api.plan(settings.replace(task="flat", objectives=["speed", "mass"]))
    both = api.plan(settings)
    assert both.max_s > one.max_s


def test_a_replay_shows_every_task_or_one(run, tmp_path):
    options = {"top": 1, "seconds": 0.2}
    for task, on in ((None, TASKS), ("incline", ["incline"])):
        made = api.write_replay(run, tmp_path / "walk.svg", task=task, **options)
        assert [each.name for each in made.recordings] == [f"design-01 on {one}" for one in on]
    assert made.recordings[0].note.endswith("; a slope of 10 degrees")
    with pytest.raises(UsageError, match="tasks flat, incline: name the one to train on"):
        api.write_replay(run, tmp_path / "walk.svg", finetune=10, **options)
    with pytest.raises(UsageError, match="12 robots, and the runs have 14 tasks: name one"):
        api.write_replay([run] * 7, tmp_path / "walk.svg", **options)
    with pytest.raises(ValueError, match="no task of the run 'csr'"):
        api.write_replay(run, tmp_path / "walk.svg", task="csr", **options)


def test_ancestors_are_shown_on_every_task(run, tmp_path):
    made = api.write_replay(run, tmp_path / "line.svg", ancestors=True, seconds=0.2)
    names = [each.name for each in made.recordings]
    flat, incline = names[: len(names) // 2], names[len(names) // 2 :]
    assert flat[-1] == f"candidate {run.best(1)[0].number} on flat"
    assert [name.replace("flat", "incline") for name in flat] == incline


def test_a_report_shows_every_task_with_its_score(run, tmp_path):
    page = api.write_report(run, tmp_path / "report.html").read_text("utf-8")
    best = run.best(2)
    for task, part in best[0].final.by_task.items():
        scored = f"<b>{task}: {part.score:,.0f} ({part.metrics[NORMALIZED]:.0f})</b>"
        assert page.count(scored) >= 3, "above, moving, and on its way"
        assert f"Nodes on the ground over time, on {task}" in page
        assert f"<dt>speed on {task}</dt><dd>{part.speed:.2f} m/s</dd>" in page
    assert page.count('class="gait"') == len(TASKS) * len(best)
    assert len(page) < 10e6
    assert "on flat, covers" in page


def test_designs_beyond_the_best_ones_are_on_the_first_task(run):
    best = run.best(2)
    found, why = recordings_of(best, RunFolder(run.path), everywhere=1)
    assert why is None
    assert [list(found[one.number]) for one in best] == [TASKS, TASKS[:1]]
    for task, part in best[0].final.by_task.items():
        total = found[best[0].number][task].rewards.sum()
        assert total == pytest.approx(part.returns[0], abs=1e-6)


@pytest.mark.parametrize("damage", ["$.by_task.flat.task", "$.task"])
def test_records_of_other_tasks_are_refused(run, tmp_path, damage):
    out = tmp_path / "edited"
    copytree(run.path, out)
    with sqlite3.connect(out / "run.sqlite") as database:
        database.execute(
            "UPDATE reevaluations SET record = json_set(record, ?, 'evil:TASK')", (damage,)
        )
    with pytest.raises(UsageError, match="records of the task flat, incline, got another"):
        api.resume(out)


def test_damaged_scales_are_one_line(run, tmp_path):
    out = tmp_path / "edited"
    copytree(run.path, out)
    with sqlite3.connect(out / "run.sqlite") as database:
        database.execute("UPDATE provenance SET value = '{}x' WHERE key = ?", (SCALES,))
        database.execute("DELETE FROM reevaluations")
    with pytest.raises(UsageError, match="the scales of the run are damaged"):
        api.resume(out)
