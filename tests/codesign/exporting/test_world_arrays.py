"""What the stand-alone script reads of a task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codesign.exporting import world_arrays
from codesign.exporting.world_arrays import is_simulated, write_npz
from hyperdistill_core.tasks import TASKS, get_task
from tests.codesign.exporting.conftest import HOPPING


def test_every_task_that_ships_is_simulated():
    assert [name for name, task in TASKS.items() if not is_simulated(task)] == []


def test_of_tasks_of_users_those_with_other_numbers_are_simulated():
    assert is_simulated(replace(get_task("incline"), fall_ratio=0.4))
    assert not is_simulated(get_task(HOPPING))


def grounds(number):
    """Grounds that cannot be compressed, of some 80 kB each."""
    rng = np.random.default_rng(0)
    return ({"heights": rng.normal(size=10_000)} for _ in range(number))


def written(path, episodes):
    """The entries of a file with some episodes."""
    rows = {name: np.zeros((episodes, 3)) for name in ("qpos", "qvel", "goals")}
    write_npz(path, {**rows, **next(grounds(1))}, grounds(episodes - 1))
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_the_file_has_the_ground_of_every_episode(tmp_path):
    entries = written(tmp_path / "it.npz", 4)
    assert len(entries["qpos"]) == 4
    assert sorted(name for name in entries if name.endswith(".heights")) == [
        f"episode-{number}.heights" for number in (2, 3, 4)
    ]
    expected = list(grounds(3))[2]["heights"]
    np.testing.assert_array_equal(entries["episode-4.heights"], expected)


def test_a_file_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(world_arrays, "MOST_BYTES", 300_000)
    entries = written(tmp_path / "it.npz", 10)
    assert (tmp_path / "it.npz").stat().st_size < 300_000
    assert {len(entries[name]) for name in ("qpos", "qvel", "goals")} == {3}
    assert "episode-3.heights" in entries
    assert "episode-4.heights" not in entries
    monkeypatch.setattr(world_arrays, "MOST_GROUNDS", 2)
    assert len(written(tmp_path / "it.npz", 10)["qpos"]) == 2


def test_one_ground_for_all_takes_no_episodes_away(tmp_path):
    write_npz(tmp_path / "it.npz", {"qpos": np.zeros((1000, 3))}, [])
    with np.load(tmp_path / "it.npz", allow_pickle=False) as file:
        assert len(file["qpos"]) == 1000
