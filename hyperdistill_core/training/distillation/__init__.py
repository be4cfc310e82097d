"""Distillation: a hypernetwork learns to generate networks that act as teachers do.

    teachers -> collect (expert data) -> distill (student, with rounds of DAgger) -> controller

:func:`collect` stores states with the action means of each body's best teacher as
:class:`ExpertData`. The :class:`Distiller` trains the hypernetwork on it, and :func:`distill`
alternates between training and rounds of DAgger, in which the student acts and the teachers
label. :func:`student_controller` and :func:`generalist_controller` make controllers.
"""

from hyperdistill_core.training.distillation.collect_settings import CollectSettings
from hyperdistill_core.training.distillation.collection import collect
from hyperdistill_core.training.distillation.controllers import (
    generalist_controller,
    student_controller,
)
from hyperdistill_core.training.distillation.dagger import distill
from hyperdistill_core.training.distillation.distill_settings import (
    DISTILL_PRESETS,
    DistillSettings,
)
from hyperdistill_core.training.distillation.distiller import Distiller
from hyperdistill_core.training.distillation.expert_data import ExpertData, Segment
from hyperdistill_core.training.distillation.labelers import (
    Labeler,
    MeanTeacher,
    Student,
    TrainedTeacher,
    VariantTeacher,
    load_teachers,
)

__all__ = [
    "DISTILL_PRESETS",
    "CollectSettings",
    "DistillSettings",
    "Distiller",
    "ExpertData",
    "Labeler",
    "MeanTeacher",
    "Segment",
    "Student",
    "TrainedTeacher",
    "VariantTeacher",
    "collect",
    "distill",
    "generalist_controller",
    "load_teachers",
    "student_controller",
]
