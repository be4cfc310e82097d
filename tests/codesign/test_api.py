"""The Python interface: what ``import codesign`` gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import codesign
from codesign.errors import RunLockedError, UsageError
from codesign.store import RunFolder
from hyperdistill_core.errors import SettingsError
from morph_ops.errors import BodyError, UnknownNameError
from morph_ops.sampling import sample_body

SMALL = {
    "population": 4,
    "generations": 2,
    "episodes": 1,
    "in_flight": 2,
    "finalists": 2,
    "reevaluation_episodes": 2,
    "top": 2,
    "workers": 0,
}


@pytest.fixture(scope="module")
def settings(tiny_controller: Path) -> codesign.Settings:
    return codesign.Settings.from_dict({**SMALL, "controller": str(tiny_controller)})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, settings: codesign.Settings) -> codesign.Run:
    return codesign.evolve(settings, out=tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="module")
def body() -> nx.DiGraph:
    return sample_body(np.random.default_rng(0))


def test_importing_codesign_loads_nothing_heavy():
    program = """
import sys
import codesign
assert set(codesign.__all__) <= set(dir(codesign))
heavy = {"torch", "mujoco", "deap", "networkx", "numpy", "pydantic", "rich"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there():
    for name in codesign.__all__:
        assert getattr(codesign, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'evlove'"):
        codesign.evlove  # noqa: B018  the access is the test


def test_a_run_tells_its_status_and_its_best(finished, settings):
    status = finished.status
    assert (status.state, status.scored, status.total) == ("finished", 12, 12)
    assert (status.missing_reevaluations, status.early_stop) == (0, None)
    assert len(finished) == 12
    assert finished.settings == settings
    best = finished.best()
    assert len(best) == 2
    assert best[0].reevaluation is not None
    assert finished.best(1)[0].number == best[0].number
    assert finished.candidate(best[0].number).hash == best[0].hash
    assert repr(finished) == f"Run({str(finished.path)!r})"


def test_candidates_are_a_table(finished):
    pandas = pytest.importorskip("pandas")
    frame = finished.candidates()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["number"]) == list(range(12))
    assert {"generation", "operator", "parents", "score", "speed", "variant"} <= set(frame.columns)
    assert not {"graph", "record"} & set(frame.columns)
    assert frame["parents"].map(type).eq(tuple).all()
    assert frame["score"].max() == max(c.score for c in map(finished.candidate, range(12)))


def test_candidates_are_dictionaries_without_pandas(finished, monkeypatch):
    monkeypatch.setattr("codesign.api.run.find_spec", lambda name: None)
    rows = finished.candidates()
    assert isinstance(rows, list)
    assert [row["number"] for row in rows] == list(range(12))
    assert all(isinstance(row["parents"], tuple) for row in rows)


def test_a_run_gives_its_family_tree_and_answers_sql(finished):
    tree = finished.phylogeny()
    assert sorted(tree.nodes) == list(range(12))
    assert all(finished.depths()[child] > finished.depths()[parent] for parent, child in tree.edges)
    result = finished.query("SELECT count(*) AS n FROM candidates")
    assert (result.columns, result.rows) == (("n",), [(12,)])
    assert [row[0] for row in finished.generations()] == [0, 1, 2]


def test_a_run_is_opened_and_exported(finished, tmp_path):
    run = codesign.load_run(finished.path)
    designs = run.export(tmp_path / "out", top=1, formats=["json", "phylogeny"])
    assert [design.name for design in designs] == ["design-01"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "design-01", "designs.csv", "phylogeny.csv",
    }  # fmt: skip
    codesign.export(finished.path, tmp_path / "same", top=1, formats=["json", "phylogeny"])
    for name in ("design-01/design-01.json", "designs.csv", "phylogeny.csv"):
        assert (tmp_path / "same" / name).read_text() == (tmp_path / "out" / name).read_text()
    with pytest.raises(UsageError, match="not a run folder"):
        codesign.load_run(tmp_path)


class CutOff(codesign.Observer):
    """Interrupts a run after some candidates."""

    def __init__(self, candidates: int) -> None:
        self.candidates = candidates
        self.phases: list[str] = []

    def phase(self, name: str):
        self.phases.append(name)
        return super().phase(name)

    def progress(self, progress) -> None:
        if progress.done == self.candidates:
            raise KeyboardInterrupt


def test_an_interrupted_run_resumes_to_the_same_result(finished, settings, tmp_path):
    observer = CutOff(5)
    with pytest.raises(KeyboardInterrupt):
        codesign.evolve(settings, out=tmp_path / "cut", observer=observer)
    cut = codesign.load_run(tmp_path / "cut")
    assert cut.status.state == "interrupted"
    assert observer.phases == ["starting workers"]
    cut.write_designs()
    assert list(cut.designs.glob("design-01/design-01.*"))
    resumed = codesign.resume(cut)
    assert [event.kind for event in resumed.events("started", "interrupted", "resumed")] == [
        "started", "interrupted", "resumed",
    ]  # fmt: skip
    query = "SELECT number, hash, score, operator FROM candidates ORDER BY number"
    assert resumed.query(query).rows == finished.query(query).rows
    assert resumed.status.state == "finished"


def test_a_resume_on_another_processor_warns(settings, tmp_path, monkeypatch):
    told = []

    class Listener(CutOff):
        def event(self, event):
            told.append(event)

    with pytest.raises(KeyboardInterrupt):
        codesign.evolve(settings, out=tmp_path / "cut", observer=CutOff(3))
    with pytest.raises(KeyboardInterrupt):
        codesign.resume(tmp_path / "cut", observer=Listener(4))
    assert [event for event in told if event.kind == "warning"] == []
    monkeypatch.setattr(
        "codesign.api.evolution.machine", lambda: {"processor": "P", "BLAS kernel": "Abacus"}
    )
    resumed = codesign.resume(tmp_path / "cut", observer=Listener(1000))
    [warning] = [event.message for event in told if event.kind == "warning"]
    assert "this process has Abacus: scores of equal bodies may differ" in warning
    assert [event.message for event in resumed.events("warning")] == [warning]
    keys = {row[0] for row in resumed.query("SELECT key FROM provenance").rows}
    assert {"processor", "BLAS kernel"} <= keys


def test_a_run_ends_early_and_says_why(settings, tmp_path):
    easy = settings.replace(stop=settings.stop.replace(score=-1e9))
    run = codesign.evolve(easy, out=tmp_path / "early")
    assert run.stopped == run.status.early_stop
    assert run.stopped is not None
    assert len(run) < 12
    assert codesign.resume(run).stopped == run.stopped


def test_a_run_is_worked_on_by_one_process(finished):
    with RunFolder(finished.path), pytest.raises(RunLockedError, match="another process"):
        codesign.resume(finished)


def test_a_taken_folder_is_refused_before_any_work(settings, tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match="exists and is not empty"):
        codesign.evolve(settings, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_settings_are_checked():
    with pytest.raises(SettingsError, match="population: expected at least 2, got 1"):
        codesign.Settings(population=1)


def test_robots_are_bodies_files_folders_and_runs(finished, body, tiny_controller, tmp_path):
    options = {"controller": tiny_controller, "episodes": 1}
    alone = codesign.score(body, **options)
    codesign.write_body(body, tmp_path / "robot.json")
    [file] = codesign.score(tmp_path / "robot.json", **options)
    [folder] = codesign.score(str(tmp_path), **options)
    several = codesign.score([body, tmp_path / "robot.json"], **options)
    assert alone.returns == file.returns == folder.returns == several[0].returns
    assert [record.robot for record in several] == ["robot 0", str(tmp_path / "robot.json")]
    designs = codesign.score(finished, **options)
    assert [Path(record.robot).name for record in designs] == ["design-01.json", "design-02.json"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": 0, "best_of": 2}, "variant: names the variant to score"),
        ({"variant": 0, "top": 1}, "variant: names the variant to score"),
        ({"variant": 7}, r"variant: expected 0 \.\. 0, because the controller .* got 7"),
        ({"finetune": 9, "top": 1}, "finetune: trains every robot"),
        ({"task": "escape", "top": 1}, "top: expected a task that rewards moving along x, got"),
    ],
)
def test_scores_refuse_options_that_exclude_each_other(body, tiny_controller, options, message):
    with pytest.raises(UsageError, match=message):
        codesign.score(body, controller=tiny_controller, **options)


def test_exports_refuse_options_that_do_not_fit(finished, body, tmp_path):
    def refused(source, message, error: type[Exception] = UsageError, **options):
        with pytest.raises(error, match=message):
            codesign.export(source, tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    refused(body, "top: applies to a run", top=1)
    refused(body, "formats: csv applies to a run", formats=["csv"])
    refused(body, "workers: applies to fine-tuning", workers=1)
    refused(body, "finetune: trains networks", finetune=9, formats=["json"])
    refused(body, "did you mean 'mjcf'", UnknownNameError, formats=["mjfc"])
    refused(finished, "controller: applies to a robot", controller="flat-v0")
    refused(finished, "best_of: applies to a robot", best_of=2)
    refused(finished, "top: applies to designs", top=1, formats=["csv"])
    refused(tmp_path / "none.xml", "no such run or robot")
    with pytest.raises(BodyError, match="no robots"):
        codesign.finetune(tmp_path, tmp_path / "out", steps=9)


@pytest.mark.slow
def test_a_body_in_memory_is_finetuned(body, tiny_controller, tmp_path):
    seen = []
    designs = codesign.finetune(
        [body, body.copy()],
        tmp_path / "out",
        steps=1000,
        controller=tiny_controller,
        episodes=1,
        workers=1,
        on_steps=lambda done, total, speed: seen.append((done, total)),
    )
    assert [design.name for design in designs] == ["robot-0", "robot-1"]
    assert all(design.scores is not None for design in designs)
    assert seen[-1][1] == 2000
    assert (tmp_path / "out" / "robot-1" / "robot-1.npz").exists()
