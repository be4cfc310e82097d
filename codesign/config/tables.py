"""The tables of a campaign's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from morph_ops._registry import is_plugin, lookup, split_plugin
from morph_ops.operators import OPERATORS


class Frozen(BaseModel):
    """Settings that nothing changes, and nothing unknown is among."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Rates(Frozen):
    """How a child is made.

    Attributes:
        crossover: probability that a child has two parents.
        mutation: probability that a child of two parents is mutated as well; a child of
            one parent always is.
        operators: weight of each mutation, relative to the others; those not named are 1. A
            name such as "package.module:name" adds an operator of the user's own.
        adaptive: whether the weights follow each mutation's record: how often its children
            beat their parents. Those given are where they begin.
        variant: where bodies carry a variant (``variants``), probability that a child is its
            parent's body, unchanged, under another one.
    """

    crossover: float = Field(default=0.25, ge=0.0, le=1.0)
    mutation: float = Field(default=0.5, ge=0.0, le=1.0)
    operators: dict[str, float] = Field(default_factory=dict, validate_default=True)
    adaptive: bool = False
    variant: float = Field(default=0.1, ge=0.0, le=1.0)

    @field_validator("operators", mode="before")
    @classmethod
    def _complete(cls, weights: object) -> object:
        if not isinstance(weights, Mapping):
            raise ValueError("expected a table of weights, such as grow_limb = 2.0")
        for name, weight in weights.items():
            known_or_own(OPERATORS, name, what="operator")
            if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
                raise ValueError(f"{name}: expected a weight of at least 0, got {weight!r}")
        complete = {name: float(weights.get(name, 1.0)) for name in (OPERATORS | dict(weights))}
        if not any(complete.values()):
            raise ValueError("expected a weight above 0 for at least one operator")
        return complete


class Limits(Frozen):
    """What a body may be at most; a limit that is not given is none.

    Attributes:
        mass: of the whole body (kg).
        limbs: the torso not included.
        actuators: motors.
        size: longest side at rest (m).
    """

    mass: float | None = Field(default=None, gt=0.0)
    limbs: int | None = Field(default=None, ge=1)
    actuators: int | None = Field(default=None, ge=1)
    size: float | None = Field(default=None, gt=0.0)


class Stop(Frozen):
    """What ends a run before all its candidates are scored; what is not given does not.

    Candidates that could have been bred by then are scored still, so that the end does not
    depend on the number of workers.

    Attributes:
        score: a candidate scores so much.
        stagnation: so many candidates in a row bring no new best.
        minutes: so much time has passed since the run was started or gone on with. This
            one depends on the machine; ``--resume`` goes on for as long again.
    """

    score: float | None = None
    stagnation: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0.0)


class Racing(Frozen):
    """How little it takes to stop a body that cannot come up to the others.

    The algorithm sets the bar when it breeds a candidate: a score that it must reach to matter
    (docs/algorithms.md). First one short episode is run, then some whole ones, and whoever may
    still reach the bar runs the rest of them. The first ``population`` candidates are never
    stopped.

    Attributes:
        steps: control steps of the short episode. A body that stays up is taken to go on for
            the whole episode at the speed of its best half of these steps.
        episodes: whole episodes after it; 0 leaves them out.
        margin: doubt about an episode that has ended, as a share of the bar; about the mean of
            n, it is divided by the root of n. Good bodies' returns spread by 0.4 of their mean
            from one episode to the next.
    """

    steps: int = Field(default=100, ge=2)
    episodes: int = Field(default=2, ge=0)
    margin: float = Field(default=0.5, ge=0.0)


class Alarms(Frozen):
    """When the search is to say that something looks wrong, at the end of a generation.

    Where a value says how to switch an alarm off, nothing can then be beyond it.

    Attributes:
        diversity: mean distance between the bodies kept, 0 to 1, below which they are nearly
            the same; 0 switches it off. Bodies drawn at random are 0.6 apart, those that two
            mutations made of one body 0.3.
        lineage: share of the bodies kept, above which one starting body is the ancestor of
            too many, first parents alone counted; 1 switches it off.
        stagnation: generations without a better body that are too many where the bodies kept
            are alike.
        stagnation_diversity: mean distance between them, below which they are alike; 0
            switches that alarm off.
        speed: of a body (m/s), above which it is implausible.
        height: of a torso, its mean (m), above which it is implausible.
        contact: share of time with any part on the ground, below which a body flies; 0
            switches it off.
        cost_of_transport: work per weight and way, below which a body moves for nothing; 0
            switches it off.
        shaking: the same, above which a body that gets along shakes rather than walks.
        ood: share of a generation's bodies, above which too many lie outside what the
            controller was trained on; 1 switches it off.
    """

    diversity: float = Field(default=0.15, ge=0.0, le=1.0)
    lineage: float = Field(default=0.9, ge=0.0, le=1.0)
    stagnation: int = Field(default=5, ge=1)
    stagnation_diversity: float = Field(default=0.3, ge=0.0, le=1.0)
    speed: float = Field(default=5.0, gt=0.0)
    height: float = Field(default=2.0, gt=0.0)
    contact: float = Field(default=0.2, ge=0.0, le=1.0)
    cost_of_transport: float = Field(default=0.02, ge=0.0)
    shaking: float = Field(default=30.0, gt=0.0)
    ood: float = Field(default=0.5, ge=0.0, le=1.0)


def known_or_own(known: Mapping[str, Any], name: str, *, what: str) -> None:
    """Refuse a name that can stand for nothing.

    What is the user's own is not imported: whoever only reads a run needs none of it.
    """
    if not is_plugin(name):
        lookup(known, name, what=what)
    elif what == "island":
        raise ValueError(f"{name}: expected one of {', '.join(known)}")
    else:
        split_plugin(name, what=what)
