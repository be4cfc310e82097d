"""Proximal policy optimization of one teacher over many bodies at once (Schulman 2017).

:class:`TeacherTrainer` is the loop. Before every update the :class:`BodyScheduler` replaces some
active bodies by others of the training set. The :class:`RolloutCollector` acts on all of them
for a horizon, the :class:`PPOUpdate` changes the network, and the :class:`TrainerState` stores a
checkpoint from which the training continues bit for bit.
"""

from hyperdistill_core.training.ppo.collection import RolloutCollector
from hyperdistill_core.training.ppo.learning_rate import KLAdaptiveLearningRate
from hyperdistill_core.training.ppo.new_teachers import new_teacher, teacher_from_controller
from hyperdistill_core.training.ppo.ppo_settings import PRESETS, ObservationKind, PPOSettings
from hyperdistill_core.training.ppo.rollout_data import RolloutData
from hyperdistill_core.training.ppo.scheduler import BodyScheduler
from hyperdistill_core.training.ppo.schedules import Schedules
from hyperdistill_core.training.ppo.starting_point import StartingPoint
from hyperdistill_core.training.ppo.state import TrainerState
from hyperdistill_core.training.ppo.trainer import TeacherTrainer
from hyperdistill_core.training.ppo.update import PPOUpdate

__all__ = [
    "PRESETS",
    "BodyScheduler",
    "KLAdaptiveLearningRate",
    "ObservationKind",
    "PPOSettings",
    "PPOUpdate",
    "RolloutCollector",
    "RolloutData",
    "Schedules",
    "StartingPoint",
    "TeacherTrainer",
    "TrainerState",
    "new_teacher",
    "teacher_from_controller",
]
