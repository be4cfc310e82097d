"""What a training begins with, or learns from, where that is a controller."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import PRIVILEGED_DIM, STATE_DIM, context_dim
from hyperdistill_core.nets.teachers import TEACHERS, Teacher, TeacherShape
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.nets.teachers.specialists import Specialists
from hyperdistill_core.training.body_batch import BodyBatch
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings, require_clock
from morph_ops._registry import lookup

OBSERVATION_DIMS = {"privileged": PRIVILEGED_DIM, "state": STATE_DIM}


def new_teacher(settings: PPOSettings, *, n_max: int) -> Teacher:
    """A teacher with random weights for the continuous context.

    Args:
        settings: Settings of the training, which name the kind and the sizes.
        n_max: Number of nodes of the largest body.

    Raises:
        UnknownNameError: The kind of teacher or of observation is unknown.
    """
    teacher = lookup(TEACHERS, settings.teacher, what="kind of teacher")
    return teacher.from_shape(
        TeacherShape(
            context_dim=context_dim("continuous"),
            state_dim=lookup(OBSERVATION_DIMS, settings.observation, what="observation"),
            width=settings.width,
            layers=settings.layers,
            heads=settings.heads,
            feedforward=settings.feedforward,
            shared_trunk=settings.shared_trunk,
            clock_harmonics=settings.clock_harmonics,
            n_bodies=settings.n_active,
            n_max=n_max,
        )
    )


def require_continuous(controller: Controller) -> None:
    """Refuse a controller that a crowd cannot tell what it wants to know of bodies.

    Raises:
        TrainingError: the controller takes another context than crowds have.
    """
    if controller.context != "continuous":
        raise TrainingError(
            f"controller {controller.name}: expected one that takes the context 'continuous', as "
            f"trainings have it, got {controller.context!r}"
        )


def network_of(
    controller: Controller, *, clock: int, crowd: BodyBatch | None, variants: Sequence[int] | None
) -> Generalist | Specialists:
    """The teacher that a controller is to begin with.

    Args:
        controller: the controller.
        clock: harmonics that are to be heard; 0 takes what it hears.
        crowd: of specialists, the bodies whose generated networks they begin as; None for a
            generalist, which begins as the hypernetwork.
        variants: of each of these bodies; None for the first of every one.

    Raises:
        TrainingError: it takes another context than crowds have, or hears another clock.
    """
    require_continuous(controller)
    if crowd is None:
        network = Generalist.from_hypernetwork(controller.network, clock_harmonics=clock)
    else:
        context = crowd.context
        if variants is not None and controller.variants is not None:
            context = context * torch.from_numpy(controller.variants[list(variants)])[:, None]
        with torch.no_grad():
            made = controller.network.generate(context, torch.from_numpy(crowd.present))
        network = Specialists.from_generated(made)
    require_clock(clock, network.config.clock_harmonics)
    return network
