"""What users do without a hypernetwork: every body learns its controller from nothing.

The two ways of ``searches_that_learn.py`` that no campaign has. Both evolve bodies by tournaments
with aging (Gupta 2021): the best of four is mutated, and the oldest leaves.

    scratch        PPO trains a network for each body, from random weights (DERL's way)
    oscillators    CMA-ES tunes one oscillator for each motor of a body (what Revolve2 and ARIEL
                   do). A child begins with the oscillators of its parent.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import mujoco
import networkx as nx
import numpy as np
from cmaes import CMA
from learning_curves import train as train_networks
from mujoco import rollout as open_loop
from numpy.typing import NDArray

from codesign.threads import torch_threads
from hyperdistill_core.evaluation.evaluation import score_policies
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.parallel import map_in_workers
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import FineTuneSettings
from morph_ops.operators import OperatorError, mutate
from morph_ops.sampling import sample_body

TASK, EPISODES = "flat", 4
#: Bodies of a tournament, and bodies that learn side by side.
TOURNAMENT, BATCH = 4, 8
#: Oscillators: parameters of each motor, samples of a generation, and the first spread.
OF_MOTOR, POPSIZE, SPREAD = 3, 12, 0.5
#: Limits of the frequency (Hz).
SLOWEST, FASTEST = 0.3, 3.0
#: Threads of PyTorch, which change the last digits of what is learned.
THREADS = 1
#: Control steps that MuJoCo runs in one call.
CHUNK = 25


@dataclass(frozen=True, eq=False)
class Learned:
    """A body that has learned.

    Attributes:
        graph: The body.
        policy: What moves it.
        score: Mean return over the episodes by which the search judges it.
        steps: Control steps that it took.
        parameters: Parameters of each motor by name, and the frequency's under ""; empty for
            networks.
    """

    graph: nx.DiGraph[str]
    policy: BodyMLP | Oscillators
    score: float
    steps: int
    parameters: dict[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a search may take: control steps or time (min); the other one is None."""

    steps: int | None
    minutes: float | None

    def share(self, steps: int, seconds: float) -> float:
        """Share of it that is used up.

        Args:
            steps: Control steps so far.
            seconds: Time so far (s).
        """
        return seconds / 60.0 / self.minutes if self.minutes else steps / (self.steps or 1)

    def __str__(self) -> str:
        return f"{self.minutes:g} minutes" if self.minutes else f"{self.steps:,} control steps"


#: A child before it learns, and its parent; None for a sampled body.
Born: TypeAlias = tuple["nx.DiGraph[str]", "Learned | None"]
Learn: TypeAlias = Callable[[Sequence[Born], int], list[Learned]]


def evolve(learn: Learn, *, seed: int, budget: Budget, population: int) -> list[Learned]:
    """Evolve bodies until the budget is used up; all of them, in the order of their birth.

    The last batch begins where more than half of it fits in.

    Args:
        learn: What lets a batch of bodies learn.
        seed: Seed of the bodies and of what they learn.
        budget: What the search may take.
        population: Bodies that are alive.
    """
    rng, began = np.random.default_rng(seed), time.monotonic()
    alive: deque[Learned] = deque(maxlen=population)
    everyone: list[Learned] = []
    used = last = 0.0
    while used + last / 2 < 1.0:
        filling = len(everyone) < population
        batch = [_born(None if filling else alive, rng) for _ in range(BATCH)]
        learned = learn(batch, seed * 10_000 + len(everyone))
        alive.extend(learned)
        everyone.extend(learned)
        share = budget.share(sum(body.steps for body in everyone), time.monotonic() - began)
        used, last = share, share - used
    return everyone


def _born(alive: Sequence[Learned] | None, rng: np.random.Generator) -> Born:
    """A sampled body, or a mutant of the winner of a tournament."""
    while alive:
        chosen = rng.choice(len(alive), size=min(TOURNAMENT, len(alive)), replace=False)
        parent = max((alive[each] for each in chosen.tolist()), key=lambda body: body.score)
        try:
            return mutate(parent.graph, rng)[0], parent
        except OperatorError:  # (no valid child was found)
            continue
    return sample_body(rng), None


def train(born: Sequence[Born], seed: int, *, steps: int, workers: int) -> list[Learned]:
    """Let PPO train a network for each body from random weights, all side by side."""
    graphs = [graph for graph, _ in born]
    settings = FineTuneSettings(task=TASK, steps_per_body=steps, n_workers=workers, seed=seed)
    with tempfile.TemporaryDirectory() as folder, torch_threads(THREADS):
        networks = train_networks(graphs, settings, Path(folder), start=None, moments=[steps])
        [(_, policies)] = networks
    pairs = list(zip(graphs, policies, strict=True))
    scores = score_policies(
        pairs, task=TASK, episodes=EPISODES, seed=seed + 1, n_workers=workers
    ).tolist()
    return [
        Learned(graph, policy, score, steps, {})
        for (graph, policy), score in zip(pairs, scores, strict=True)
    ]


