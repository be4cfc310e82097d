"""The tables of a campaign's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field, field_validator

from hyperdistill_core.settings import FrozenSettings, Unit
from morph_ops._messages import shown
from morph_ops.operators import OPERATORS

#: Largest weight of an operator: the sum of all must be finite.
_LARGEST_WEIGHT = 1e9
#: Bounds on the factors of sizes, torques and densities.
_LEAST_FACTOR, _LARGEST_FACTOR = 0.1, 10.0


class Rates(FrozenSettings):
    """How offspring are made.

    Examples:
        >>> Rates(operators={"gear": 0.0}).operators["gear"]
        0.0
    """

    crossover: float = Field(
        default=0.25, ge=0.0, le=1.0, description="Probability that a child has two parents."
    )
    mutation: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="Probability that a child of two parents is also mutated. "
        "A child of one parent is always mutated.",
    )
    operators: dict[str, float] = Field(
        default_factory=dict,
        validate_default=True,
        description="Weight of each mutation operator, relative to the others; a missing one is "
        '1. A name such as "package.module:name" adds a custom operator.',
    )
    adaptive: bool = Field(
        default=False,
        description="Whether the weights adapt to each operator's success: how often its "
        "children score higher than their parents. The given weights are the initial ones.",
    )
    variant: float = Field(
        default=0.1,
        ge=0.0,
        le=1.0,
        description="Probability that a child is its parent's unchanged body under another "
        "controller variant. It has no effect unless `variants` is above 1.",
    )

    @field_validator("operators", mode="before")
    @classmethod
    def _complete(cls, weights: object) -> object:
        if not isinstance(weights, Mapping):
            raise ValueError("expected a table of weights, such as grow_limb = 2.0")
        given = cast("Mapping[str, Any]", weights)
        for name, weight in given.items():
            OPERATORS.require(name)
            number = not isinstance(weight, bool) and isinstance(weight, int | float)
            if not number or not weight >= 0:
                raise ValueError(f"{name}: expected a weight of at least 0, got {shown(weight)}")
            if weight > _LARGEST_WEIGHT:
                raise ValueError(
                    f"{name}: expected a weight of at most {_LARGEST_WEIGHT:g}, got {shown(weight)}"
                )
        complete = {name: float(given.get(name, 1.0)) for name in {**OPERATORS, **given}}
        if not any(complete.values()):
            raise ValueError("expected a weight above 0 for at least one operator")
        return complete


class Limits(FrozenSettings):
    """Upper limits of a body; a limit that is not given does not apply.

    Examples:
        >>> Limits(mass=20.0).limbs is None
        True
    """

    mass: Annotated[float | None, Unit("kg")] = Field(
        default=None, gt=0.0, description="Mass of the whole body."
    )
    limbs: int | None = Field(default=None, ge=1, description="Number of limbs, without the torso.")
    actuators: int | None = Field(default=None, ge=1, description="Number of motors.")
    size: Annotated[float | None, Unit("m")] = Field(
        default=None, gt=0.0, description="Longest side of the bounding box at rest."
    )


class Scales(FrozenSettings):
    """How the search may scale the own nodes of robots from elsewhere: factors against their files.

    Examples:
        >>> Scales(sizes=[1.25, 0.8]).sizes
        [0.8, 1.0, 1.25]
    """

    sizes: list[float] = Field(
        default=[1.0],
        max_length=64,
        description="Factors of the size of a node, with its mirror image. A robot with spatial "
        "tendons or closed chains keeps its sizes.",
    )
    gears: list[float] = Field(
        default=[1.0], max_length=64, description="Factors of the torques of a node's motors."
    )
    densities: list[float] = Field(
        default=[1.0], max_length=64, description="Factors of the density of a node."
    )

    @field_validator("sizes", "gears", "densities")
    @classmethod
    def _factors(cls, factors: list[float]) -> list[float]:
        for factor in factors:
            if not _LEAST_FACTOR <= factor <= _LARGEST_FACTOR:
                raise ValueError(
                    f"expected factors of {_LEAST_FACTOR:g} .. {_LARGEST_FACTOR:g}, got {factor:g}"
                )
        return sorted({1.0, *factors})


class Stop(FrozenSettings):
    """Conditions that end a run before its last candidate; one that is not given does not apply.

    Candidates that could have been created by then are still scored, so that the end does not
    depend on the number of workers.

    Examples:
        >>> Stop(score=300.0).stagnation is None
        True
    """

    score: float | None = Field(
        default=None, description="Stop when a candidate reaches this score."
    )
    stagnation: int | None = Field(
        default=None,
        ge=1,
        le=100_000_000,
        description="Stop after this number of candidates in a row without a new best score.",
    )
    control_steps: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000_000,
        description="Stop when the search has simulated this number of control steps: all that "
        "score candidates and kept bodies, all of adaptations, and the most that the screening "
        "may take. Re-evaluation and fine-tuning of finalists come after the search and do not "
        "count. What has begun goes on to its end.",
    )
    minutes: Annotated[float | None, Unit("min")] = Field(
        default=None,
        gt=0.0,
        le=1e7,
        description="Stop after this time since the run was started or resumed. The result "
        "depends on the machine; a resumed run continues for as long again.",
    )


class Racing(FrozenSettings):
    """Racing: bodies that cannot reach a threshold are pruned early.

    The algorithm sets a threshold when it creates a candidate: the score that the candidate needs
    to matter (docs/guides/algorithms.md). The candidate first runs one short episode, then some
    whole ones, and the remaining ones only if it can still reach the threshold. The first
    ``population`` candidates are never pruned.

    Examples:
        >>> Racing(steps=50).episodes
        2
    """

    steps: int = Field(
        default=100,
        ge=2,
        le=100_000,
        description="Control steps of the short episode. A body that does not fall is "
        "extrapolated to a whole episode at the speed of its best half of these steps.",
    )
    episodes: int = Field(
        default=2,
        ge=0,
        le=100_000,
        description="Whole episodes of the second stage; 0 skips the stage.",
    )
    margin: float = Field(
        default=0.5,
        ge=0.0,
        description="Confidence margin of one ended episode, as a share of the threshold; for "
        "the mean of n episodes it is divided by the square root of n. Returns of good bodies "
        "vary by 0.4 of their mean from one episode to the next.",
    )


class Adaptation(FrozenSettings):
    """Adaptation: the controller learns on while a search runs, on the bodies that it finds.

    At the end of every ``every`` generations the hypernetwork learns by PPO on the bodies that the
    algorithm keeps and on the latest candidates. The kept bodies and the best ones are then scored
    anew, so that all scores that compete are of one controller. Where their mean score falls, the
    search goes on with the controller that it had (docs/guides/algorithms.md).

    Examples:
        >>> Adaptation(every=2).steps
        600000
    """

    every: int = Field(
        default=4, ge=1, le=1_000_000, description="Generations between two adaptations."
    )
    steps: int = Field(
        default=600_000,
        ge=1,
        le=10_000_000_000,
        description="Control steps of an adaptation, in all simulations. The first, "
        "and one after a controller that was not kept, has four more, in which its critic learns.",
    )
    bodies: int = Field(
        default=96,
        ge=1,
        le=100_000,
        description="Most bodies that learn: kept ones first, then the latest candidates. As many "
        "are scored under both controllers, to tell which one is better.",
    )
    simulations: int = Field(
        default=4, ge=2, le=4_096, description="Simulations of each body at the same time."
    )
    action_std: float = Field(
        default=0.9, gt=0.0, description="Standard deviation of the actions while it learns."
    )
    max_lr: float = Field(default=3e-4, gt=0.0, description="Largest learning rate.")
    desired_kl: float = Field(
        default=0.03,
        ge=0.0,
        description="Mean KL divergence of an update that the learning rate is steered to, below "
        "`max_lr`.",
    )
    fall_cost: float = Field(
        default=100.0, ge=0.0, description="Cost of a fall in rewards; 50 is a meter."
    )
    threads: int = Field(
        default=2,
        ge=1,
        le=1_024,
        description="PyTorch threads. Their number changes the last digits of what is learned, so "
        "it is part of the result, whatever the machine has.",
    )


class Alarms(FrozenSettings):
    """When a run reports that something looks wrong, at the end of a generation.

    Examples:
        >>> Alarms(diversity=0.0).lineage
        0.9
    """

    diversity: float = Field(
        default=0.15,
        ge=0.0,
        le=1.0,
        description="Mean distance between the kept bodies below which they are nearly the "
        "same; 0 disables the alarm. Random bodies are 0.6 apart, and two mutants of one body 0.3.",
    )
    lineage: float = Field(
        default=0.9,
        ge=0.0,
        le=1.0,
        description="Share of the kept bodies above which too many descend from one starting "
        "body by first parents; 1 disables the alarm.",
    )
    stagnation: int = Field(
        default=5,
        ge=1,
        description="Generations without a better body that are too many if the kept bodies are "
        "alike.",
    )
    stagnation_diversity: float = Field(
        default=0.3,
        ge=0.0,
        le=1.0,
        description="Mean distance between the kept bodies below which they are alike; 0 "
        "disables the stagnation alarm.",
    )
    speed: Annotated[float, Unit("m/s")] = Field(
        default=5.0, gt=0.0, description="Speed of a body above which it is implausible."
    )
    height: Annotated[float, Unit("m")] = Field(
        default=2.0, gt=0.0, description="Mean height of the torso above which it is implausible."
    )
    contact: float = Field(
        default=0.2,
        ge=0.0,
        le=1.0,
        description="Share of time with any node on the ground below which a body flies; 0 "
        "disables the alarm.",
    )
    cost_of_transport: float = Field(
        default=0.02,
        ge=0.0,
        description="Work per weight and distance (the metric `raw_cost_of_transport`) below which "
        "the energy is implausible; 0 disables the alarm.",
    )
    shaking: float = Field(
        default=30.0,
        gt=0.0,
        description="Work per weight and distance (the metric `raw_cost_of_transport`) above which "
        "a moving body shakes rather than walks.",
    )
    ood: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="Share of a generation's bodies above which too many are out of "
        "distribution for the controller; 1 disables the alarm.",
    )
