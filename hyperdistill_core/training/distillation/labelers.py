"""Teachers that label expert data, and the student that acts in rounds of DAgger.

A teacher of a distillation is a trained teacher or one variant of a controller. Both have the
interface of :class:`Labeler`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import ContextKind
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.training.body_batch import (
    BatchPolicy,
    BodyBatch,
    StudentPolicy,
    TeacherPolicy,
)
from hyperdistill_core.training.teacher_file import context_of, is_teacher, load_teacher
from hyperdistill_core.training.training_sets.training_set import TrainingSet

_HASH_DIGITS = 16


class Labeler(Protocol):
    """A teacher of a distillation: it gives the action means that a student learns."""

    @property
    def identity(self) -> str:
        """Text that differs between labelers with different actions."""
        ...

    @property
    def context(self) -> ContextKind:
        """Layout of the contexts that the labeler takes."""
        ...

    def policy(self, batch: BodyBatch, bodies: Sequence[int]) -> BatchPolicy:
        """The labeler as the policy of some bodies.

        Args:
            batch: The bodies.
            bodies: Their numbers in the training set.
        """
        ...

    def require_for(self, training_set: TrainingSet) -> None:
        """Refuse a training set that the labeler cannot act for.

        Args:
            training_set: The training set.

        Raises:
            TrainingError: The labeler cannot act for it.
        """
        ...


@dataclass(frozen=True)
class TrainedTeacher:
    """A trained teacher that labels.

    Attributes:
        network: The teacher.
        normalization: Normalization of its state features.
        training_set: Hash of the training set that it was trained on, see
            :attr:`TrainingSet.hash`; empty where it is unknown.
    """

    network: Teacher
    normalization: Normalization
    training_set: str = ""

    @property
    def identity(self) -> str:
        """Hash of the weights."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.float().numpy().tobytes())
        return digest.hexdigest()[:_HASH_DIGITS]

    @property
    def context(self) -> ContextKind:
        """See :attr:`Labeler.context`."""
        return context_of(self.network)

    def policy(self, batch: BodyBatch, bodies: Sequence[int]) -> BatchPolicy:
        """See :meth:`Labeler.policy`."""
        return TeacherPolicy(self.network.select(bodies), self.normalization, batch)

    def require_for(self, training_set: TrainingSet) -> None:
        """See :meth:`Labeler.require_for`.

        Args:
            training_set: The training set.

        Raises:
            TrainingError: The teacher has one network for each body of another training set.
        """
        n_bodies = self.network.separate_bodies
        if n_bodies is not None and self.training_set != training_set.hash:
            raise TrainingError(
                f"teacher: expected the training set that its {n_bodies} specialists were trained "
                f"on, got another one of {len(training_set)} bodies"
            )


@dataclass(frozen=True)
class VariantTeacher:
    """One variant of a controller that labels.

    Attributes:
        controller: The controller.
        variant: Number of the variant.

    Examples:
        >>> teachers = VariantTeacher.all_of(Controller.load("flat-v2"))
        >>> len(teachers), teachers[3].identity
        (32, 'd427f76fb6f137b9/3')
    """

    controller: Controller
    variant: int

    @property
    def identity(self) -> str:
        """The controller's hash and the number of the variant."""
        return f"{self.controller.hash}/{self.variant}"

    @property
    def context(self) -> ContextKind:
        """Layout of the controller's contexts."""
        return self.controller.context

    def policy(self, batch: BodyBatch, bodies: Sequence[int]) -> BatchPolicy:
        """See :meth:`Labeler.policy`."""
        del bodies
        controller, factors = self.controller, None
        if controller.variants is not None:
            factors = torch.as_tensor(controller.variants[self.variant])
        network = Hypernetwork.from_numpy(controller.network)
        return StudentPolicy(network, controller.normalization, batch, factors)

    def require_for(self, training_set: TrainingSet) -> None:
        """See :meth:`Labeler.require_for`: a controller acts for any body."""
        del training_set

    @classmethod
    def all_of(cls, controller: Controller) -> list[VariantTeacher]:
        """One teacher for each variant of a controller.

        Args:
            controller: The controller.
        """
        return [cls(controller, variant) for variant in range(controller.n_variants)]


