"""Generalised advantage estimates (Schulman 2016) over a fleet's rollout."""

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
    """Advantages of T steps of any number of simulations.

    An episode that the time limit cut goes on in the mind of the critic: as its last state
    is gone, its value is taken to be that of the state before.

    Args:
        rewards: (T, ...) rewards, scaled as the values are.
        values: (T, ...) values of the states acted in.
        last_values: (...) values of the states after the last step.
        ended: (T, ...) bool, the episode ended with this step for any reason.
        truncated: (T, ...) bool, it ended by the time limit.
        gamma: discount.
        lam: lambda of the estimator.

    Returns:
        (T, ...) advantages.
    """
    advantages = torch.empty_like(rewards)
    running = torch.zeros_like(last_values)
    following = last_values
    for t in reversed(range(len(rewards))):
        going = ~ended[t]
        bootstrap = torch.where(going, following, values[t] * truncated[t])
        delta = rewards[t] + gamma * bootstrap - values[t]
        running = delta + gamma * lam * going * running
        advantages[t] = running
        following = values[t]
    return advantages
