"""Training of each body's own network: what the controller generates, improved by PPO.

Every body's generated network learns on that body alone, all with the same budget, all side by
side. Training can also spoil a network, so a body keeps the best of several moments, the beginning
among them, as anybody who trains a robot would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.checkpoint_file import load_checkpoint, require_same, save_checkpoint
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.evaluation import evaluate, on_workers
from hyperdistill_core.features import BodyLayout
from hyperdistill_core.nets.mlp import BodyMLP, Normalization
from hyperdistill_core.nets.teachers.specialists import Specialists
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings, require_least
from hyperdistill_core.training.ppo.trainer import TeacherTrainer
from hyperdistill_core.training.teacher_file import KIND, load_teacher
from hyperdistill_core.training.training_sets.training_set import TrainingSet
from morph_ops._text_file import write_text

#: File that says what a folder's training is of.
MANIFEST = "calibrate.json"

Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True, kw_only=True)
class FineTuneSettings:
    """How bodies are trained and scored.

    Attributes:
        task: name of the task.
        steps_per_body: control steps of training that every body gets.
        n_envs: simulations a body.
        horizon: control steps of each simulation between updates.
        action_std: deviation of the actions at the start.
        final_action_std: at the end.
        max_lr: largest learning rate.
        moments: of the training, evenly spread, the last at its end. Each body's best of these
            networks and the generated one, by ``episodes`` of one seed, is scored over those of
            another. The scores before are over those of a third: where training did not help,
            both are of the same network, and must not share their luck.
        episodes: of the scores before and after.
        n_workers: processes.
        seed: of training and scores.

    Raises:
        TrainingError: a number is out of its range.
    """

    task: str = "flat"
    steps_per_body: int = 500_000
    n_envs: int = 12
    horizon: int = 64
    action_std: float = 0.3
    final_action_std: float = 0.15
    max_lr: float = 1e-3
    moments: int = 5
    episodes: int = 4
    n_workers: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require_least(self, 1, "steps_per_body", "n_envs", "horizon", "moments", "episodes")
        require_least(self, 1, "n_workers")
        require_least(self, 0, "seed")

    @property
    def seed_after(self) -> int:
        """Seed of the scores after training."""
        return self.seed + 2


@dataclass(frozen=True, eq=False)
class FineTuneResult:
    """Scores of bodies before and after training of their own, in the order given.

    Attributes:
        zero_shot: (bodies,) under the networks that the controller generates.
        trained: (bodies,) under the best of these and of what training made of them.
        at_the_end: (bodies,) under what they were at the end of it.
        networks: those of ``trained``.
    """

    zero_shot: NDArray[np.float64]
    trained: NDArray[np.float64]
    at_the_end: NDArray[np.float64]
    networks: tuple[BodyMLP, ...]


def finetune(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    folder: Path,
    *,
    variants: Sequence[int] | None = None,
    report: Report = lambda _: None,
) -> FineTuneResult:
    """Score, train and score again; interrupted it goes on from the last checkpoint.

    Args:
        graphs: at least one body.
        controller: name or file.
        settings: budgets and seed.
        folder: where the training's checkpoint and log go; nothing else is changed.
        variants: which of the controller's variants of each body to begin with; the first of
            all by default.
        report: called with a row of the training's log after every update.

    Raises:
        ControllerError: there is no such controller.
        CheckpointError: the folder is that of another training.
    """
    variants = variants or [0] * len(graphs)
    ensure_manifest(folder, graphs, controller, settings, variants=list(variants))
    return train_and_score(graphs, controller, settings, folder, variants=variants, report=report)


def ensure_manifest(
    folder: Path,
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    **known: Any,
) -> None:
    """Make a folder that of this training, or refuse one of another.

    Args:
        folder: which.
        graphs: bodies.
        controller: name or file.
        settings: of the training.
        known: what else it must agree in, in JSON's types.

    Raises:
        ControllerError: there is no such controller.
        CheckpointError: the folder is that of another training.
    """
    hashes = {
        "controller": Controller.load(find(controller)).hash,
        "bodies": TrainingSet(tuple(graphs), ("robot",) * len(graphs)).hash,
    }
    now = {**asdict(settings), **hashes, **known}
    del now["n_workers"], now["episodes"]  # a training can be scored again, over more episodes
    file = folder / MANIFEST
    if file.exists() or (folder / "teacher.safetensors").exists():
        before = json.loads(file.read_text("utf-8")) if file.exists() else None
        require_same(folder, before, now, what="budget, seed, controller or bodies")
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(now, indent=2) + "\n")


def train_and_score(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    folder: Path,
    *,
    variants: Sequence[int],
    report: Report,
) -> FineTuneResult:
    """The same in a folder that was claimed already."""
    path = find(controller)
    pool = TrainingSet(tuple(graphs), ("robot",) * len(graphs))
    trainer = TeacherTrainer(
        pool, ppo_settings(settings, len(graphs)), folder, initialize_from=path, variants=list(variants)
    )

    def keep_moment() -> None:
        now = min(settings.moments, trainer.steps_done * settings.moments // trainer.settings.steps)
        if now and not _moment(folder, now).exists():
            _keep(folder, now)

    def kept_and_reported(row: dict[str, float]) -> None:
        keep_moment()
        report(row)

    keep_moment()  # the last training may have been cut off between its checkpoint and this
    trainer.train(report=kept_and_reported)
    return _scores(graphs, path, variants, folder, settings)


def _moment(folder: Path, number: int) -> Path:
    return folder / f"moment-{number}.safetensors"


def _keep(folder: Path, number: int) -> None:
    """Copy the networks of the last checkpoint, without what only training needs."""
    tensors, meta = load_checkpoint(folder / "teacher.safetensors", kind=KIND)
    network = {name: tensor for name, tensor in tensors.items() if name.startswith("network.")}
    save_checkpoint(_moment(folder, number), network, meta)


def _scores(
    graphs: Sequence[nx.DiGraph[str]],
    controller: Path,
    variants: Sequence[int],
    folder: Path,
    settings: FineTuneSettings,
) -> FineTuneResult:
    """Scores of the networks as generated, of each body's best moment, and at the end."""
    kept = [n for n in range(1, settings.moments + 1) if _moment(folder, n).exists()]

    def generated(seed: int) -> NDArray[np.float64]:
        return evaluate(
            graphs,
            controller,
            task=settings.task,
            episodes=settings.episodes,
            seed=seed,
            variants=variants,
            n_workers=settings.n_workers,
        ).scores

    zero_shot = generated(settings.seed)
    other_starts = replace(settings, seed=settings.seed + 1)
    fresh = replace(settings, seed=settings.seed_after)
    every = [(_moment(folder, n), body) for n in kept for body in range(len(graphs))]
    of_moments = score_specialists(graphs, every, other_starts).reshape(len(kept), -1)
    best = np.argmax(np.stack([generated(other_starts.seed), *of_moments]), axis=0)
    at_the_end = score_specialists(graphs, every[-len(graphs) :], fresh)
    trained = np.where(best == 0, generated(fresh.seed), at_the_end)
    earlier = np.flatnonzero((best > 0) & (best < len(kept)))
    of_earlier = [(_moment(folder, kept[best[body] - 1]), int(body)) for body in earlier]
    trained[earlier] = score_specialists(graphs, of_earlier, fresh)
    files = [None, *(_moment(folder, n) for n in kept)]
    networks = _networks(graphs, controller, variants, [files[b] for b in best], settings.task)
    return FineTuneResult(zero_shot, trained, at_the_end, networks)


