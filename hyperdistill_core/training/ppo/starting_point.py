"""Where a training starts: random weights, a controller, or another teacher's checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperdistill_core.checkpoint_file import load_checkpoint, require_same
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.nets.teachers import Specialists, Teacher, teacher_from_description
from hyperdistill_core.training.body_batch import BodyBatch
from hyperdistill_core.training.initialization import require_clock, require_sight
from hyperdistill_core.training.network_state import network_arrays, restore_network
from hyperdistill_core.training.ppo.new_teachers import teacher_from_controller
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.teacher_file import KIND, is_teacher
from hyperdistill_core.training.weight_average import weights_prefix


@dataclass(frozen=True)
class StartingPoint:
    """The network of a training and the moments that belong to it.

    Attributes:
        network: The network.
        state_moments: Moments of its state features.
        return_moments: Moments of discounted returns; None for new ones.
        moments_fixed: Whether the state moments never change, because a controller or its
            descendant was trained with them.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> network = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> start = StartingPoint.new(network)
        >>> start.state_moments.size, start.moments_fixed
        (17, False)
    """

    network: Teacher
    state_moments: RunningMoments
    return_moments: RunningMoments | None = None
    moments_fixed: bool = False

    @classmethod
    def new(cls, network: Teacher) -> StartingPoint:
        """A start with a new network.

        Args:
            network: The network, with random weights.
        """
        return cls(network, RunningMoments(network.state_dim))

    @classmethod
    def from_file(
        cls,
        path: Path,
        network: Teacher,
        settings: PPOSettings,
        batch: BodyBatch,
        variants: Sequence[int] | None,
    ) -> StartingPoint:
        """A start from a controller, or from the checkpoint of another training.

        Args:
            path: File of the controller or checkpoint.
            network: New network of the kind and size in the settings.
            settings: Settings of the training.
            batch: Active bodies.
            variants: Variant of the controller for each active body; None for variant 0.

        Raises:
            CheckpointError: The file is neither, or holds another network than the settings name.
            ControllerError: The controller cannot be read, or takes another context.
            TrainingError: The controller has another clock phase input.
        """
        sources = network.sources
        if "controller" in sources and ("teacher" not in sources or not is_teacher(path)):
            return cls._from_controller(Controller.load(path), network, settings, batch, variants)
        return cls._from_teacher(path, network, settings)

    @classmethod
    def _from_controller(
        cls,
        controller: Controller,
        network: Teacher,
        settings: PPOSettings,
        batch: BodyBatch,
        variants: Sequence[int] | None,
    ) -> StartingPoint:
        teacher = teacher_from_controller(
            type(network),
            controller,
            batch,
            clock_harmonics=settings.clock_harmonics,
            sight=settings.sight,
            variants=variants,
        )
        moments = RunningMoments.of(controller.normalization)
        return cls(teacher, moments, moments_fixed=True)

    @classmethod
    def _from_teacher(cls, path: Path, network: Teacher, settings: PPOSettings) -> StartingPoint:
        arrays, meta = load_checkpoint(path, kind=KIND)
        network, fixed = network_of_checkpoint(
            path,
            meta,
            network,
            clock_harmonics=settings.clock_harmonics,
            sight=settings.sight,
        )
        # New inputs are not in the checkpoint: they keep their initial weights, zero.
        prefix = weights_prefix(meta)
        restore_network(network, network_arrays(network, prefix=prefix) | arrays, prefix=prefix)
        require_clock(settings.clock_harmonics, network.clock_harmonics)
        require_sight(settings.sight, network.terrain_dim)
        return cls(
            network,
            RunningMoments.from_dict(meta["state_moments"]),
            RunningMoments.from_dict(meta["return_moments"]),
            moments_fixed=fixed,
        )


def network_of_checkpoint(
    path: Path,
    meta: dict[str, Any],
    network: Teacher,
    *,
    clock_harmonics: int = 0,
    sight: int = 0,
) -> tuple[Teacher, bool]:
    """A network that has the shape of a checkpoint's.

    A network that was initialized from a controller has the controller's size, whatever the
    settings name. Any other must have the size in the settings.

    Args:
        path: File of the checkpoint, for errors.
        meta: Metadata of the checkpoint.
        network: New network of the kind and size in the settings.
        clock_harmonics: Harmonics of a clock phase input that is added where there is none.
        sight: Number of numbers that are added to see where there are none.

    Returns:
        The network, and whether its state moments never change.

    Raises:
        CheckpointError: The checkpoint holds another network than the settings name.
    """
    stored = teacher_from_description(
        meta["network"], clock_harmonics=clock_harmonics, terrain_dim=sight
    )
    if meta["moments_fixed"] and stored.kind == network.kind:
        require_same(path, stored.context_dim, network.context_dim, what="context")
        require_same(path, stored.separate_bodies, network.separate_bodies, what="number of bodies")
        if isinstance(stored, Specialists) and isinstance(network, Specialists):
            size, needed = stored.config.n_max, network.config.n_max
            if size < needed:
                raise CheckpointError(
                    f"{path}: expected networks for bodies of up to {needed} nodes, got {size}"
                )
        return stored, True
    require_same(path, stored.describe(), network.describe(), what="network")
    return network, False
