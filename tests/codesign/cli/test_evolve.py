"""``codesign evolve`` and its run folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest

from codesign import campaign, config
from codesign.scoring.several_tasks import reference_bodies
from codesign.store import AdaptationResult, Candidate, Event, RunFolder
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK, FormulaPool, InterruptionError
from tests.morph_ops.io.mjcf.foreign.robots import quadruped


def test_status_and_runs_show_a_finished_run(run, small_run):
    status = run("status", small_run)
    assert "12 of 12 candidates" in status
    assert "finished" in status
    assert "small" in run("runs", "--in", small_run.parent)
    options = ("--controller", "flat-v0", "--episodes", 1, "--workers", 0)
    assert "design-01.json" in run("score", small_run, *options)
    # A finished run resumes to the same tables without work.
    assert "Best designs" in run("evolve", "--resume", small_run)


def ok(score, **metrics):
    return replace(BLANK, status="ok", score=score, metrics=metrics)


def learned_run(path, *, finetuned=()):
    """A run of two generations, whose controller was adapted between them."""
    settings = config.Settings(
        population=2, generations=1, adaptation=config.Adaptation(every=1), top=1
    )
    folder = RunFolder.create(path, settings)
    rng = np.random.default_rng(0)
    adaptation = AdaptationResult(1, 2, True, 10.0, 20.0, "abc", 100)
    with folder.database() as database:
        for number in range(4):
            generation = number // 2
            made = Candidate.unscored(
                sample_body(rng), number=number, generation=generation, operator="sample"
            )
            made = replace(made, adaptation=generation)
            if number == 2:
                event = Event(kind="adaptation", generation=0, message="adaptation 1")
                database.add_adaptation(adaptation, {1: ok(31.5)}, event)
            database.add(made.scored(ok(number + 0.5)))
        learning = {"zero_shot_score": 31.5, "best_of_score": 31.5, "finetune_steps": 1.0}
        database.add_finetunings({number: ok(40.5, **learning) for number in finetuned})
    return folder.path


def test_scores_say_which_learning_raised_them(run, small_run, tmp_path):
    adapted = learned_run(tmp_path / "runs" / "adapted")
    learned_run(tmp_path / "runs" / "tuned", finetuned=[1])
    copytree(small_run, tmp_path / "runs" / "plain")
    rows = {
        line.split()[0]: " ".join(line.split())
        for line in run("runs", "--in", adapted.parent).splitlines()
        if line.strip()
    }
    assert "best best is m/s" in rows["run"]
    assert " 31.5 adapted-001 0.00 " in rows["adapted"]
    assert " 40.5 adapted-001, fine-tuned 0.00 " in rows["tuned"]
    assert " zero-shot " in rows["plain"]


def test_a_status_marks_the_controllers_of_generations(run, small_run, tmp_path):
    status = run("status", learned_run(tmp_path / "adapted"))
    assert ["0", "2", "1.5", "1.0", "as", "given"] in [line.split() for line in status.splitlines()]
    assert ["1", "2", "3.5", "3.0", "adapted-001"] in [line.split() for line in status.splitlines()]
    assert "scores under different controllers do not compare" in status
    assert "scores are adapted-001" in status
    plain = run("status", small_run)
    assert "as given" not in plain
    assert "scores are" not in plain


def test_a_run_on_several_tasks(run, refused, tiny_controller, tmp_path, monkeypatch):
    two = reference_bodies()[:2]
    monkeypatch.setattr("codesign.scoring.scoring_pool.reference_bodies", lambda: two)
    monkeypatch.setattr("codesign.scoring.scoring_pool.REFERENCE_EPISODES", 1)
    out = tmp_path / "both"
    options = ["--preset", "tiny", "--set", f"controller={tiny_controller}", "--workers", 0]
    options += ["--set", "episodes=1", "--set", "generations=0", "--set", "aggregate=min"]
    options += ["--set", "population=2", "--set", "reevaluation_episodes=0"]
    printed = run("evolve", *options, "--task", "flat,incline", "--out", out)
    for shown in (printed, run("status", out)):
        assert "Best designs on each task" in shown
        assert "incline" in shown
    assert "flat, incline" in run("runs", "--in", tmp_path)
    assert "did you mean 'incline'" in refused("evolve", *options, "--task", "flat,inclin")
    assert "goes only with" in refused("evolve", "--resume", out, "--task", "csr")


def test_a_run_resumes_only_with_its_own_settings(run, refused, small_run, tmp_path):
    out = tmp_path / "edited"
    copytree(small_run, out)
    settings = (out / "settings.toml").read_text()
    (out / "settings.toml").write_text(settings.replace("generations = 2", "generations = 3"))
    assert "generations: expected 2" in refused("evolve", "--resume", out)
    # (the search and its learning looked at as many of the best as there are finalists)
    (out / "settings.toml").write_text(settings.replace("top = 2", "top = 200"))
    assert "the finalists of the run, got 200; codesign export" in refused(
        "evolve", "--resume", out
    )
    (out / "settings.toml").write_text(settings.replace("top = 2", "top = 1"))
    run("evolve", "--resume", out, "--workers", "0")
    assert not list(out.glob("designs/design-02*"))


def test_a_run_with_missing_reevaluations_is_not_finished(run, tmp_path):
    settings = config.Settings(population=4, generations=1, finalists=3, top=1)
    folder = RunFolder.create(tmp_path / "runs" / "cut", settings)
    with folder.database() as database, pytest.raises(InterruptionError):
        campaign.run(settings, database=database, pool=FormulaPool(answers=9))
    status = run("status", folder.path)
    assert "cut: interrupted" in status
    assert "8 of 8 candidates" in status
    assert "finalists to re-evaluate: 2" in status
    assert "interrupted" in run("runs", "--in", folder.path.parent)
    with folder.database() as database:
        campaign.run(settings, database=database, pool=FormulaPool())
    status = run("status", folder.path)
    assert "cut: finished" in status
    assert "finalists to" not in status


def test_a_log_has_one_line_for_each_generation(run, tiny_controller, tmp_path):
    options = ["--preset", "tiny", "--set", f"controller={tiny_controller}", "--workers", 0]
    out = run("evolve", *options, "--set", "episodes=1", "--out", tmp_path / "run")
    lines = [line.split(" ", 1)[1] for line in out.splitlines() if " generation " in line[:20]]
    with RunFolder(tmp_path / "run").database(read_only=True) as database:
        assert lines == [event.message for event in database.events("generation")]


def test_a_failed_run_shows_its_error(run, small_run, tmp_path):
    out = tmp_path / "failed"
    copytree(small_run, out)
    with RunFolder(out).database() as database:
        database.add_event(Event(kind="failed", message="mine:toes gave nan"))
    with closing(sqlite3.connect(out / "run.sqlite")) as database, database:
        database.execute("DELETE FROM reevaluations")
    assert "failed: failed: mine:toes gave nan" in run("status", out)
    assert "failed" in run("runs", "--in", tmp_path)
    run("evolve", "--resume", out, "--workers", "0")
    assert "finished" in run("status", out)


def test_a_status_shows_the_metrics_of_several_objectives(run, tmp_path):
    settings = config.Settings(
        population=8,
        generations=1,
        algorithm="nsga2",
        objectives=["score", "mass"],
        reevaluation_episodes=0,
        top=3,
    )
    folder = RunFolder.create(tmp_path / "run", settings)
    with folder.database() as database:
        campaign.run(settings, database=database, pool=FormulaPool())
        masses = [body.result.metrics["mass"] for body in database.best(settings.top)]
    assert f"mass: {', '.join(f'{mass:.3g}' for mass in masses)}" in run("status", folder.path)


SMALL = {"population": 4, "generations": 9, "in_flight": 4, "reevaluation_episodes": 0}
SMALL |= {"screened": 0, "brood": 1, "finetune_steps": 0}
SETS = [f"--set={key}={value}" for key, value in SMALL.items()]


def test_a_dry_run_shows_settings_size_and_time(run, tiny_controller):
    options = [*SETS, f"--set=controller={tiny_controller}", "--set=episodes=4"]
    shown = run("evolve", "--dry-run", *options, "--set=racing=true", "--workers", 0).splitlines()
    assert "generations = 9" in shown
    assert "40 candidates of 4 episodes, no re-evaluation, this process" in shown
    assert "if bodies fall as early as the first 4, " in shown[-1]
    assert shown[-1].endswith("; racing makes it shorter")


def test_a_dry_run_names_one_worker_process(run, tiny_controller):
    options = [*SETS, f"--set=controller={tiny_controller}", "--set=episodes=1", "--workers", 1]
    assert "no re-evaluation, 1 worker process\n" in run("evolve", "--dry-run", *options)


def test_a_dry_run_shows_screening_and_what_learns(run, tiny_controller):
    options = [*SETS, f"--set=controller={tiny_controller}", "--set=episodes=1", "--workers", 0]
    options += ["--set=screened=8", "--set=finetune_steps=3000", "--set=reevaluation_episodes=2"]
    out = run("evolve", "--dry-run", *options, "--set=adaptation.every=3", "--set=top=7")
    assert "40 candidates of 1 episodes, 7 finalists of 2 episodes, this process\n" in out
    assert "the search starts with the best 4 of 8 sampled bodies" in out
    assert "the controller learns 3 times for 600,000 control steps" in out
    assert "the networks of the finalists learn for 3,000 control steps on average" in out
    for part in (
        "screening", "search", "learning of the controller", "scores under both",
        "re-evaluation", "best-of-8 of finalists", "learning of finalists",
        "scores of what they learned",
    ):  # fmt: skip
        assert f" {part} " in out
    assert "as early as the best 4 of 8 sampled ones, " in out
    assert (
        "learning is not measured: the plan counts 16,000 control steps a second for the "
        "controller and 3,000 control steps a second for the networks of finalists, as on two cores"
    ) in out


def test_a_controller_that_would_never_learn_is_refused(refused, tiny_controller):
    options = [*SETS, f"--set=controller={tiny_controller}", "--set=episodes=1", "--workers", 0]
    assert (
        "adaptation.every: expected at most 9, the generations after the first one, got 10: the "
        "controller would never learn"
    ) in refused("evolve", *options, "--set=adaptation.every=10")


def test_the_help_names_every_preset(run):
    out = run("evolve", "--help")
    assert all(name in out for name in config.presets())


def test_a_run_from_a_robot_from_elsewhere_says_what_is_approximated(run, tmp_path):
    (tmp_path / "robot.xml").write_text(quadruped())
    options = [f"--set=start={tmp_path / 'robot.xml'}", "--set=population=2", "--set=generations=0"]
    options += ["--preset=tiny", "--workers=0", "--set=best_of=1", "--set=reevaluation_episodes=0"]
    note = "import: one node with all that is welded to it: "
    assert f"candidate-00000: {note}" in run("evolve", *options, "--dry-run")
    found = run("evolve", *options, "--out", tmp_path / "run")
    status = run("status", tmp_path / "run")
    for shown in (found, status):
        assert note in shown
        assert "unlikeness: " in shown
