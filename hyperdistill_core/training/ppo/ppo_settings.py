"""Settings of a teacher's training, and the presets among them."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from hyperdistill_core.features import ContextKind
from hyperdistill_core.settings import FrozenSettings, SettingsError, Unit
from hyperdistill_core.tasks.sight import TARGETS, Target
from hyperdistill_core.tasks.terrain import HEIGHT_SAMPLES
from hyperdistill_core.training.precision import Precision
from morph_ops._registry import Registry

#: What a teacher observes of a node: the privileged observation, or the state alone.
ObservationKind: TypeAlias = Literal["privileged", "state"]
#: Kinds of teachers that can take a clock phase as input.
CLOCKED_TEACHERS = ("generalist", "specialists")
#: Kinds of teachers that can take height samples.
SEEING_TEACHERS = CLOCKED_TEACHERS


class PPOSettings(FrozenSettings):
    """Settings of proximal policy optimization (Schulman 2017) over many bodies at once.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.
        SettingsError: ``per_body_advantages`` has a single control step of a body to normalize
            over.
        SettingsError: ``clock_harmonics`` is set for a kind of teacher that takes no clock phase.
        SettingsError: ``height_samples`` is no number of samples of a pattern, or is set for a kind
            of teacher that takes none.
        SettingsError: ``minibatches`` is above ``horizon``.

    Examples:
        >>> PPOSettings(steps=1000).n_envs
        8
        >>> PPOSettings(gamma=2.0)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: gamma: expected 0 .. 1, got 2.0
    """

    teacher: str = Field(
        default="gnn",
        description='Kind of network: "gnn", "transformer", "modumorph", "generalist", or '
        '"specialists": one network for each body, with all bodies active all the time.',
    )
    observation: ObservationKind = Field(
        default="privileged",
        description='What the teacher observes of a node: "state" is the state alone, and '
        '"privileged" adds the positions of tips and the directions of axes in world coordinates.',
    )
    context: ContextKind = Field(
        default="extended",
        description='Layout of the contexts: "extended", or "continuous" and "reference", which '
        "cannot tell bodies with other friction, damping, armature or stiffness apart.",
    )
    task: str = Field(default="flat", description="Name of the task.")
    steps: int = Field(
        default=12_000_000, ge=1, description="Control steps of the training, in all simulations."
    )
    minutes: Annotated[float, Unit("min")] = Field(
        default=0.0,
        ge=0.0,
        description="Duration of the training, in place of `steps`; 0 for none. It counts rollouts "
        "and updates alone: starting and writing checkpoints come on top. The result depends on "
        "the speed of the machine.",
    )
    n_active: int = Field(
        default=128, ge=1, description="Number of bodies that are simulated at the same time."
    )
    n_envs: int = Field(default=8, ge=1, description="Number of simulations of each body.")
    horizon: int = Field(
        default=64, ge=1, description="Control steps of each simulation between two updates."
    )
    replaced_per_update: int = Field(
        default=12,
        ge=0,
        description="Number of active bodies that other bodies of the training set replace before "
        "every update.",
    )
    robot_share: float = Field(
        default=0.15,
        ge=0.0,
        le=1.0,
        description="Share of robots among the bodies that become active.",
    )
    favor_short: float = Field(
        default=0.0,
        ge=0.0,
        description="How strongly the draw of bodies favors short episodes: the weight of a body "
        "is divided by its mean episode length to this power (1 in Xiong 2024).",
    )
    epochs: int = Field(default=3, ge=1, description="Passes over the data of an update.")
    minibatches: int = Field(
        default=2,
        ge=1,
        description="Number of minibatches of a pass. Each has some control steps of all "
        "simulations; the rest of a horizon that fills no minibatch is left out, a different rest "
        "in every pass. The hypernetwork generates all weights anew for each minibatch.",
    )
    max_lr: float = Field(
        default=3e-4,
        gt=0.0,
        description="Largest learning rate. The upper bound of the rate falls to a tenth of it "
        "along a cosine.",
    )
    desired_kl: float = Field(
        default=0.02,
        ge=0.0,
        description="Mean KL divergence from the acting policy that the learning rate is steered "
        "to, below its upper bound; 0 uses the upper bound itself. Every specialist has a "
        "learning rate of its own.",
    )
    warmup: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Share of the training over which the upper bound of the learning rate rises "
        "from zero.",
    )
    gamma: float = Field(default=0.99, ge=0.0, le=1.0, description="Discount factor of rewards.")
    lam: float = Field(
        default=0.93,
        ge=0.0,
        le=1.0,
        description="Lambda of the advantage estimates. The gradient over many bodies is mostly "
        "noise; a smaller lambda makes it steadier and more biased.",
    )
    clip: float = Field(
        default=0.2,
        gt=0.0,
        description="Clipping range of the probability ratio and of the change of values.",
    )
    critic_lr: float = Field(
        default=0.0,
        ge=0.0,
        description='Learning rate of the critic of a "generalist", which has weights of its own; '
        "0 for that of the policy, with which a random critic takes millions of control steps.",
    )
    critic_steps: int = Field(
        default=0,
        ge=0,
        description="Control steps at the beginning in which the critic learns alone. The "
        "advantages of a random critic are noise, which takes skill from a policy that has some: "
        "use it where a training is initialized from a controller.",
    )
    value_coef: float = Field(default=0.5, ge=0.0, description="Weight of the critic's loss.")
    max_grad_norm: float = Field(
        default=0.5, gt=0.0, description="Largest norm of a gradient; longer ones are scaled down."
    )
    max_kl: float = Field(
        default=0.15,
        gt=0.0,
        description="Mean KL divergence from the acting policy above which an update ends; each "
        "specialist has its own.",
    )
    action_std: float = Field(
        default=0.9, gt=0.0, description="Standard deviation of the actions at the beginning."
    )
    final_action_std: float = Field(
        default=0.9,
        gt=0.0,
        description="Standard deviation of the actions at the end; it changes exponentially "
        "in between.",
    )
    noise_correlation: float = Field(
        default=0.0,
        ge=0.0,
        le=0.999,
        description="Correlation of a joint's action noise with that of the control step before "
        "(Korenkevych 2019); 0 is white noise. Small correlated noise learns slowly.",
    )
    alive_bonus: float = Field(
        default=0.5,
        ge=0.0,
        description="Bonus at the beginning for every control step in which the body does not "
        "fall. Without it, bodies learn to fall forward, which pays at once.",
    )
    fall_cost: float = Field(
        default=0.0,
        ge=0.0,
        description="Cost of a fall in rewards; 50 is a meter. A fall ends the episode, but "
        "discounted returns hardly count what the rest of it would have brought.",
    )
    alive_until: float = Field(
        default=2.0,
        gt=0.0,
        description="Multiple of the training at which the falling alive bonus would reach zero.",
    )
    average_last: float = Field(
        default=0.33,
        ge=0.0,
        le=1.0,
        description="Share of the training, at its end, over which the weights are averaged. The "
        "mean is what the training results in; 0 results in the last weights.",
    )
    no_progress_steps: int = Field(
        default=100,
        ge=0,
        description="Number of control steps after which an episode ends, as with a fall, if the "
        "torso has moved forward by less than `no_progress_m`; 0 ends no episode. A body that "
        "stands still earns the alive bonus and learns nothing.",
    )
    no_progress_m: Annotated[float, Unit("m")] = Field(
        default=0.2, gt=0.0, description="Least distance within `no_progress_steps`."
    )
    per_body_advantages: bool = Field(
        default=True,
        description="Normalize advantages over each body instead of over all bodies, so that "
        "fast bodies do not dominate.",
    )
    width: int = Field(default=64, ge=1, description="Width of the network.")
    layers: int = Field(default=3, ge=1, description="Number of layers of the network.")
    clock_harmonics: int = Field(
        default=0,
        ge=0,
        description='Harmonics of the clock phase input of a "generalist" or "specialists"; 0 for '
        "no such input. A generalist that is initialized from one without this input gains it; "
        "specialists keep the input of their controller.",
    )
    height_samples: int = Field(
        default=0,
        ge=0,
        description='Height samples around the torso that a "generalist" or "specialists" take: '
        "195, or 1410 as published; 0 for none. A generalist that is initialized from one without "
        "them gains them; specialists keep those of their controller.",
    )
    target: Target = Field(
        default="",
        description='What they see beside: "goal" is the direction and the nearness of the goal, '
        '"object" an object to push and its goal; "" for neither. They gain it as the samples.',
    )
    heads: int = Field(
        default=2, ge=1, description="Number of attention heads of networks with attention."
    )
    feedforward: int = Field(
        default=128, ge=1, description="Width of the feed-forward layers of networks that have any."
    )
    shared_trunk: bool = Field(
        default=True, description="Whether the actor and the critic share their trunk."
    )
    precision: Precision = Field(
        default="auto",
        description='Precision of matrix products: "float32", "bfloat16", or "auto" for bfloat16 '
        "on GPUs and processors that multiply it in hardware (Ampere and later; AMX). Weights "
        "and losses are float32 in any case.",
    )
    n_workers: int = Field(default=2, ge=1, description="Number of simulation processes.")
    seed: int = Field(default=0, ge=0, description="Seed of all random draws.")

    @property
    def sight(self) -> int:
        """Number of numbers that a network sees, see :mod:`hyperdistill_core.tasks.sight`."""
        return self.height_samples + TARGETS[self.target]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.per_body_advantages and self.horizon * self.n_envs < 2:
            raise SettingsError.of(
                "per_body_advantages",
                "expected at least 2 control steps of a body in an update (horizon x n_envs), "
                "got 1; raise horizon or set per_body_advantages=false",
            )
        if self.clock_harmonics and self.teacher not in CLOCKED_TEACHERS:
            raise SettingsError.of(
                "clock_harmonics",
                f"expected 0, as a {self.teacher!r} takes no clock phase, got "
                f"{self.clock_harmonics}; set teacher to {' or '.join(CLOCKED_TEACHERS)}",
            )
        if self.height_samples not in (0, *HEIGHT_SAMPLES):
            raise SettingsError.of(
                "height_samples",
                f"expected 0, {' or '.join(map(str, HEIGHT_SAMPLES))}, got {self.height_samples}",
            )
        if self.sight and self.teacher not in SEEING_TEACHERS:
            name, none = ("height_samples", 0) if self.height_samples else ("target", "''")
            raise SettingsError.of(
                name,
                f"expected {none}, as a {self.teacher!r} sees nothing, got "
                f"{getattr(self, name)}; set teacher to {' or '.join(SEEING_TEACHERS)}",
            )
        if self.minibatches > self.horizon:
            raise SettingsError.of(
                "minibatches",
                f"expected at most the horizon of {self.horizon} control steps, got "
                f"{self.minibatches}; lower minibatches or raise horizon",
            )
        return self


#: "cpu" learns best in a given time on two cores; "continue" is how `flat-v3` learned from a
#: controller that walked; "paper" has the public settings of Xiong 2024 for flat terrain, whose 1e8
#: steps take days without an accelerator.
PRESETS = Registry(
    "preset",
    {
        "cpu": PPOSettings(),
        "continue": PPOSettings(
            teacher="generalist",
            observation="state",
            n_active=256,
            replaced_per_update=24,
            robot_share=0.15,
            action_std=0.75,
            final_action_std=0.3,
            fall_cost=600.0,
        ),
        "paper": PPOSettings(
            teacher="transformer",
            observation="state",
            context="reference",
            steps=100_000_000,
            n_active=32,
            n_envs=1,
            horizon=2560,
            replaced_per_update=32,
            robot_share=1.0,
            favor_short=1.0,
            epochs=8,
            minibatches=16,
            max_lr=3e-4,
            desired_kl=0.0,
            warmup=0.01,
            lam=0.95,
            max_kl=0.05,
            alive_bonus=0.0,
            average_last=0.0,
            no_progress_steps=0,
            per_body_advantages=False,
            width=128,
            layers=5,
            feedforward=1024,
            shared_trunk=False,
        ),
    },
)
