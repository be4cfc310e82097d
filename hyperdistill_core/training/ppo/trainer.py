"""Proximal policy optimisation of one teacher over many bodies at once (Schulman 2017).

A fleet simulates some bodies of a pool; between updates a few of them make room for
others, longest-serving first, so that a pool of any size passes through. Rewards are
scaled by the running deviation of discounted returns, states normalised by running
moments over all limbs, and advantages standardised body by body: otherwise the few bodies
that already run fast drown the rest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperdistill_core.checkpoint_file import (
    load_checkpoint,
    network_tensors,
    optimizer_tensors,
    require_same,
    restore_network,
    restore_optimizer,
    save_checkpoint,
)
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.nets.teachers.specialists import Specialists
from hyperdistill_core.parallel.vector_env import FELL, RUNNING, STALLED, TIME_LIMIT, VectorEnv, NoProgress
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyInputs, BodyBatch, ObservationEncoder
from hyperdistill_core.training.initialization import network_of
from hyperdistill_core.training.ppo.advantage import generalized_advantages
from hyperdistill_core.training.ppo.learning_rate import KLAdaptiveLearningRate
from hyperdistill_core.training.ppo.losses import (
    clip_gradients,
    ppo_losses,
    require_finite,
    standardized,
)
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings, require_clock
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.teacher_file import (
    KIND,
    describe_network,
    described_network,
    is_teacher,
    new_network,
)
from hyperdistill_core.training.training_log import append_row, drop_rows
from hyperdistill_core.training.training_sets.training_set import TrainingSet

WARM_UP_STEPS = 16
# Settings that a training may go on with others of.
MAY_CHANGE = ("steps", "n_workers")
LENGTH_RATE = 0.1
FLEET = "fleet/"


class TeacherTrainer:
    """Trains a teacher on a pool of bodies.

    Args:
        pool: bodies to train on, at least ``settings.n_active``.
        settings: of the training.
        folder: where ``teacher.safetensors`` and ``log.csv`` go; a checkpoint that lies
            there is taken up again: the training goes on as if it had not stopped.
        initialize_from: checkpoint of another training, whose network and normalisation a new
            one begins with, on any pool; all else begins anew. A generalist begins with a
            controller's hypernetwork, specialists with what it generates for their bodies;
            both keep its normalisation.
        variants: of each body of the pool, that specialists begin with where they begin with a
            controller; None for the first of every one.
        device: where the network learns, "cpu" or "cuda"; simulation is on the CPU.

    Raises:
        TrainingError: the device is not there.
        TrainingError: the pool is smaller than the number of active bodies.
        TrainingError: specialists are asked for, and not all of the pool is active.
        CheckpointError: the checkpoint in ``folder`` was made with another network or pool,
            or the one to start from with another network.
    """

    def __init__(
        self,
        pool: TrainingSet,
        settings: PPOSettings,
        folder: Path,
        *,
        initialize_from: Path | None = None,
        variants: Sequence[int] | None = None,
        device: str = "cpu",
    ) -> None:
        if device != "cpu" and not torch.cuda.is_available():
            raise TrainingError(f"no device {device!r}: torch finds no CUDA here; use cpu")
        if len(pool) < settings.n_active:
            raise TrainingError(
                f"a pool of {len(pool)} bodies cannot fill {settings.n_active} active places"
            )
        self._weights = pool.weights(settings.robot_share)
        drawn = np.count_nonzero(self._weights)
        if drawn < settings.n_active:
            raise TrainingError(
                f"{drawn} of the pool's bodies are drawn at robot_share={settings.robot_share:g},"
                f" too few for {settings.n_active} active places"
            )
        if settings.teacher == "specialists" and len(pool) > settings.n_active:
            raise TrainingError(
                f"specialists learn side by side: n_active must be the pool's {len(pool)} bodies,"
                f" got {settings.n_active}"
            )
        self.settings, self.folder = settings, folder
        self._device = torch.device(device)
        self._pool, self._pool_hash = pool.graphs, pool.hash
        self._task = get_task(settings.task)
        self._n_max = max(len(graph) for graph in pool.graphs)
        self._checkpoint, self._log = folder / "teacher.safetensors", folder / "log.csv"
        torch.manual_seed(settings.seed)
        self._use(new_network(settings, limbs=self._n_max))
        self._width = self.network.config.state_dim
        self.state_moments = RunningMoments(self._width)
        self._moments_fixed = False
        self._return_moments = RunningMoments(1)
        self._lengths = np.full(len(pool), float(self._task.max_steps))
        self.steps_done = 0
        self._seconds = 0.0
        self._rng = np.random.default_rng(settings.seed)
        everyone = np.arange(len(pool))
        whole = settings.n_active == len(pool)
        self._active = everyone.tolist() if whole else self._draw(everyone, settings.n_active)
        self._next_slot = 0
        shape = (settings.n_active, settings.n_envs)
        self._running, self._discounted = np.zeros(shape), np.zeros(shape)
        self._elapsed = np.zeros(shape, np.int64)
        self._noise = torch.Generator().manual_seed(settings.seed)
        self._kept: dict[str, np.ndarray] | None = None
        if self._checkpoint.exists():
            self._restore()
        self._inputs = [BodyInputs.of(self._pool[i], self._task) for i in self._active]
        self._crowd = BodyBatch(self._inputs, n_max=self._n_max)
        if initialize_from is not None and not self._checkpoint.exists():
            self._begin_with(initialize_from, variants)

    def _use(self, network: Any) -> None:
        self.network = network.to(self._device)
        self._optimizer = torch.optim.Adam(network.parameters(), eps=1e-5)
        self._pace = KLAdaptiveLearningRate(
            self.network,
            self._optimizer,
            desired_kl=self.settings.desired_kl,
            max_kl=self.settings.max_kl,
        )

    @property
    def action_std(self) -> float:
        """Deviation of the actions now."""
        first, last = self.settings.action_std, self.settings.final_action_std
        return first * (last / first) ** min(1.0, self.steps_done / self.settings.steps)

    @property
    def alive_bonus(self) -> float:
        """Bonus of a control step without a fall now."""
        fading = self.steps_done / (self.settings.alive_until * self.settings.steps)
        return self.settings.alive_bonus * max(0.0, 1.0 - fading)

    def train(self, *, report: Callable[[dict[str, float]], None] = lambda _: None) -> None:
        """Train to ``settings.steps``; a checkpoint and a log row after every update."""
        settings = self.settings
        env = VectorEnv(
            [self._pool[i] for i in self._active],
            task=settings.task,
            n_envs=settings.n_envs,
            n_max=self._n_max,
            n_workers=settings.n_workers,
            seed=settings.seed,
            kept=self._kept,
            stall=NoProgress(settings.no_progress_steps, settings.no_progress_m) if settings.no_progress_steps else None,
        )
        with env:
            self._warm_up(env)
            while self.steps_done < settings.steps:
                began = time.perf_counter()
                self._rotate(env)
                std = self.action_std
                rollout, row = self._collect(env, std)
                simulated = time.perf_counter()
                row |= self._update(rollout, std)
                ended = time.perf_counter()
                self._seconds += ended - began
                row |= {
                    "steps": self.steps_done,
                    "seconds": self._seconds,
                    "steps_per_s": settings.horizon * self._running.size / (ended - began),
                    "simulation_share": (simulated - began) / (ended - began),
                }
                append_row(self._log, row)
                self._save(env)
                report(row)

    def _warm_up(self, env: VectorEnv) -> None:
        """First moments of the states, under random actions."""
        if self.state_moments.count:
            return
        mask = self._crowd.mask(self.settings.n_envs)
        for _ in range(WARM_UP_STEPS):
            actions = self._rng.normal(size=(*mask.shape, 2)).astype(np.float32)
            self._book_lengths(env.step(actions)[1])
            self.state_moments.update(self._crowd.seen(env.state, self._width)[mask])

    def _rotate(self, env: VectorEnv) -> None:
        """Exchange the longest-serving bodies for others of the pool."""
        waiting = np.setdiff1d(np.arange(len(self._pool)), self._active)
        for index in self._draw(waiting, min(self.settings.replaced_per_update, len(waiting))):
            slot = self._next_slot
            self._next_slot = (slot + 1) % len(self._active)
            self._active[slot] = index
            graph = self._pool[index]
            self._inputs[slot] = BodyInputs.of(graph, self._task)
            env.replace(slot, graph)
            self._running[slot] = self._discounted[slot] = 0.0
            self._elapsed[slot] = 0
        self._crowd = BodyBatch(self._inputs, n_max=self._n_max)

    def _draw(self, candidates: np.ndarray, number: int) -> list[int]:
        """Distinct bodies by weight."""
        short = self._lengths[candidates] ** self.settings.favor_short
        weights = self._weights[candidates] / short
        share = weights / weights.sum() if weights.any() else None
        most = np.count_nonzero(weights)
        return self._rng.choice(candidates, size=min(number, most), replace=False, p=share).tolist()

    @torch.no_grad()
    def _collect(self, env: VectorEnv, std: float) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Act for a horizon with noise of a deviation; packed tensors with a leading T."""
        settings, crowd = self.settings, self._crowd
        mask = crowd.mask(settings.n_envs)
        joints = torch.from_numpy(np.repeat(crowd.joints[:, None], settings.n_envs, 1)[mask])
        joints, context = joints.to(self._device), crowd.packed_context.to(self._device)
        tree = crowd.trees.batch(crowd.samples(settings.n_envs)).to(self._device)
        actions = np.zeros((*mask.shape, 2), np.float32)
        kept: dict[str, list[Tensor]] = {
            name: [] for name in ("state", "mean", "action", "value", "reward", "ended", "cut")
        }
        normalization = self.state_moments.normalization()
        senses = ObservationEncoder(self.network, normalization, crowd, settings.n_envs)
        control_dt = self._task.control_dt
        finished: list[float] = []
        speeds: list[float] = []
        falls = stalls = 0
        raw = []
        memory, fresh = settings.noise_correlation, math.sqrt(1.0 - settings.noise_correlation**2)
        noise = self._normal(joints.shape)
        act = self.network
        if isinstance(act, Generalist):
            act = act.generated(context, tree)
        for _ in range(settings.horizon):
            seen, observation = senses(env.state, self._elapsed * control_dt)
            raw.append(seen)
            state = self._tensor(observation)
            mean, value = act(state, context, tree)
            # What the noise remembers is part of the situation, not of the choice: the
            # policy is judged by the rest of the action.
            remembered = std * memory * noise
            noise = memory * noise + fresh * self._normal(joints.shape)
            action = mean + std * noise
            actions[mask] = (action * joints).cpu().numpy()
            reward, ended = env.step(actions)
            self._running += reward
            speeds.append(float(reward.mean()))
            reward = reward + self.alive_bonus * ((ended != FELL) & (ended != STALLED))
            self._discounted = settings.gamma * self._discounted + reward
            self._return_moments.update(self._discounted.reshape(-1, 1))
            over = ended != RUNNING
            finished += self._running[over].tolist()
            falls += int((ended == FELL).sum())
            stalls += int((ended == STALLED).sum())
            self._book_lengths(ended)
            self._running[over] = self._discounted[over] = 0.0
            for name, value_now in (
                ("state", state),
                ("mean", mean),
                ("action", action - remembered),
                ("value", value),
                ("reward", self._tensor(reward.reshape(-1).astype(np.float32))),
                ("ended", self._tensor(over.reshape(-1))),
                ("cut", self._tensor((ended == TIME_LIMIT).reshape(-1))),
            ):
                kept[name].append(value_now)
        last = self._tensor(senses(env.state, self._elapsed * control_dt)[1])
        _, last_value = act(last, context, tree)
        rollout = {name: torch.stack(tensors) for name, tensors in kept.items()}
        scale = 1.0 / math.sqrt(float(self._return_moments.var[0]) + 1e-8)
        rollout["advantage"] = generalized_advantages(
            rollout["reward"] * scale,
            rollout["value"],
            last_value,
            rollout["ended"],
            rollout["cut"],
            gamma=settings.gamma,
            lam=settings.lam,
        )
        rollout["target"] = rollout["advantage"] + rollout["value"]
        rollout["joints"] = joints
        if not self._moments_fixed:
            self.state_moments.update(np.concatenate(raw[:: settings.horizon // 8 or 1]))
        self.steps_done += settings.horizon * self._running.size
        target = rollout["target"]
        unexplained = ((target - rollout["value"]).var() / target.var()).item()
        return rollout, {
            "speed": float(np.mean(speeds)),
            "ends": len(finished),
            "return": float(np.mean(finished)) if finished else math.nan,
            "falls": falls / max(1, len(finished)),
            "stalls": stalls / max(1, len(finished)),
            "explained": 1.0 - unexplained,
        }

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)

    def _normal(self, shape: torch.Size) -> Tensor:
        """Noise from the CPU's generator, which a checkpoint keeps."""
        return torch.randn(shape, generator=self._noise).to(self._device)

    def _book_lengths(self, ended: np.ndarray) -> None:
        """Take ended episodes into their bodies' mean lengths."""
        self._elapsed += 1
        # The first episodes of a slot may have begun in the middle.
        self._elapsed[ended == TIME_LIMIT] = self._task.max_steps
        for slot in np.flatnonzero((ended != RUNNING).any(axis=1)):
            over = ended[slot] != RUNNING
            body = self._active[slot]
            seen = self._elapsed[slot, over].mean()
            self._lengths[body] += LENGTH_RATE * (seen - self._lengths[body])
            self._elapsed[slot, over] = 0

    def _update(self, rollout: dict[str, Tensor], std: float) -> dict[str, float]:
        settings, crowd = self.settings, self._crowd
        chunk = settings.minibatch_steps
        tree = crowd.trees.batch(crowd.samples(settings.n_envs, chunk)).to(self._device)
        context = crowd.packed_context.to(self._device)
        joints = rollout["joints"].float().repeat(chunk, 1)
        advantage = standardized(
            rollout["advantage"],
            bodies=len(self._active),
            per_body=settings.per_body_advantages,
        )
        lr = self._pace.begin(self._longest_step())
        scale = 1.0 / (2.0 * std**2 * (1.0 - settings.noise_correlation**2))
        sums = {"policy_loss": 0.0, "value_loss": 0.0, "kl": 0.0, "clipped": 0.0}
        batches, stop = 0, False
        for _ in range(settings.epochs):
            order = torch.randperm(settings.horizon, generator=self._noise)
            for first in range(0, settings.horizon - chunk + 1, chunk):
                steps = order[first : first + chunk]
                batch = {
                    name: rollout[name][steps].flatten(0, 1)
                    for name in ("state", "mean", "action", "value", "target")
                }
                mean, value = self.network(batch["state"], context, tree)
                losses = ppo_losses(
                    batch,
                    mean,
                    value,
                    advantage=advantage[steps].flatten(),
                    joints=joints,
                    sample=tree.sample,
                    scale=scale,
                    clip=settings.clip,
                )
                kl = losses.kl.view(chunk, len(self._active), -1)
                stop = not self._pace.may_go_on(kl)
                if stop:
                    break
                loss = losses.policy + 0.5 * settings.value_coef * losses.value
                self._optimizer.zero_grad(set_to_none=True)
                loss.backward()
                clip_gradients(self.network, settings.max_grad_norm)
                self._pace.step()
                batches += 1
                sums["policy_loss"] += losses.policy.item()
                sums["value_loss"] += losses.value.item()
                sums["clipped"] += losses.clipped
            if stop:
                break
        require_finite(self.network)
        averages = {name: total / max(1, batches) for name, total in sums.items()}
        averages["kl"] = self._pace.end()  # of those alone that went on
        return averages | {"minibatches": batches, "lr": lr, "action_std": std}

    def _longest_step(self) -> float:
        """Bound of the learning rate now."""
        settings = self.settings
        done = min(1.0, self.steps_done / settings.steps)
        warm = min(1.0, done / settings.warmup) if settings.warmup else 1.0
        return settings.max_lr * warm * (0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi * done)))

    def _save(self, env: VectorEnv) -> None:
        tensors = network_tensors(self.network, prefix="network")
        tensors |= optimizer_tensors(self._optimizer, prefix="optimizer")
        tensors |= {name: torch.from_numpy(array) for name, array in self._books().items()}
        tensors["noise"] = self._noise.get_state()
        for name, array in env.keep().items():
            tensors[FLEET + name] = torch.from_numpy(array)
        meta: dict[str, Any] = {
            "kind": KIND,
            "network": describe_network(self.network),
            "settings": asdict(self.settings),
            "pool": self._pool_hash,
            "state_moments": self.state_moments.to_dict(),
            "moments_fixed": self._moments_fixed,
            "return_moments": self._return_moments.to_dict(),
            "steps": self.steps_done,
            "seconds": self._seconds,
            "lr": self._pace.rates.tolist(),
            "active": self._active,
            "next_slot": self._next_slot,
            "rng": self._rng.bit_generator.state,
        }
        save_checkpoint(self._checkpoint, tensors, meta)

    def _books(self) -> dict[str, np.ndarray]:
        """What is counted of bodies and simulations."""
        return {
            "lengths": self._lengths,
            "running": self._running,
            "discounted": self._discounted,
            "elapsed": self._elapsed,
        }

    def _begin_with(self, path: Path, variants: Sequence[int] | None) -> None:
        from_controller = isinstance(self.network, Specialists) or (
            isinstance(self.network, Generalist) and not is_teacher(path)
        )
        if from_controller:
            controller, clock = Controller.load(path), self.settings.clock
            crowd = self._crowd if isinstance(self.network, Specialists) else None
            chosen = None if variants is None else [variants[body] for body in self._active]
            self._use(network_of(controller, clock=clock, crowd=crowd, variants=chosen))
            self._width = self.network.config.state_dim
            self.state_moments = RunningMoments.of(controller.normalization)
            self._moments_fixed = True
            return
        tensors, meta = load_checkpoint(path, kind=KIND)
        if self.settings.clock and not meta["network"].get("clock"):
            meta["network"]["clock"] = self.settings.clock
        self._take_shape(meta)
        require_same(path, meta["network"], describe_network(self.network), what="network")
        # Of a clock that is new the checkpoint knows nothing, and the fresh network hears nothing.
        self._take_over(network_tensors(self.network, prefix="network") | tensors, meta)
        require_clock(self.settings.clock, describe_network(self.network).get("clock", 0))

    def _take_shape(self, meta: dict[str, Any]) -> None:
        """What began with a controller has its size, whatever the settings name."""
        if "hidden" in meta["network"]:  # the kinds that can hear one, also of before there was one
            meta["network"].setdefault("clock", 0)
        if meta["moments_fixed"] and meta["network"]["kind"] == self.settings.teacher:
            self._use(described_network(meta["network"]))
            self._width, self._moments_fixed = self.network.config.state_dim, True

    def _take_over(self, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        restore_network(self.network, tensors, prefix="network")
        self.state_moments = RunningMoments.from_dict(meta["state_moments"])
        self._return_moments = RunningMoments.from_dict(meta["return_moments"])

    def _restore(self) -> None:
        tensors, meta = load_checkpoint(self._checkpoint, kind=KIND)
        self._take_shape(meta)
        now = describe_network(self.network)
        require_same(self._checkpoint, meta["network"], now, what="network")
        require_same(self._checkpoint, meta.get("pool"), self._pool_hash, what="pool")
        for name, value in asdict(self.settings).items():
            if name not in MAY_CHANGE:
                before = meta["settings"].get(name)
                require_same(self._checkpoint, before, value, what=f"{name} ({before})")
        self._take_over(tensors, meta)
        restore_optimizer(self._optimizer, tensors, prefix="optimizer")
        self.steps_done, self._seconds = meta["steps"], meta["seconds"]
        self._pace.rates = np.broadcast_to(meta["lr"], self._pace.rates.shape).copy()
        for name, array in self._books().items():
            array[...] = tensors[name].numpy()
        drop_rows(self._log, beyond=self.steps_done)
        self._noise.set_state(tensors["noise"])
        self._kept = {
            name.removeprefix(FLEET): tensor.numpy()
            for name, tensor in tensors.items()
            if name.startswith(FLEET)
        }
        self._active, self._next_slot = meta["active"], meta["next_slot"]
        self._rng.bit_generator.state = meta["rng"]
