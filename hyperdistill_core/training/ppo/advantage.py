"""Generalized advantage estimation (Schulman 2016)."""

from __future__ import annotations

import torch


def generalized_advantages(
    rewards: torch.Tensor,
    values: torch.Tensor,
    last_values: torch.Tensor,
    ended: torch.Tensor,
    truncated: torch.Tensor,
    *,
    gamma: float,
    lam: float,
) -> torch.Tensor:
    """Advantages of T control steps of any number of simulations.

    The value of a truncated episode's last state is not available, because the simulation is
    reset in the same step. The value of the state before is used instead.

    Args:
        rewards: (T, ...) rewards, on the scale of the values.
        values: (T, ...) values of the states before each step.
        last_values: (...) values of the states after the last step.
        ended: (T, ...) bool, True where an episode ended with this step for any reason.
        truncated: (T, ...) bool, True where it ended by the time limit.
        gamma: Discount factor.
        lam: Lambda of the estimator.

    Returns:
        (T, ...) advantages.

    Examples:
        >>> no = torch.zeros(1, 1, dtype=torch.bool)
        >>> rewards, values = torch.ones(1, 1), torch.zeros(1, 1)
        >>> generalized_advantages(rewards, values, values[0], no, no, gamma=0.9, lam=0.9)
        tensor([[1.]])
    """
    advantages = torch.empty_like(rewards)
    running = torch.zeros_like(last_values)
    following = last_values
    for t in reversed(range(len(rewards))):
        continues = ~ended[t]
        bootstrap = torch.where(continues, following, values[t] * truncated[t])
        delta = rewards[t] + gamma * bootstrap - values[t]
        running = delta + gamma * lam * continues * running
        advantages[t] = running
        following = values[t]
    return advantages
