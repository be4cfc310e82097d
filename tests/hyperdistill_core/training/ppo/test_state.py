"""Checkpoints: a restored training has the same state in all parts."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.checkpoint_file import load_checkpoint
from hyperdistill_core.errors import CheckpointError
from tests.helpers.small_training import small_training


def _iterate(training):
    training.state.scheduler.replace()
    data, figures = training.collect(training.env(falls=(3,)))
    figures |= training.update.update(data, training.batch, action_std=0.5, lr_bound=1e-3)
    training.state.steps += 24
    return figures


@pytest.mark.parametrize("teacher", ["gnn", "generalist"])
def test_a_restored_training_continues_bit_for_bit(tmp_path, teacher):
    path = tmp_path / "teacher.safetensors"
    first = small_training(teacher=teacher)
    _iterate(first)
    first.state.env = {"0/physics": np.arange(3.0)}
    first.state.seconds = 1.5
    first.state.save(path)
    second = small_training(teacher=teacher)
    second.state.restore(path)
    assert (second.state.steps, second.state.seconds) == (24, 1.5)
    assert second.state.env is not None
    np.testing.assert_array_equal(second.state.env["0/physics"], np.arange(3.0))
    assert second.state.rng.random() == first.state.rng.random()
    assert _iterate(first) == _iterate(second)
    for training in (first, second):
        training.state.env = None
    first.state.save(tmp_path / "first.safetensors")
    second.state.save(tmp_path / "second.safetensors")
    ours, theirs = (
        load_checkpoint(tmp_path / f"{name}.safetensors", kind="teacher")
        for name in ("first", "second")
    )
    assert ours[1] == theirs[1]
    assert ours[0].keys() == theirs[0].keys()
    assert all(np.array_equal(array, theirs[0][name]) for name, array in ours[0].items())


def test_settings_that_may_change_do_and_others_do_not(tmp_path):
    path = tmp_path / "teacher.safetensors"
    small_training().state.save(path)
    small_training(steps=99, n_workers=1).state.restore(path)
    with pytest.raises(CheckpointError, match=r"another gamma \(0.99\)"):
        small_training(gamma=0.9).state.restore(path)


def test_another_training_set_is_refused(tmp_path):
    path = tmp_path / "teacher.safetensors"
    training = small_training()
    training.state.save(path)
    training.state.training_set_hash = "other"
    with pytest.raises(CheckpointError, match="another training set"):
        training.state.restore(path)
