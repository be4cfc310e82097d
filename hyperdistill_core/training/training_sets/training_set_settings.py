"""Settings of a training set."""

from __future__ import annotations

from pydantic import Field

from hyperdistill_core.settings import FrozenSettings


class TrainingSetSettings(FrozenSettings):
    """How many bodies of each origin a training set holds, and which bodies it accepts.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> TrainingSetSettings(sampled=100).mutants
        700
        >>> TrainingSetSettings(sampled=-5)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: sampled: expected at least 0, got -5
    """

    sampled: int = Field(default=500, ge=0, description="Number of freshly sampled bodies.")
    children: int = Field(
        default=0, ge=0, description="Number of bodies made by crossover of two robots."
    )
    mutants: int = Field(
        default=700, ge=0, description="Number of bodies made by 1 to 4 mutations."
    )
    evolved: int = Field(
        default=0,
        ge=0,
        description="Number of bodies from lineages that evolve under a controller: one lineage "
        "starts from every robot and one from every founder.",
    )
    founders: int = Field(
        default=0,
        ge=0,
        description="Number of sampled bodies that start a lineage, each the best of 16 under the "
        "controller. They add variety to the lineages and are not in the training set themselves.",
    )
    varied: int = Field(
        default=0,
        ge=0,
        description="Number of bodies made from the others by drawing physics that UNIMAL robots "
        "do not have: armature, damping, stiffness, gears, masses, friction, limb lengths, joint "
        "ranges.",
    )
    robot_mutants: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="Share of mutants that come from a robot or a child of robots; the others "
        "come from a sampled body.",
    )
    stable_steps: int = Field(
        default=100,
        ge=0,
        description="Control steps that a sampled body or a mutant must stay up without control; "
        "0 accepts every body. Children are exempt: their parents were evolved, and a good walker "
        "need not be passively stable. Varied bodies are exempt, too.",
    )
    min_score: float = Field(
        default=40.0,
        description="Least score under the controller of a body that is no robot, unless its "
        "episodes reach `min_steps`. It has no effect without a controller.",
    )
    min_steps: float = Field(
        default=400.0,
        description="Mean episode length in control steps that makes a body acceptable whatever "
        "its score. It has no effect without a controller.",
    )
    task: str = Field(default="flat", description="Name of the task for passive stability.")
    seed: int = Field(default=0, ge=0, description="Seed of sampling, crossover and mutation.")
