"""Campaign files of strangers run no code without the user's word."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from codesign import api
from codesign.cluster import ClusterSettings
from codesign.config import Settings, load
from codesign.config.trust import trusted_words
from codesign.errors import UsageError
from codesign.store import RunFolder, own_run
from hyperdistill_core.errors import SettingsError

#: Settings in TOML that run code or talk to other machines.
FOREIGN = {
    "task": 'task = "evil:TASK"',
    "tasks": 'tasks = ["flat", "evil:TASK"]',
    "algorithm": 'algorithm = "evil:Algorithm"',
    "objective": 'objectives = ["speed", "evil:objective"]',
    "objective on a task": 'tasks = ["flat", "csr"]\nobjectives = ["speed", "evil:goal@csr"]',
    "descriptor": 'descriptors = ["evil:descriptor"]',
    "operator": '[rates.operators]\n"evil:operator" = 1.0',
    "scheduler": '[cluster]\nscheduler = "tcp://10.0.0.1:8786"',
    "queue": '[cluster]\nkind = "slurm"\n[cluster.options]\npython = "rm -r ."',
    "open address": '[cluster]\nkind = "local"\n[cluster.options]\nhost = "0.0.0.0"',
    "open dashboard": '[cluster]\nkind = "local"\n[cluster.options]\ndashboard_address = ":8787"',
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_campaign_file_needs_the_word_of_the_user(case: str, tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(FOREIGN[case])
    with pytest.raises(
        UsageError, match=r"names what runs code or talks to other .*--allow-custom"
    ):
        load(file=file)
    assert trusted_words(load(file=file, allow_custom=True))


def test_assignments_and_python_are_the_word_of_the_user(tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text('task = "evil:TASK"\n')
    assert load(file=file, assignments=["task=mine:TASK"]).task == "mine:TASK"
    assert load(file=file, assignments=["task=evil:TASK"]).task == "evil:TASK"
    assert Settings(task="mine:TASK").task == "mine:TASK"
    with pytest.raises(UsageError, match=r"task = .*evil:TASK"):
        load(file=file, assignments=["algorithm=mine:Algorithm"])


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_a_local_cluster_that_listens_on_this_machine_alone(address: str) -> None:
    cluster = ClusterSettings(kind="local", options={"host": address})
    assert not cluster.needs_trust


@pytest.mark.parametrize("option", ["preload", "preload_nanny", "env", "scheduler_kwargs", "name"])
def test_a_local_cluster_takes_no_option_that_runs_code(option: str) -> None:
    with pytest.raises(SettingsError, match=f"the local kind takes .*; got '{option}'"):
        ClusterSettings(kind="local", options={option: "pre.py"})


def test_the_campaign_that_broke_is_refused(reference: Path) -> None:
    file = reference / "cases" / "attack" / "cluster-preload" / "camp.toml"
    if not file.is_file():
        pytest.skip(f"no cases in {reference}: set CODESIGN_REFERENCE to its folder")
    with pytest.raises(SettingsError, match="got 'preload'"):
        load(file=file, allow_custom=True)


class TestResume:
    """A run folder, as it was started or as a stranger sends it."""

    CUSTOM = Settings(task="tests.helpers.no_such_module:TASK", population=4, workers=0)

    def test_a_run_of_ones_own_needs_no_word(self, tmp_path: Path) -> None:
        folder = RunFolder.create(tmp_path / "run", self.CUSTOM)
        folder.require_trusted(folder.settings, ())

    def test_a_run_of_somebody_else_does(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        RunFolder.create(tmp_path / "run", self.CUSTOM)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state of another user"))
        with pytest.raises(UsageError, match="another user started or edited"):
            api.resume(tmp_path / "run")

    def test_edited_settings_do(self, tmp_path: Path) -> None:
        path = RunFolder.create(tmp_path / "run", Settings(population=4, workers=0)).path
        text = (path / "settings.toml").read_text()
        (path / "settings.toml").write_text(text.replace('task = "flat"', 'task = "evil:TASK"'))
        with pytest.raises(UsageError, match=r'task = "evil:TASK"; read it like a script'):
            api.resume(path)

    def test_a_mark_of_another_run_is_no_word(self, tmp_path: Path) -> None:
        own = RunFolder.create(tmp_path / "own", self.CUSTOM).path
        other = self.CUSTOM.replace(task="evil:TASK")
        foreign = RunFolder.create(tmp_path / "foreign", other).path
        shutil.copy(own / own_run.MARK, foreign / own_run.MARK)
        with pytest.raises(UsageError, match="another user started or edited"):
            api.resume(foreign)

    def test_a_cluster_that_was_written_into_a_run(self, small_run_copy: Path) -> None:
        with (small_run_copy / "settings.toml").open("a") as file:
            file.write('\n[cluster]\nkind = "local"\nworkers = 1\n')
        with pytest.raises(UsageError, match=r"cluster: settings\.toml has another one"):
            api.resume(small_run_copy)
        assert api.resume(small_run_copy, changes={"cluster": None}).status.state == "finished"

    def test_records_of_another_task(self, small_run_copy: Path) -> None:
        with sqlite3.connect(small_run_copy / "run.sqlite") as database:
            database.execute(
                "UPDATE candidates SET record = json_set(record, '$.task', 'evil:TASK') "
                "WHERE number = 3"
            )
        with pytest.raises(UsageError, match="expected records of the task flat"):
            api.resume(small_run_copy)


@pytest.fixture
def small_run_copy(tmp_path: Path, tiny_controller: Path) -> Path:
    """Run folder of a few candidates."""
    settings = Settings(
        population=4, generations=0, episodes=1, in_flight=2, finalists=1, top=1,
        reevaluation_episodes=0, workers=0, controller=str(tiny_controller),
    )  # fmt: skip
    return api.evolve(settings, out=tmp_path / "run").path
