"""Does a zero-shot score rank bodies as training each of them would?

Every body's generated network is improved by PPO on that body alone, all with the same
budget, all side by side; then the score before is set against the score after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.checkpoints import find
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import BodyLayout
from hyperdistill_core.nets.mlp import BodyMLP, Normalisation
from hyperdistill_core.nets.specialists import Specialists
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.evaluate import evaluate
from hyperdistill_core.training.pool import Pool
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.settings import PPOSettings
from hyperdistill_core.training.teacher import load_teacher


@dataclass(frozen=True, kw_only=True)
class CalibrateSettings:
    """How bodies are trained and scored.

    Attributes:
        task: name of the task.
        steps_per_body: control steps of training that every body gets.
        n_envs: simulations a body.
        horizon: control steps of each simulation between updates.
        action_std: deviation of the actions at the start.
        final_action_std: at the end.
        lr: largest learning rate.
        episodes: of the scores before and after.
        n_workers: processes.
        seed: of training and scores.
    """

    task: str = "flat"
    steps_per_body: int = 500_000
    n_envs: int = 12
    horizon: int = 64
    action_std: float = 0.3
    final_action_std: float = 0.15
    lr: float = 1e-3
    episodes: int = 4
    n_workers: int = 2
    seed: int = 0


@dataclass(frozen=True)
class Calibration:
    """Scores of bodies before and after training of their own, in the order given.

    Attributes:
        zero_shot: (bodies,) under the networks that the controller generates.
        trained: (bodies,) under the same networks after training.
    """

    zero_shot: NDArray[np.float64]
    trained: NDArray[np.float64]


def calibrate(
    graphs: Sequence[nx.DiGraph],
    controller: str | Path,
    settings: CalibrateSettings,
    folder: Path,
    *,
    report: Callable[[dict[str, float]], None] = lambda _: None,
) -> Calibration:
    """Score, train and score again; interrupted it goes on from the last checkpoint.

    Args:
        graphs: at least 3 bodies.
        controller: name or file.
        settings: budgets and seed.
        folder: where the training's checkpoint and log go; nothing else is changed.
        report: called with a row of the training's log after every update.

    Raises:
        TrainingError: there are too few bodies to rank.
    """
    if len(graphs) < 3:
        raise TrainingError(f"a ranking needs at least 3 bodies, got {len(graphs)}")
    path = find(controller)
    zero_shot = evaluate(
        graphs,
        path,
        task=settings.task,
        episodes=settings.episodes,
        seed=settings.seed,
        n_workers=settings.n_workers,
    ).scores
    pool = Pool(tuple(graphs), ("robot",) * len(graphs))
    trainer = TeacherTrainer(pool, ppo_settings(settings, len(graphs)), folder, start_from=path)
    trainer.train(report=report)
    return Calibration(zero_shot, score_specialists(graphs, folder, settings))


def ppo_settings(settings: CalibrateSettings, bodies: int) -> PPOSettings:
    """Settings of the training that improves so many bodies."""
    return replace(
        PPOSettings(),
        teacher="specialists",
        view="state",
        task=settings.task,
        steps=settings.steps_per_body * bodies,
        n_active=bodies,
        n_envs=settings.n_envs,
        horizon=settings.horizon,
        rotate=0,
        action_std=settings.action_std,
        final_action_std=settings.final_action_std,
        lr=settings.lr,
        n_workers=settings.n_workers,
        seed=settings.seed,
    )


def score_specialists(
    graphs: Sequence[nx.DiGraph], folder: Path, settings: CalibrateSettings
) -> NDArray[np.float64]:
    """(bodies,) mean returns under mean actions of the specialists in ``folder``."""
    network, normalisation, _ = load_teacher(folder / "teacher.safetensors")
    task = get_task(settings.task)
    scores = []
    for body, graph in enumerate(graphs):
        control = body_mlp(network, normalisation, body, graph, settings.task)
        result = rollout(graph, control, task=task, episodes=settings.episodes, seed=settings.seed)
        scores.append(result.score)
    return np.array(scores)


def body_mlp(
    network: Specialists, normalisation: Normalisation, body: int, graph: nx.DiGraph, task: str
) -> BodyMLP:
    """The specialist of a body as a plain controller."""
    n = len(graph)
    layout = BodyLayout.from_graph(graph, get_task(task).model(graph))
    layers = [(weight.numpy(), bias.numpy()) for weight, bias in network.layers(body)]
    weight, bias = layers[0]
    layers[0] = weight[: n * network.config.state_dim], bias
    weight, bias = layers[-1]
    layers[-1] = weight[:, : 2 * n], bias[: 2 * n]
    return BodyMLP.from_layers(
        layers, normalisation=normalisation, actions=layout.actions, dtype=np.float32
    )
