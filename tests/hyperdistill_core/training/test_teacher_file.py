"""Checkpoints of teachers, and what is refused instead of one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.checkpoint_file import save_checkpoint
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.training.distillation import generalist_controller
from hyperdistill_core.training.finetuning import load_specialists
from hyperdistill_core.training.teacher_file import is_teacher, load_teacher
from tests.helpers.small_training import small_training


@pytest.fixture
def checkpoint(tmp_path):
    """A training with an untrained teacher, and its checkpoint."""
    training = small_training()
    training.collector.state_moments.update(np.random.default_rng(0).normal(size=(50, 17)))
    training.state.save(path := tmp_path / "teacher.safetensors")
    return training, path


def test_a_teacher_is_read_as_written(checkpoint):
    training, path = checkpoint
    network, normalization, meta = load_teacher(path)
    ours = training.update.network
    assert network.describe() == ours.describe()
    assert all(map(torch.equal, network.parameters(), ours.parameters()))
    np.testing.assert_array_equal(normalization.mean, training.collector.state_moments.mean)
    assert meta["training_set"] == training.training_set.hash


def test_teachers_and_controllers_are_told_apart(checkpoint, tiny_controller):
    assert is_teacher(checkpoint[1])
    assert not is_teacher(tiny_controller)


def test_a_file_of_another_kind_is_refused(tmp_path, tiny_controller):
    save_checkpoint(path := tmp_path / "x.safetensors", {"x": np.ones(1)}, {"kind": "student"})
    for file in (path, tiny_controller):
        with pytest.raises(CheckpointError, match="expected a checkpoint of kind 'teacher'"):
            load_teacher(file)


def test_another_kind_of_teacher_is_refused(checkpoint):
    training, path = checkpoint
    with pytest.raises(CheckpointError, match="expected specialists, got a gnn"):
        load_specialists(path)
    with pytest.raises(CheckpointError, match="expected a generalist, got a gnn"):
        generalist_controller(path, training.training_set, name="x")
