"""Settings of the teacher's training; the defaults are what worked best so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PPOSettings:
    """Proximal policy optimisation (Schulman 2017) over many bodies at once.

    Attributes:
        task: name of the task.
        steps: control steps to train for, over all simulations.
        n_active: bodies in simulation at once.
        n_envs: simulations a body.
        horizon: control steps of each simulation between updates.
        rotate: active bodies exchanged for others of the pool at every update.
        robot_share: share of the pool's robots in the draw of bodies that come in.
        epochs: passes over a rollout.
        minibatch_steps: control steps of the fleet in a minibatch, every body in each.
        lr: learning rate at the start; it falls to a tenth along a cosine.
        warmup: share of ``steps`` over which the learning rate rises from zero.
        gamma: discount.
        lam: lambda of the advantage estimates. Over many bodies the gradient is mostly
            noise, and a shorter look ahead than the usual 0.95 makes it several times
            steadier (docs/controller.md).
        clip: of the probability ratio.
        value_coef: weight of the critic's loss.
        max_grad_norm: clip of the gradient's norm.
        max_kl: an update ends when the mean KL to the acting policy exceeds this.
        action_std: of the actions at the start.
        final_action_std: of the actions at the end, reached in a straight line of logs.
        noise_memory: correlation of a joint's action noise with that of the control step
            before (Korenkevych 2019). UNIMAL joints are sluggish: white noise at 50 Hz
            averages out before it moves a limb.
        alive_bonus: added to the reward of every control step that is not a fall, at the
            start of the training; falling forward pays at once and is a trap without it.
        alive_until: multiple of ``steps`` at which the fading bonus would reach zero.
        per_body_advantages: standardise advantages over each body, not over all.
        width: of the network.
        layers: of the network.
        n_workers: simulation processes.
        seed: root of all randomness.
    """

    task: str = "flat"
    steps: int = 12_000_000
    n_active: int = 128
    n_envs: int = 6
    horizon: int = 64
    rotate: int = 6
    robot_share: float = 0.5
    epochs: int = 3
    minibatch_steps: int = 4
    lr: float = 6e-4
    warmup: float = 0.01
    gamma: float = 0.99
    lam: float = 0.88
    clip: float = 0.2
    value_coef: float = 0.5
    max_grad_norm: float = 0.5
    max_kl: float = 0.1
    action_std: float = 0.9
    final_action_std: float = 0.35
    noise_memory: float = 0.7
    alive_bonus: float = 0.7
    alive_until: float = 2.0
    per_body_advantages: bool = True
    width: int = 64
    layers: int = 3
    n_workers: int = 2
    seed: int = 0
