"""Teachers: networks that act for any body and learn by reinforcement learning.

All have the interface of :class:`Teacher` and take padded bodies, the
:class:`~hyperdistill_core.nets.bodies.BodyTensors`, with the same number of samples of each:

* ``gnn``: :class:`MessagePassing` along the limbs of a body.
* ``transformer``: :class:`TransformerTeacher`, the published teacher of MetaMorph.
* ``modumorph``: :class:`ModuMorph`, a transformer whose ends and attention the context decides.
* ``generalist``: :class:`Generalist`, a hypernetwork that learns without distillation, with a
  small critic beside it.
* ``specialists``: :class:`Specialists`, one small network for each body.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hyperdistill_core.nets.teachers.generalist import Generalist, GeneralistConfig
from hyperdistill_core.nets.teachers.interface import ActorCritic, Source, Teacher, TeacherShape
from hyperdistill_core.nets.teachers.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.teachers.modumorph import ModuMorph, ModuMorphConfig
from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.nets.teachers.transformer_teacher import (
    TransformerTeacher,
    TransformerTeacherConfig,
)

#: All kinds of teachers by their names.
TEACHERS: Mapping[str, type[Teacher]] = MappingProxyType(
    {
        teacher.kind: teacher
        for teacher in (MessagePassing, TransformerTeacher, ModuMorph, Generalist, Specialists)
    }
)


def teacher_from_description(
    description: Mapping[str, Any], *, clock_harmonics: int = 0, terrain_dim: int = 0
) -> Teacher:
    """A teacher with random weights from the result of :meth:`Teacher.describe`.

    Args:
        description: Kind and settings of the teacher.
        clock_harmonics: Number of harmonics of a clock phase input that the teacher gets where
            the description has none. Only kinds with :attr:`Teacher.takes_clock` can get one.
        terrain_dim: The same for the number of points of a height field, and
            :attr:`Teacher.takes_heights`.

    Examples:
        >>> net = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> teacher_from_description(net.describe()).describe() == net.describe()
        True

    Raises:
        KeyError: The kind of teacher is unknown.
        TypeError: A setting is unknown or missing.
        ValueError: A setting is out of range.
    """
    settings = dict(description)
    teacher = TEACHERS[settings.pop("kind")]
    config = teacher.config_type(**settings).with_clock(clock_harmonics)
    return teacher(config.with_terrain(terrain_dim))


__all__ = [
    "TEACHERS",
    "ActorCritic",
    "Generalist",
    "GeneralistConfig",
    "MessagePassing",
    "MessagePassingConfig",
    "ModuMorph",
    "ModuMorphConfig",
    "Source",
    "Specialists",
    "SpecialistsConfig",
    "Teacher",
    "TeacherShape",
    "TransformerTeacher",
    "TransformerTeacherConfig",
    "teacher_from_description",
]
