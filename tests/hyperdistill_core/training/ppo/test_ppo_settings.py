"""Settings of a training: ranges, and settings that must fit together."""

from __future__ import annotations

import math

import pytest

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import SettingsError
from hyperdistill_core.nets.teachers import TEACHERS
from hyperdistill_core.training.ppo import PRESETS, PPOSettings, new_teacher
from hyperdistill_core.training.ppo.ppo_settings import CLOCKED_TEACHERS
from tests.helpers.tiny_training import TINY


def test_clock_harmonics_need_a_teacher_with_that_input():
    with pytest.raises(SettingsError, match="clock_harmonics: expected 0, as a 'gnn' takes no"):
        PPOSettings(teacher="gnn", clock_harmonics=1)


def test_the_teachers_with_a_clock_phase_input_are_those_that_can_take_one():
    assert set(CLOCKED_TEACHERS) == {kind for kind, t in TEACHERS.items() if t.takes_clock}


def test_the_paper_preset_is_the_published_network():
    network = new_teacher(PRESETS["paper"], n_max=12)
    own = dict(network.named_parameters())
    assert sum(p.numel() for name, p in own.items() if name.startswith("actor")) > 1_640_000


def test_the_continue_preset_is_how_flat_v3_learned():
    [row, *_] = Controller.load("flat-v3").provenance["mean of"]
    learned = row["provenance"]["settings"]
    settings = PRESETS["continue"].to_dict()
    not_learning = {"steps", "minutes", "n_workers", "seed", "precision"}
    common = (settings.keys() & learned.keys()) - not_learning
    assert len(common) > 25
    assert {name: settings[name] for name in common} == {name: learned[name] for name in common}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_lr": -1e-3}, "max_lr: expected a number above 0, got -0.001"),
        ({"warmup": -0.01}, r"warmup: expected 0 \.\. 1, got -0.01"),
        ({"alive_bonus": math.nan}, "alive_bonus: expected a finite number, got nan"),
        ({"no_progress_m": math.inf}, "no_progress_m: expected a finite number, got inf"),
        ({"width": 0}, "width: expected at least 1, got 0"),
        ({"n_workers": 0}, "n_workers: expected at least 1, got 0"),
        ({"alive_until": 0}, "alive_until: expected a number above 0, got 0"),
        ({"observation": "limbs"}, "observation: expected .* got 'limbs'"),
        ({"horizon": 1, "n_envs": 1, "minibatches": 1}, "at least 2 control steps of a body"),
    ],
)
def test_values_out_of_range_are_named(changes, message):
    with pytest.raises(SettingsError, match=message):
        TINY.replace(**changes)


def test_settings_that_do_not_fit_together_are_named():
    with pytest.raises(
        SettingsError, match=r"minibatches: expected at most the horizon of 8 .* raise"
    ):
        TINY.replace(minibatches=9)
