"""One run of a vector env: a policy acts, and another one labels the states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BatchPolicy
from hyperdistill_core.training.distillation.collect_settings import CollectSettings


@dataclass(frozen=True)
class PolicyRun:
    """Stored states of a run over A bodies in E simulations each, with labels.

    Attributes:
        states: (k, A, E, n_max, 17) states of the k control steps that are stored.
        elapsed: (k, A, E) control steps since the beginning of their episodes.
        means: (k, A, E, n_max, 2) action means of the labels.
        rewards: (A,) mean over simulations of the sum of rewards until the first termination. A
            teacher whose body falls forward over and over must not win.

    Examples:
        >>> run = PolicyRun(
        ...     states=np.zeros((4, 2, 3, 12, 17), np.float32),
        ...     elapsed=np.zeros((4, 2, 3), np.int64),
        ...     means=np.zeros((4, 2, 3, 12, 2), np.float32),
        ...     rewards=np.zeros(2),
        ... )
        >>> [array.shape for array in run.of_body(slot=1, n=9)]
        [(12, 9, 17), (12,), (12, 9, 2)]
    """

    states: NDArray[np.float32]
    elapsed: NDArray[np.int64]
    means: NDArray[np.float32]
    rewards: NDArray[np.float64]

    def of_body(
        self, slot: int, n: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        """States (k * E, n, 17), control steps (k * E,) and labels (k * E, n, 2) of a body.

        Args:
            slot: Slot of the body.
            n: Number of its nodes.
        """
        return (
            self.states[:, slot, :, :n].reshape(-1, n, self.states.shape[-1]),
            self.elapsed[:, slot].reshape(-1),
            self.means[:, slot, :, :n].reshape(-1, n, self.means.shape[-1]),
        )


class ChosenPolicies:
    """Several policies as one: each body has the policy that was chosen for it.

    Args:
        policies: Policies of all bodies.
        chosen: (A,) number of each body's policy.
    """

    def __init__(self, policies: Sequence[BatchPolicy], chosen: NDArray[np.integer]) -> None:
        self._policies, self._chosen = policies, chosen

    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :meth:`~hyperdistill_core.training.body_batch.BatchPolicy.means`."""
        means = self._policies[0].means(states, time)
        for number, policy in enumerate(self._policies[1:], start=1):
            bodies = self._chosen == number
            if bodies.any():
                means[bodies] = policy.means(states, time)[bodies]
        return means


def run_policies(
    env: VectorEnv,
    labels: BatchPolicy,
    actor: BatchPolicy,
    settings: CollectSettings,
    rng: np.random.Generator,
) -> PolicyRun:
    """Act for a horizon.

    Args:
        env: Vector env with the bodies.
        labels: Policy whose action means are stored.
        actor: Policy that acts; it may be the same object as ``labels``.
        settings: Settings of the collection.
        rng: Generator of the action noise.
    """
    states: list[NDArray[np.float32]] = []
    times: list[NDArray[np.int64]] = []
    means: list[NDArray[np.float32]] = []
    control_dt = get_task(settings.task).control_dt
    shape = (env.shape.n_active, settings.n_envs)
    # The first episodes begin at random steps; their counts begin with 0 here.
    elapsed = np.zeros(shape, dtype=np.int64)
    rewards = np.zeros(shape)
    upright = np.ones(shape, dtype=bool)
    for step in range(settings.horizon):
        state = env.state.copy()
        time = elapsed * control_dt
        action = actor.means(state, time)
        if step % settings.every == 0:
            states.append(state)
            times.append(elapsed.copy())
            means.append(action if actor is labels else labels.means(state, time))
        noise = settings.action_std * rng.standard_normal(action.shape)
        result = env.step(action + noise.astype(np.float32))
        rewards += result.rewards * upright
        upright &= ~result.terminated
        elapsed = np.where(result.done, 0, elapsed + 1)
    return PolicyRun(np.stack(states), np.stack(times), np.stack(means), rewards.mean(axis=1))