@dataclass(frozen=True)
class MeanTeacher:
    """Several teachers as one: the mean of their controls, each of them within its limits.

    Networks that learned apart err apart, so that their mean moves bodies that they do not know
    better than each of them (Breiman 1996).

    Attributes:
        teachers: At least one teacher; all take contexts of one layout.

    Raises:
        TrainingError: There is no teacher, or they take contexts of different layouts.

    Examples:
        >>> flat = VariantTeacher(Controller.load("flat-v3"), 0)
        >>> MeanTeacher((flat, flat)).identity
        'mean of baf44e696b261490/0, baf44e696b261490/0'
    """

    teachers: tuple[Labeler, ...]

    def __post_init__(self) -> None:
        contexts = list(dict.fromkeys(teacher.context for teacher in self.teachers))
        if len(contexts) != 1:
            raise TrainingError(
                "teachers: expected at least one, all with one context layout, to take the mean "
                f"of, got {', '.join(contexts) or 'none'}"
            )

    @property
    def identity(self) -> str:
        """See :attr:`Labeler.identity`."""
        return f"mean of {', '.join(teacher.identity for teacher in self.teachers)}"

    @property
    def context(self) -> ContextKind:
        """See :attr:`Labeler.context`."""
        return self.teachers[0].context

    def policy(self, batch: BodyBatch, bodies: Sequence[int]) -> BatchPolicy:
        """See :meth:`Labeler.policy`."""
        return _MeanPolicy([teacher.policy(batch, bodies) for teacher in self.teachers])

    def require_for(self, training_set: TrainingSet) -> None:
        """See :meth:`Labeler.require_for`."""
        for teacher in self.teachers:
            teacher.require_for(training_set)


class _MeanPolicy:
    """The mean of the controls of several policies."""

    def __init__(self, policies: Sequence[BatchPolicy]) -> None:
        self._policies = policies

    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :meth:`BatchPolicy.means`."""
        controls = [policy.means(states, time).clip(-1.0, 1.0) for policy in self._policies]
        return np.asarray(np.mean(controls, axis=0), dtype=np.float32)


@dataclass(frozen=True)
class Student:
    """A hypernetwork that acts.

    Attributes:
        network: The hypernetwork.
        normalization: Normalization of the states.
        context: Layout of its contexts.

    Examples:
        >>> controller = Controller.load("flat-v2")
        >>> network = Hypernetwork.from_numpy(controller.network)
        >>> Student(network, controller.normalization, controller.context).context
        'continuous'
    """

    network: Hypernetwork
    normalization: Normalization
    context: ContextKind


def load_teachers(
    names: Sequence[str | Path], *, mean: bool = False
) -> tuple[list[Labeler], list[dict[str, Any]]]:
    """Teachers from checkpoints and controllers.

    Args:
        names: Checkpoints of teachers, and names or files of controllers. Each variant of a
            controller is a teacher.
        mean: Whether they label together, by the mean of their controls (:class:`MeanTeacher`). Of
            a controller the first variant takes part then.

    Returns:
        The teachers, and a description of each file in JSON's types.

    Raises:
        CheckpointError: A file is not a checkpoint.
        ControllerError: A controller does not exist.
        TrainingError: A network takes height samples, which expert data do not have.
        TrainingError: The mean is asked for, of teachers with different context layouts.

    Examples:
        >>> teachers, descriptions = load_teachers(["flat-v2"])
        >>> len(teachers), descriptions[0]["controller"]
        (32, 'flat-v2')
    """
    teachers: list[Labeler] = []
    descriptions: list[dict[str, Any]] = []
    for name in names:
        path = find(name)
        if is_teacher(path):
            network, normalization, meta = load_teacher(path)
            _require_blind(path, network.terrain_dim)
            training_set = meta.get("training_set", "")
            teachers.append(TrainedTeacher(network, normalization, training_set))
            keys = ("network", "settings", "steps", "seconds")
            descriptions.append({key: meta[key] for key in keys})
        else:
            controller = Controller.load(path)
            _require_blind(path, controller.network.config.terrain_dim)
            own = VariantTeacher.all_of(controller)[: 1 if mean else None]
            teachers += own
            descriptions.append(
                {"controller": controller.name, "hash": controller.hash, "variants": len(own)}
            )
    return [MeanTeacher(tuple(teachers))] if mean else teachers, descriptions


def _require_blind(path: Path, samples: int) -> None:
    """Refuse a network whose labels depend on the ground."""
    if samples:
        raise TrainingError(
            f"{path}: expected a teacher without height samples, which expert data do not have, "
            f"got one with {samples}; train a controller that sees with train-teacher "
            "--kind generalist"
        )
