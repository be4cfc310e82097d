"""What a training begins with, or learns from, where that is a controller."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.nets.teachers.specialists import Specialists
from hyperdistill_core.training.body_batch import BodyBatch
from hyperdistill_core.training.ppo.ppo_settings import require_clock


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
