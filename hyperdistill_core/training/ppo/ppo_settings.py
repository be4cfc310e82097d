"""Settings of a teacher's training, and the presets among them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hyperdistill_core.errors import TrainingError


def require_least(settings: object, least: int, *names: str) -> None:
    """Refuse settings that are below a bound.

    Raises:
        TrainingError: one of ``names`` is below ``least``.
    """
    for name in names:
        if getattr(settings, name) < least:
            raise TrainingError(f"{name}: expected at least {least}, got {getattr(settings, name)}")


def require_within(settings: object, least: float, most: float, *names: str) -> None:
    """Refuse settings that are outside of two bounds, or not finite.

    Raises:
        TrainingError: one of ``names`` is not within ``least .. most``.
    """
    for name in names:
        value = getattr(settings, name)
        if not least <= value <= most or math.isinf(value):
            raise TrainingError(f"{name}: expected {least:g} .. {most:g}, got {value}")


def require_positive(settings: object, *names: str) -> None:
    """Refuse settings that are not finite and above zero.

    Raises:
        TrainingError: one of ``names`` is not.
    """
    for name in names:
        if not 0.0 < (value := getattr(settings, name)) < math.inf:
            raise TrainingError(f"{name}: expected a number above 0, got {value}")


def require_clock(wanted: int, heard: int) -> None:
    """Refuse a clock that is not the one that a network hears already.

    Args:
        wanted: harmonics that settings name; 0 takes what there is.
        heard: harmonics that the network hears.

    Raises:
        TrainingError: they are not the same.
    """
    if wanted not in (0, heard):
        raise TrainingError(
            f"clock: expected {heard}, as what it begins with hears {heard} harmonics, got {wanted}"
        )


@dataclass(frozen=True, kw_only=True)
class PPOSettings:
    """Proximal policy optimisation (Schulman 2017) over many bodies at once.

    Attributes:
        teacher: kind of network: "gnn", "transformer", "modumorph", "generalist",
            or "specialists": a network for each body, all bodies active, nothing rotating.
        observation: what it sees of a limb: "privileged" is the state with tips and axes in world
            coordinates, "state" the state alone.
        task: name of the task.
        steps: control steps to train for, over all simulations.
        n_active: bodies in simulation at once.
        n_envs: simulations a body.
        horizon: control steps of each simulation between updates.
        replaced_per_update: active bodies exchanged for others of the pool at every update.
        robot_share: share of the pool's robots in the draw of bodies that come in.
        favor_short: how much the draw favours bodies whose episodes were short: a body's
            weight is divided by its mean length to this power (Xiong 2024 has 1).
        epochs: passes over a rollout.
        minibatch_steps: control steps of the fleet in a minibatch, every body in each; what is
            left over of a horizon is left out, other steps in every pass.
        max_lr: largest learning rate; the bound falls to a tenth along a cosine.
        desired_kl: mean KL to the acting policy that the learning rate is steered to within
            its bound: a rate too high for it lets the returns stand still. 0 takes the
            bound itself. Every specialist has a rate of its own.
        warmup: share of ``steps`` over which the bound rises from zero.
        gamma: discount.
        lam: lambda of the advantage estimates. Over many bodies the gradient is mostly
            noise, and a shorter look ahead than the usual 0.95 makes it several times
            steadier (docs/controller.md).
        clip: of the probability ratio.
        value_coef: weight of the critic's loss.
        max_grad_norm: clip of the gradient's norm.
        max_kl: an update ends when the mean KL to the acting policy exceeds this; for each
            specialist by itself.
        action_std: of the actions at the start.
        final_action_std: of the actions at the end, reached in a straight line of logs.
        noise_correlation: correlation of a joint's action noise with that of the control step
            before (Korenkevych 2019). UNIMAL joints are sluggish: white noise at 50 Hz
            averages out before it moves a limb.
        alive_bonus: added to the reward of every control step that is not a fall, at the
            start of the training; falling forward pays at once and is a trap without it.
        no_progress_steps: an episode ends like one by a fall where the torso does not come forward by
            ``no_progress_m`` in so many control steps, looked at as often; 0 lets bodies stand. A
            body that stands has nothing to tell, and with the bonus it is content to.
        no_progress_m: see ``no_progress_steps`` (m).
        alive_until: multiple of ``steps`` at which the fading bonus would reach zero.
        per_body_advantages: standardise advantages over each body, not over all.
        width: of the network.
        layers: of the network.
        clock: harmonics of a clock that it hears, of the kinds "generalist" and "specialists"; 0
            for none. A generalist that begins with another one hears it from now on; specialists
            that do hear what the controller hears.
        heads: attention heads, where the network has any.
        feedforward: width of feed-forward parts, where the network has any.
        shared_trunk: one trunk for actor and critic.
        n_workers: simulation processes.
        seed: root of all randomness.

    Raises:
        TrainingError: a number is out of its range.
    """

    teacher: str = "gnn"
    observation: str = "privileged"
    task: str = "flat"
    steps: int = 12_000_000
    n_active: int = 128
    n_envs: int = 6
    horizon: int = 64
    replaced_per_update: int = 6
    robot_share: float = 0.1
    favor_short: float = 0.0
    epochs: int = 3
    minibatch_steps: int = 4
    max_lr: float = 1e-3
    desired_kl: float = 0.02
    warmup: float = 0.0
    gamma: float = 0.99
    lam: float = 0.88
    clip: float = 0.2
    value_coef: float = 0.5
    max_grad_norm: float = 0.5
    max_kl: float = 0.1
    action_std: float = 0.9
    final_action_std: float = 0.35
    noise_correlation: float = 0.7
    alive_bonus: float = 0.7
    alive_until: float = 2.0
    no_progress_steps: int = 0
    no_progress_m: float = 0.2
    per_body_advantages: bool = True
    width: int = 64
    layers: int = 3
    clock: int = 0
    heads: int = 2
    feedforward: int = 128
    shared_trunk: bool = True
    n_workers: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require_least(self, 1, "steps", "n_active", "n_envs", "horizon", "epochs")
        require_least(self, 1, "minibatch_steps", "n_workers")
        require_least(self, 0, "replaced_per_update", "no_progress_steps", "clock", "seed")
        require_least(self, 1, "width", "layers", "heads", "feedforward")
        require_positive(self, "action_std", "final_action_std", "alive_until", "no_progress_m")
        require_positive(self, "max_lr", "clip", "max_grad_norm", "max_kl")
        require_within(self, 0.0, 1.0, "gamma", "lam", "robot_share", "warmup")
        require_within(self, 0.0, 0.999, "noise_correlation")
        require_within(self, 0.0, math.inf, "desired_kl", "value_coef", "alive_bonus")
        require_within(self, 0.0, math.inf, "favor_short")
        if self.per_body_advantages and self.horizon * self.n_envs < 2:
            raise TrainingError(
                "per_body_advantages: expected at least 2 control steps of a body in an update "
                "(horizon x n_envs) to standardise, got 1"
            )
        if self.clock and self.teacher not in ("generalist", "specialists"):
            raise TrainingError(
                f"clock: expected a generalist or specialists to hear it, got {self.teacher!r}"
            )
        if self.minibatch_steps > self.horizon:
            raise TrainingError(
                f"minibatch_steps: expected the horizon of {self.horizon} control steps at most, "
                f"got {self.minibatch_steps}"
            )


#: "cpu" is what worked best on two cores; "paper" is the public setting of Xiong 2024 for
#: flat terrain, whose 1e8 steps take days without an accelerator.
PRESETS = {
    "cpu": PPOSettings(),
    "paper": PPOSettings(
        teacher="transformer",
        observation="state",
        steps=100_000_000,
        n_active=32,
        n_envs=1,
        horizon=2560,
        replaced_per_update=32,
        robot_share=1.0,
        favor_short=1.0,
        epochs=8,
        minibatch_steps=160,
        max_lr=3e-4,
        desired_kl=0.0,
        warmup=0.01,
        lam=0.95,
        max_kl=0.05,
        final_action_std=0.9,
        noise_correlation=0.0,
        alive_bonus=0.0,
        per_body_advantages=False,
        width=128,
        layers=5,
        feedforward=1024,
        shared_trunk=False,
    ),
}