class Oscillators:
    """A policy of one sine for each motor.

    Args:
        parameters: (3 nu + 1,) amplitude, phase and offset of each motor, then the frequency;
            about 0, with a deviation of 1.
    """

    clock_harmonics = 1

    def __init__(self, parameters: NDArray[np.float64]) -> None:
        self._amplitude, self._phase, self._offset = parameters[:-1].reshape(-1, OF_MOTOR).T
        share = 1.0 / (1.0 + math.exp(-parameters[-1]))
        self._frequency = SLOWEST + (FASTEST - SLOWEST) * share

    def act(self, state: NDArray[np.float64], *, time: float | None = None) -> NDArray[np.float64]:
        """Controls (E, nu) at a time (s)."""
        controls = self.controls(np.array([time or 0.0]))
        return np.broadcast_to(controls, (len(state), controls.shape[1]))

    def controls(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Controls (T, nu) at some times (s)."""
        angle = 2.0 * math.pi * (self._frequency * times[:, None] + self._phase / 2.0)
        return np.clip(self._amplitude * np.sin(angle) + self._offset, -1.0, 1.0)


def tune(born: Sequence[Born], seed: int, *, steps: int, workers: int) -> list[Learned]:
    """Let CMA-ES tune the oscillators of each body."""
    setup = partial(_Tuner, steps=steps)
    jobs = [(graph, parent, seed + number) for number, (graph, parent) in enumerate(born)]
    return list(map_in_workers(setup, jobs, workers=workers))


class _Tuner:
    """What a worker does: it tunes one body after another."""

    def __init__(self, *, steps: int) -> None:
        self._steps, self._task = steps, get_task(TASK)

    def __call__(self, job: tuple[nx.DiGraph[str], Learned | None, int]) -> Learned:
        """Tune a body with at least as many control steps as are allowed."""
        graph, parent, seed = job
        model = self._task.model(graph)
        names = [model.actuator(motor).name for motor in range(model.nu)]
        first, spread = _first(names, parent, seed)
        search = CMA(mean=first, sigma=spread, population_size=POPSIZE, seed=seed)
        done, best, parameters, generation = 0, -math.inf, first, 0
        while done < self._steps:
            tried = np.stack([search.ask() for _ in range(POPSIZE)])
            returns, steps = self._run(graph, model, tried, seed=seed + generation)
            search.tell([(each, -float(own)) for each, own in zip(tried, returns, strict=True)])
            if returns.max() > best:
                best, parameters = float(returns.max()), tried[returns.argmax()]
            done, generation = done + steps, generation + 1
        score = partial(self._score, graph)
        parameters = max(parameters, search.mean, key=lambda each: score(each, seed + 1))
        of_motors = parameters[:-1].reshape(-1, OF_MOTOR).tolist()
        known = {name: tuple(own) for name, own in zip(names, of_motors, strict=True)}
        known[""] = (float(parameters[-1]),)
        return Learned(graph, Oscillators(parameters), score(parameters, seed + 1), done, known)

    def _run(
        self,
        graph: nx.DiGraph[str],
        model: mujoco.MjModel,
        tried: NDArray[np.float64],
        *,
        seed: int,
    ) -> tuple[NDArray[np.float64], int]:
        """Returns of one episode each, from the same start, and the control steps they took.

        Oscillators need no states, so MuJoCo runs many control steps in one call.
        """
        task, repeats = self._task, self._task.steps_of(model)
        qpos, qvel = task.initial_states(model, seed=seed, episodes=1)
        states = np.tile(np.concatenate([[0.0], qpos[0], qvel[0]]), (len(tried), 1))
        fall_height, data = task.fall_height(graph), mujoco.MjData(model)
        lengths, distance = np.zeros(len(tried), dtype=np.intp), np.zeros(len(tried))
        running = np.arange(len(tried))
        policies = [Oscillators(parameters) for parameters in tried]
        for start in range(0, task.max_steps, CHUNK):
            times = np.arange(start, start + CHUNK, dtype=np.float64) * task.control_dt
            controls = np.stack([policies[each].controls(times) for each in running])
            after, _ = open_loop.rollout(
                model, data, states[running], np.repeat(controls, repeats, axis=1)
            )
            after = after[:, repeats - 1 :: repeats]
            fell = task.fell(after[:, :, 1:4], fall_height=fall_height)
            last = np.where(fell.any(axis=1), fell.argmax(axis=1), CHUNK - 1)
            rows = np.arange(len(running))
            distance[running] = after[rows, last, 1] - qpos[0, 0]
            lengths[running] += last + 1
            states[running] = after[:, -1]
            running = running[~fell.any(axis=1)]
            if not len(running):
                break
        return distance / task.control_dt, int(lengths.sum())

    def _score(self, graph: nx.DiGraph[str], parameters: NDArray[np.float64], seed: int) -> float:
        policy = Oscillators(parameters)
        return rollout(graph, policy, task=self._task, episodes=EPISODES, seed=seed).score


def _first(
    names: Sequence[str], parent: Learned | None, seed: int
) -> tuple[NDArray[np.float64], float]:
    """Where the search begins: at the parent's oscillators, with half of the spread."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(scale=SPREAD, size=OF_MOTOR) for _ in names]
    frequency = 0.0
    if parent is not None:
        values = [
            np.array(parent.parameters.get(name, tuple(own)))
            for name, own in zip(names, values, strict=True)
        ]
        [frequency] = parent.parameters[""]
    first = np.concatenate([*values, [frequency]])
    return first, SPREAD if parent is None else SPREAD / 2
