"""Adaptation: the hypernetwork of a controller learns on by PPO, on given bodies.

The result is a controller again. A body's network comes from its context alone, so what these
bodies teach also moves others like them (Strgar 2025 fine-tunes on the population).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import networkx as nx

from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.training.distillation.controllers import generalist_controller
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.ppo.trainer import TeacherTrainer
from hyperdistill_core.training.training_sets.training_set import TrainingSet

#: The checkpoint of an adaptation, in its folder: actor, critic, and the state of the training.
CHECKPOINT = "teacher.safetensors"


def adapt(
    controller: str | Path,
    graphs: Sequence[nx.DiGraph[str]],
    settings: PPOSettings,
    folder: Path,
    *,
    name: str,
    earlier: Path | None = None,
    report: Callable[[dict[str, float]], None] = lambda row: None,
) -> Controller:
    """Let a controller learn on.

    An adaptation that was interrupted goes on from its last checkpoint when it is called again,
    with the same result. The variants of the controller stay, and so does what it knows about the
    bodies of its first training; scores of reference bodies are no longer its own.

    Args:
        controller: Name or file of the controller.
        graphs: Bodies to learn on, at least one.
        settings: Settings of the learning. The kind of teacher, its observation and its context
            follow from the controller, and there are at most as many active bodies as bodies.
        folder: Folder of the checkpoint and the log.
        name: Name of the new controller.
        earlier: Checkpoint of an earlier adaptation to go on from, whose critic has learned
            already; None begins with the controller and a random critic.
        report: Function that is called with a row of the training's log after every update.

    Returns:
        The new controller.

    Raises:
        ControllerError: The controller does not exist.
        CheckpointError: The checkpoint in the folder, or the earlier one, is of another training.
        TrainingError: The network's weights are not finite any more.

    Examples:
        An adaptation that is too short to be of use:

        >>> import tempfile
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> few = PPOSettings(steps=32, n_envs=2, horizon=8, n_workers=1, average_last=0.0)
        >>> folder = Path(tempfile.mkdtemp())
        >>> adapt("flat-v3", [sample_body(rng), sample_body(rng)], few, folder, name="own").name
        'own'
    """
    before = Controller.load(controller)
    bodies = TrainingSet(tuple(graphs), ("evolved",) * len(graphs))
    settings = settings.replace(
        teacher="generalist",
        observation="state",
        context=before.context,
        n_active=min(settings.n_active, len(bodies)),
    )
    trainer = TeacherTrainer(bodies, settings, folder, initialize_from=earlier or find(controller))
    trainer.train(report=report)
    after = generalist_controller(
        folder / CHECKPOINT, bodies, name=name, initialized_from=before.hash
    )
    return replace(
        after,
        training_distribution=before.training_distribution,
        variants=before.variants,
        familiarity=None,
    )
