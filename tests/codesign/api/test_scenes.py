"""A user's own scene in scores, campaigns, resumes elsewhere, and exports."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import codesign
from codesign.api import evolve, load_run, resume, score, task_names
from codesign.api.observer import Observer
from codesign.api.replay_groups import shown_tasks
from codesign.config import Settings, load, with_pinned_scenes
from codesign.errors import UsageError
from codesign.store import RunFolder
from hyperdistill_core.tasks import scene as scene_module
from morph_ops.errors import MjcfError, UnknownNameError
from morph_ops.sampling import sample_body

RESULTS = "SELECT record ->> '$.task', record ->> '$.returns' FROM candidates ORDER BY number"
STAIRS = Path(__file__).parents[3] / "examples" / "stairs.xml"


@pytest.fixture
def stairs(tmp_path, monkeypatch):
    """The example in a folder of its own, and no copy of it anywhere."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "scene").mkdir()
    scene_module._made.clear()
    return Path(shutil.copy(STAIRS, tmp_path / "scene"))


def settings_of(stairs, controller, **changes):
    known = {"population": 2, "generations": 2, "episodes": 1, "in_flight": 1, "workers": 0}
    known |= {"reevaluation_episodes": 1, "finalists": 1, "top": 1, "controller": str(controller)}
    return Settings(**{**known, "task": str(stairs), **changes})


def test_a_score_names_the_scene_by_its_content(stairs, tiny_controller, tmp_path):
    body = sample_body(np.random.default_rng(0))
    record = score(body, task=str(stairs), controller=tiny_controller, episodes=1, best_of=1)
    assert record.status == "ok"
    assert record.task == scene_module.scene_task(str(stairs)).name
    stairs.write_text(stairs.read_text().replace("<custom>", "<option timestep='0.01'/><custom>"))
    other = score(body, task=str(stairs), controller=tiny_controller, episodes=1, best_of=1)
    assert other.task != record.task
    assert other.returns == record.returns
    note = "scene: <option> is ignored (timestep): the robot and the task decide it"
    assert other.warnings[0] == note


def test_a_run_goes_on_elsewhere_without_the_file(stairs, tiny_controller, tmp_path):
    class Stop(Observer):
        def progress(self, progress):
            if progress.done == 3:
                raise KeyboardInterrupt

    settings = settings_of(stairs, tiny_controller)
    whole = evolve(settings, out=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        evolve(settings, out=tmp_path / "first", observer=Stop())
    (tmp_path / "first").rename(tmp_path / "moved")
    for folder in (stairs.parent, tmp_path / "state"):
        shutil.rmtree(folder)
    scene_module._made.clear()
    resumed = resume(tmp_path / "moved")
    assert len(resumed) == len(whole) == 6
    assert whole.query(RESULTS).rows == resumed.query(RESULTS).rows
    assert resumed.settings.task == whole.settings.task == whole.query(RESULTS).rows[0][0]
    assert resumed.settings.task.startswith("stairs.xml#")


def test_a_damaged_copy_is_not_used(stairs, tiny_controller, tmp_path):
    run = evolve(settings_of(stairs, tiny_controller, generations=0), out=tmp_path / "run")
    [copy] = (tmp_path / "run" / "scenes").rglob("stairs.xml")
    copy.write_text(copy.read_text().replace("0.72", "0.73"))
    shutil.rmtree(tmp_path / "state")
    scene_module._made.clear()
    assert len(load_run(run.path)) == 2
    with pytest.raises(MjcfError, match=r"stairs.xml: no such file"):
        score(
            sample_body(np.random.default_rng(0)),
            task=load_run(run.path).settings.task,
            controller=tiny_controller,
        )


def test_a_campaign_over_a_scene_and_another_task(stairs, tiny_controller, tmp_path):
    settings = settings_of(
        stairs,
        tiny_controller,
        tasks=["flat", str(stairs)],
        task="flat",
        algorithm="nsga2",
        objectives=["score@flat", f"score@{stairs}"],
        generations=1,
    )
    run = evolve(settings, out=tmp_path / "run")
    name = scene_module.scene_task(str(stairs)).name
    assert run.settings.tasks == ["flat", name]
    assert run.settings.objectives[1] == f"score@{name}"
    assert list(run.best(1)[0].result.by_task) == ["flat", name]


def test_a_scene_is_sought_beside_the_campaign_file(stairs, tmp_path):
    campaign = tmp_path / "scene" / "campaign.toml"
    campaign.write_text('tasks = ["flat", "stairs.xml"]\nobjectives = ["mass", "score@stairs.xml"]')
    settings = load(file=campaign)
    assert settings.tasks == ["flat", str(stairs)]
    assert settings.objectives == ["mass", f"score@{stairs}"]
    campaign.write_text('task = "stairs.xml"')
    assert load(file=campaign).task == str(stairs)


def test_a_scene_is_no_custom_code(stairs):
    folder = stairs.parent / "a:b"
    folder.mkdir()
    path = shutil.copy(stairs, folder)
    assert codesign.config.trust.trusted_words(Settings(task=str(path))) == ()


def test_one_scene_by_two_paths_is_one_task(stairs, tmp_path):
    other = shutil.copy(stairs, tmp_path)
    assert task_names(f"flat,{stairs}") == ["flat", str(stairs)]
    with pytest.raises(UsageError, match=r"expected each task once, got stairs.xml#\w+ twice"):
        task_names(f"{stairs},{other}")


def test_a_scene_of_a_run_is_shown_by_its_path_or_its_name(stairs, tmp_path, monkeypatch):
    def scene(folder, change=""):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "stairs.xml"
        file.write_text(STAIRS.read_text().replace("0.72", change or "0.72"))
        return file

    def run_on(name, *tasks):
        settings = with_pinned_scenes(Settings(tasks=list(tasks), population=2))
        return load_run(RunFolder.create(tmp_path / name, settings).path)

    shown = partial(shown_tasks, trains=False)
    one, other = scene("one"), scene("other", "0.73")
    monkeypatch.chdir(tmp_path)
    run = run_on("run", "flat", str(one))
    pinned = run.settings.tasks[1]
    assert pinned.startswith("stairs.xml#")
    for name in (str(one), "one/stairs.xml", "stairs.xml", pinned):
        assert shown(run, name) == (pinned,)
    assert shown(run, None) == ("flat", pinned)
    with pytest.raises(UsageError, match=f"other/stairs.xml, which is another one .* {pinned}"):
        shown(run, "other/stairs.xml")
    with pytest.raises(UnknownNameError, match=r"no task of the run 'hills\.xml'"):
        shown(run, "hills.xml")
    both = run_on("both", str(one), str(other))
    assert shown(both, str(other)) == (both.settings.tasks[1],)
    with pytest.raises(UsageError, match=r"has 2 scenes stairs\.xml: name one of stairs\.xml#"):
        shown(both, "stairs.xml")
