"""New teachers: with random weights, or initialized from a controller."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.features import PRIVILEGED_DIM, STATE_DIM, context_dim, context_kind
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers import TEACHERS, Teacher, TeacherShape
from hyperdistill_core.training.body_batch import BodyBatch
from hyperdistill_core.training.initialization import require_clock, require_sight
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from morph_ops._registry import lookup

#: Number of features of a node, for each kind of observation.
OBSERVATION_DIMS = {"privileged": PRIVILEGED_DIM, "state": STATE_DIM}


def new_teacher(settings: PPOSettings, *, n_max: int) -> Teacher:
    """A teacher with random weights.

    Args:
        settings: Settings of the training, which name the kind and the sizes.
        n_max: Number of nodes of the largest body.

    Raises:
        UnknownNameError: The kind of teacher is unknown.

    Examples:
        >>> new_teacher(PPOSettings(teacher="generalist", observation="state"), n_max=12).kind
        'generalist'
    """
    teacher = lookup(TEACHERS, settings.teacher, what="kind of teacher")
    return teacher.from_shape(
        TeacherShape(
            context_dim=context_dim(settings.context),
            state_dim=OBSERVATION_DIMS[settings.observation],
            width=settings.width,
            layers=settings.layers,
            heads=settings.heads,
            feedforward=settings.feedforward,
            shared_trunk=settings.shared_trunk,
            clock_harmonics=settings.clock_harmonics,
            terrain_dim=settings.sight,
            n_bodies=settings.n_active,
            n_max=n_max,
        )
    )


def teacher_from_controller(
    kind: type[Teacher],
    controller: Controller,
    batch: BodyBatch,
    *,
    clock_harmonics: int,
    sight: int = 0,
    variants: Sequence[int] | None = None,
) -> Teacher:
    """A teacher that acts as a controller does.

    Args:
        kind: Kind of teacher.
        controller: The controller.
        batch: Bodies of the teacher; kinds that act for any body ignore them.
        clock_harmonics: Harmonics of the teacher's clock phase input; 0 keeps the controller's.
        sight: Number of numbers that the teacher sees; 0 keeps the controller's.
        variants: Variant of the controller for each body; None for unchanged contexts.

    Raises:
        ControllerError: The controller takes another context than the bodies have.
        TrainingError: The controller has a clock phase input of other harmonics.
        TrainingError: The controller takes another sight.

    Examples:
        >>> import numpy as np
        >>> from hyperdistill_core.nets.teachers import Generalist
        >>> from hyperdistill_core.tasks import get_task
        >>> from hyperdistill_core.training.body_batch import BodyInputs
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> batch = BodyBatch([BodyInputs.of(body, get_task("flat"))], n_max=len(body))
        >>> controller = Controller.load("flat-v2")
        >>> teacher_from_controller(Generalist, controller, batch, clock_harmonics=0).kind
        'generalist'
    """
    context = batch.context
    controller = controller.with_context(context_kind(context.shape[-1]))
    if variants is not None and controller.variants is not None:
        context = context * torch.as_tensor(controller.variants[list(variants)])[:, None]
    teacher = kind.from_controller(
        Hypernetwork.from_numpy(controller.network),
        context,
        torch.as_tensor(batch.present),
        clock_harmonics=clock_harmonics,
        terrain_dim=sight,
    )
    require_clock(clock_harmonics, teacher.clock_harmonics)
    require_sight(sight, teacher.terrain_dim)
    return teacher