def _networks(
    graphs: Sequence[nx.DiGraph[str]],
    controller: Path,
    variants: Sequence[int],
    moments: Sequence[Path | None],
    task: str,
) -> tuple[BodyMLP, ...]:
    """Each body's network of a moment, or where there is none the generated one."""
    generating = Controller.load(controller)
    trained = {file: load_teacher(file)[:2] for file in set(moments) if file is not None}
    return tuple(
        generating.for_body(graph, get_task(task).model(graph), variant=variants[body])
        if file is None
        else body_mlp(*trained[file], body, graph, task)
        for body, (graph, file) in enumerate(zip(graphs, moments, strict=True))
    )


def ppo_settings(settings: FineTuneSettings, bodies: int) -> PPOSettings:
    """Settings of the training that improves so many bodies."""
    return replace(
        PPOSettings(),
        teacher="specialists",
        observation="state",
        task=settings.task,
        steps=settings.steps_per_body * bodies,
        n_active=bodies,
        n_envs=settings.n_envs,
        horizon=settings.horizon,
        replaced_per_update=0,
        action_std=settings.action_std,
        final_action_std=settings.final_action_std,
        max_lr=settings.max_lr,
        n_workers=settings.n_workers,
        seed=settings.seed,
    )


def score_specialists(
    graphs: Sequence[nx.DiGraph[str]],
    specialists: Sequence[tuple[Path, int]],
    settings: FineTuneSettings,
) -> NDArray[np.float64]:
    """(specialists,) mean returns under mean actions.

    Args:
        graphs: all bodies.
        specialists: of each the checkpoint, which has a network for every body, and the body's
            number.
        settings: of the scores.
    """
    jobs = [(graphs[body], file, body, settings) for file, body in specialists]
    return np.array(list(on_workers(_score_one, jobs, settings.n_workers)))


@lru_cache
def _specialists_of(checkpoint: Path) -> tuple[Specialists, Normalization]:
    return load_teacher(checkpoint)[:2]


def _score_one(job: tuple[nx.DiGraph[str], Path, int, FineTuneSettings]) -> float:
    graph, checkpoint, body, settings = job
    control = body_mlp(*_specialists_of(checkpoint), body, graph, settings.task)
    task = get_task(settings.task)
    run = rollout(graph, control, task=task, episodes=settings.episodes, seed=settings.seed)
    return run.score


def body_mlp(
    network: Specialists, normalization: Normalization, body: int, graph: nx.DiGraph[str], task: str
) -> BodyMLP:
    """The specialist of a body as a plain controller."""
    n = len(graph)
    layout = BodyLayout.from_graph(graph, get_task(task).model(graph))
    layers = [(weight.numpy(), bias.numpy()) for weight, bias in network.layers(body)]
    weight, bias = layers[0]
    config = network.config
    heard = weight[config.limbs * config.state_dim :]
    layers[0] = np.concatenate([weight[: n * config.state_dim], heard]), bias
    weight, bias = layers[-1]
    layers[-1] = weight[:, : 2 * n], bias[: 2 * n]
    return BodyMLP.from_layers(
        layers,
        normalization=normalization,
        actions=layout.actions,
        dtype=np.float32,
        clock_harmonics=config.clock_harmonics,
    )
