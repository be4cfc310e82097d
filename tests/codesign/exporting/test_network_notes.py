"""The README of a design says what its network takes, and on what ground it stands."""

from __future__ import annotations

import json

import pytest

from codesign.exporting import Design, DesignRollout, export_designs
from tests.codesign.exporting.conftest import HOPPING


@pytest.fixture(scope="module")
def readme(body, seeing_controller, tmp_path_factory):
    """A function that exports the design and gives its README and its record."""

    def made(**options):
        out = tmp_path_factory.mktemp("notes") / "out"
        rollout = DesignRollout(controller=seeing_controller, seed=3, **options)
        export_designs([Design(name="it", graph=body)], out, rollout=rollout)
        record = json.loads((out / "it" / "it.record.json").read_text("utf-8"))
        return " ".join((out / "it" / "README.md").read_text("utf-8").split()), record

    return made


def test_height_samples_are_explained(readme):
    text, record = readme(task="csr")
    assert (record["task"], record["seed"], record["height_samples"]) == ("csr", 3, 195)
    for part in (
        "195 height samples (m), the input `heights`",
        "up to 0.6 m behind, 4 m ahead, and 2 m to either side",
        "height above the ground below the torso",
        "first episode of the task csr, with the seed 3; other episodes have other ground",
        "python run_standalone.py it.world.xml",
        "| `it.world-1.hfield` | a height field of that ground, in MuJoCo's format |",
    ):
        assert part in text


def test_folded_ground_is_said(readme):
    text, record = readme(blind=True)
    assert (record["height_samples"], record["folded_sight"]) == (0, 195)
    assert "folded in, as on flat ground without a goal: the network takes the state alone" in text
    assert "world.xml" not in text


def test_a_goal_turns_the_state(readme):
    text, _ = readme(task="patrol")
    assert "so that the next goal lies along x" in text
    assert "python run_standalone.py it.world.xml" in text


def test_a_task_with_rewards_of_its_own_is_left_out(readme):
    text, _ = readme(task=HOPPING)
    assert "`run_standalone.py` leaves it out: the rewards of the task are code of its own." in text
    assert "python run_standalone.py it.world.xml" not in text
