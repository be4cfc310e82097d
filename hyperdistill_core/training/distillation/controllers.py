"""Controllers from trainings: from a distilled student, and from a generalist as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.controller.familiarity import Familiarity
from hyperdistill_core.controller.training_distribution import TrainingDistribution
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.features import ContextKind, context_kind
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.distillation.distiller import Distiller
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets.training_set import TrainingSet

#: Number of training bodies, evenly spread, that the familiarity is computed from.
_EMBEDDED = 1024


def student_controller(
    distiller: Distiller, training_set: TrainingSet, *, name: str, provenance: Mapping[str, Any]
) -> Controller:
    """The present student of a distillation as a controller.

    Args:
        distiller: The distillation.
        training_set: Bodies that the student learned on.
        name: Name of the controller.
        provenance: How the controller was made, in JSON's types.
    """
    return _controller(
        distiller.network,
        distiller.normalization,
        training_set,
        task=distiller.settings.task,
        context=distiller.settings.context,
        name=name,
        provenance=provenance,
    )


def generalist_controller(
    checkpoint: Path, training_set: TrainingSet, *, name: str, initialized_from: str | None = None
) -> Controller:
    """The actor of a trained generalist as a controller; it needs no distillation.

    Args:
        checkpoint: Checkpoint of the training.
        training_set: Bodies that the generalist learned on.
        name: Name of the controller.
        initialized_from: What the training was initialized from, for the provenance in the
            controller's file; None for random weights.

    Raises:
        CheckpointError: The file is not the checkpoint of a generalist.

    Examples:
        A training that is too short to be of use:

        >>> import tempfile
        >>> import numpy as np
        >>> from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet((sample_body(rng), sample_body(rng)), ("sampled",) * 2)
        >>> settings = PPOSettings(
        ...     teacher="generalist", observation="state", steps=32, n_active=2, n_envs=2,
        ...     horizon=8, width=8, layers=1, n_workers=1,
        ... )
        >>> folder = Path(tempfile.mkdtemp())
        >>> TeacherTrainer(bodies, settings, folder).train()
        >>> generalist_controller(folder / "teacher.safetensors", bodies, name="my-v0").name
        'my-v0'
    """
    network, normalization, meta = load_teacher(checkpoint)
    if network.hypernetwork is None:
        raise CheckpointError(f"{checkpoint}: expected a generalist, got a {network.kind}")
    provenance = {key: meta[key] for key in ("settings", "steps", "seconds")}
    more = {"training set": training_set.counts, "initialized from": initialized_from}
    return _controller(
        network.hypernetwork,
        normalization,
        training_set,
        task=meta["settings"]["task"],
        context=context_kind(network.context_dim),
        name=name,
        provenance=provenance | more,
    )


def _controller(
    network: Hypernetwork,
    normalization: Normalization,
    training_set: TrainingSet,
    *,
    task: str,
    context: ContextKind,
    name: str,
    provenance: Mapping[str, Any],
) -> Controller:
    controller = Controller(
        name=name,
        network=network.to_numpy(),
        normalization=normalization,
        task=task,
        context=context,
        provenance=provenance,
    )
    return with_training_bodies(controller, training_set)


def with_training_bodies(controller: Controller, training_set: TrainingSet) -> Controller:
    """A controller that knows how far bodies lie from those that it learned on.

    Args:
        controller: The controller.
        training_set: Bodies that it learned on.
    """
    distribution = TrainingDistribution.over(training_set.graphs)
    controller = replace(controller, training_distribution=distribution)
    if len(training_set) < 2:
        return controller
    step = max(len(training_set) // _EMBEDDED, 1)
    model = get_task(controller.task).model
    some = training_set.graphs[::step]
    embeddings = np.array([controller.embedding(graph, model(graph)) for graph in some])
    return replace(controller, familiarity=Familiarity.over(embeddings))
