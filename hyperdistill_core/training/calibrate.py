"""Does a zero-shot score rank bodies as training each of them would?

Every body's generated network is improved by PPO on that body alone, all with the same
budget, all side by side; then the score before is set against the score after. Training can
also spoil a network, so the score after it is that of the best of several moments, the beginning
among them, as anybody who trains a robot would keep it; the one at the end is told too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.checkpoints import find
from hyperdistill_core.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import BodyLayout
from hyperdistill_core.nets.mlp import BodyMLP, Normalisation
from hyperdistill_core.nets.specialists import Specialists
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.evaluate import best_readings, evaluate, on_workers
from hyperdistill_core.training.pool import Pool
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.settings import PPOSettings, require_least
from hyperdistill_core.training.teacher import KIND, load_teacher
from hyperdistill_core.weights_file import load_checkpoint, require_same, save_checkpoint


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
        moments: of the training, evenly spread, the last at its end. Each body's best of these
            networks and the generated one, by ``episodes`` of one seed, is scored over those of
            another. The scores before are over those of a third: where training did not help,
            both are of the same network, and must not share their luck.
        episodes: of the scores before and after.
        tries: readings of each body that are tried beforehand: the best is the network that is
            scored and trained on.
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
    lr: float = 1e-3
    moments: int = 5
    episodes: int = 4
    tries: int = 1
    n_workers: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require_least(self, 1, "steps_per_body", "n_envs", "horizon", "moments", "episodes")
        require_least(self, 1, "tries", "n_workers")
        require_least(self, 0, "seed")


@dataclass(frozen=True)
class Calibration:
    """Scores of bodies before and after training of their own, in the order given.

    Attributes:
        zero_shot: (bodies,) under the networks that the controller generates.
        trained: (bodies,) under the best of these and of what training made of them.
        at_the_end: (bodies,) under what they were at the end of it.
    """

    zero_shot: NDArray[np.float64]
    trained: NDArray[np.float64]
    at_the_end: NDArray[np.float64]


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
        ControllerError: there is no such controller, or it has fewer readings than ``tries``.
        CheckpointError: the folder is that of another calibration.
    """
    if len(graphs) < 3:
        raise TrainingError(f"a ranking needs at least 3 bodies, got {len(graphs)}")
    path = find(controller)
    pool = Pool(tuple(graphs), ("robot",) * len(graphs))
    _require_same_settings(folder, settings, path, pool)
    readings = _readings(graphs, path, settings, folder / "readings.json")
    trainer = TeacherTrainer(
        pool, ppo_settings(settings, len(graphs)), folder, start_from=path, readings=readings
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
    return _scores(graphs, path, readings, folder, settings)


def _require_same_settings(
    folder: Path, settings: CalibrateSettings, controller: Path, pool: Pool
) -> None:
    """Refuse a folder whose training was another one."""
    now = {**asdict(settings), "controller": Controller.load(controller).hash, "bodies": pool.hash}
    del now["n_workers"], now["episodes"]  # a training can be scored again, over more episodes
    file = folder / "calibrate.json"
    if file.exists() or (folder / "teacher.safetensors").exists():
        # A folder of before readings were tried does not name tries.
        before = {"tries": 1, **json.loads(file.read_text("utf-8"))} if file.exists() else None
        require_same(folder, before, now, what="budget, seed, controller or bodies")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(now, indent=2) + "\n", "utf-8")


def _readings(
    graphs: Sequence[nx.DiGraph], controller: Path, settings: CalibrateSettings, file: Path
) -> list[int]:
    """Each body's best reading, found once: on another processor it might be another."""
    if not file.exists():
        found = best_readings(
            graphs,
            controller,
            tries=settings.tries,
            task=settings.task,
            seed=settings.seed,
            n_workers=settings.n_workers,
        )
        file.write_text(json.dumps(found) + "\n", "utf-8")
    return json.loads(file.read_text("utf-8"))


def _moment(folder: Path, number: int) -> Path:
    return folder / f"moment-{number}.safetensors"


def _keep(folder: Path, number: int) -> None:
    """Copy the networks of the last checkpoint, without what only training needs."""
    tensors, meta = load_checkpoint(folder / "teacher.safetensors", kind=KIND)
    network = {name: tensor for name, tensor in tensors.items() if name.startswith("network.")}
    save_checkpoint(_moment(folder, number), network, meta)


def _scores(
    graphs: Sequence[nx.DiGraph],
    controller: Path,
    readings: Sequence[int],
    folder: Path,
    settings: CalibrateSettings,
) -> Calibration:
    """Scores of the networks as generated, of each body's best moment, and at the end."""
    kept = [n for n in range(1, settings.moments + 1) if _moment(folder, n).exists()]

    def generated(seed: int) -> NDArray[np.float64]:
        return evaluate(
            graphs,
            controller,
            task=settings.task,
            episodes=settings.episodes,
            seed=seed,
            readings=readings,
            n_workers=settings.n_workers,
        ).scores

    zero_shot = generated(settings.seed)
    other_starts, fresh = (replace(settings, seed=settings.seed + n) for n in (1, 2))
    every = [(_moment(folder, n), body) for n in kept for body in range(len(graphs))]
    of_moments = score_specialists(graphs, every, other_starts).reshape(len(kept), -1)
    best = np.argmax(np.stack([generated(other_starts.seed), *of_moments]), axis=0)
    at_the_end = score_specialists(graphs, every[-len(graphs) :], fresh)
    trained = np.where(best == 0, generated(fresh.seed), at_the_end)
    earlier = np.flatnonzero((best > 0) & (best < len(kept)))
    of_earlier = [(_moment(folder, kept[best[body] - 1]), int(body)) for body in earlier]
    trained[earlier] = score_specialists(graphs, of_earlier, fresh)
    return Calibration(zero_shot, trained, at_the_end)


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
    graphs: Sequence[nx.DiGraph],
    specialists: Sequence[tuple[Path, int]],
    settings: CalibrateSettings,
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
def _specialists_of(checkpoint: Path) -> tuple[Specialists, Normalisation]:
    return load_teacher(checkpoint)[:2]


def _score_one(job: tuple[nx.DiGraph, Path, int, CalibrateSettings]) -> float:
    graph, checkpoint, body, settings = job
    control = body_mlp(*_specialists_of(checkpoint), body, graph, settings.task)
    task = get_task(settings.task)
    run = rollout(graph, control, task=task, episodes=settings.episodes, seed=settings.seed)
    return run.score


def body_mlp(
    network: Specialists, normalisation: Normalisation, body: int, graph: nx.DiGraph, task: str
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
        normalisation=normalisation,
        actions=layout.actions,
        dtype=np.float32,
        clock=config.clock,
    )
