"""Bodies and teachers that the tests of trainings share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.nets.teachers import MessagePassing
from hyperdistill_core.training.distillation import TrainedTeacher
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body
from tests.helpers.tiny_training import TINY


@pytest.fixture(scope="session")
def training_set():
    """Four sampled bodies, of several origins."""
    graphs = tuple(sample_body(np.random.default_rng(seed)) for seed in range(4))
    return TrainingSet(graphs, ("robot", "robot", "sampled", "mutant"))


@pytest.fixture(scope="session")
def teacher_file(training_set, tmp_path_factory):
    """Checkpoint of a teacher after two updates on these bodies."""
    folder = tmp_path_factory.mktemp("teacher")
    TeacherTrainer(training_set, TINY, folder).train()
    return folder / "teacher.safetensors"


@pytest.fixture(scope="session")
def teacher(teacher_file):
    """That teacher, with larger actions."""
    network, normalization, _ = load_teacher(teacher_file)
    # A teacher after two updates hardly moves: larger actions are worth learning.
    torch.manual_seed(0)
    assert isinstance(network, MessagePassing)
    torch.nn.init.normal_(network.action.weight)
    return TrainedTeacher(network, normalization)
