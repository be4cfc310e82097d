"""The settings of a campaign."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator, model_validator

from codesign import defaults
from codesign.cluster import ClusterSettings
from codesign.config.tables import Alarms, Frozen, Limits, Racing, Rates, Stop, known_or_own
from hyperdistill_core.controller.checkpoints import available
from morph_ops._registry import is_plugin

LEAST_ISLAND = 4
OBJECTIVES = ("score", "speed", "cost_of_transport", "mass", "actuators", "robustness")
DESCRIPTORS = ("size", "limbs", "mass", "actuators", "symmetry", "contact", "height")
DESCRIPTORS += ("duty_1", "duty_2", "duty_3", "duty_4")
ISLANDS = ("aging", "mu_plus_lambda")
#: Algorithms that set a bar for racing: those that ask for a body's score alone.
RACING = ("random", "aging", "mu_plus_lambda", "islands")
ALGORITHMS = ("random", "aging", "mu_plus_lambda", "nsga2", "map_elites", "novelty", "islands")
#: Settings that are lists of names: what one is, which there are, and how many it takes.
_LISTS = {
    "objectives": ("objective", OBJECTIVES, 2, 4),
    "descriptors": ("descriptor", DESCRIPTORS, 1, 4),
    "islands": ("island", ISLANDS, 2, 64),
}


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(Frozen):
    """A campaign.

    Attributes:
        seed: root of every random number.
        task: what the bodies are scored on. A task, an objective, a descriptor, an operator or
            an algorithm named as "package.module:name" is the user's own, see
            docs/extending.md.
        controller: name of a shipped controller, or a path to one.
        algorithm: who may be a parent; docs/algorithms.md has a section on each.
        objectives: what "nsga2" weighs against each other.
        descriptors: what "map_elites" and "novelty" tell bodies apart by.
        bins: cells of "map_elites" along each descriptor.
        neighbors: bodies in the archive that "novelty" measures distances to.
        novelty_threshold: mean distance to them that lets a body into that archive, as a
            share of the descriptors' ranges.
        islands: algorithm of each island of "islands".
        migrate_every: candidates of an island between two migrations.
        migrants: bodies that each island sends then.
        start: a folder of robots, or of a run, whose bodies start the search, the best of a run
            first; mutants of them fill the starting population. Without it bodies are sampled.
        locked: limbs of the robots in ``start``, with all that they hang on, that the search
            must leave as they are.
        population: bodies alive; as many start the search.
        generations: generations bred after the starting one, each of ``population``
            children.
        candidates: stop after so many bodies, inside the last generation; None for all.
        episodes: episodes a body.
        best_of: variants of a body that the controller has, which are tried in short episodes
            before the best of them is scored: less luck, more control steps.
        variants: variants that a body may carry, of those that the controller has: a starting
            body gets one of the first so many at random, a child has its first parent's, now and
            then another one (``rates.variant``). With 1 all have the first.
        workers: worker processes, 0 to work in this process; no part of the result.
        cluster: where the work is done instead of that; no part of the result either.
        time_limit: the scoring of a body may take so long (s). One that hangs is tried once
            more and has failed then; whether a body does that depends on the machine, so the
            limit must be far above what bodies take.
        tournament: bodies that compete to be a parent.
        in_flight: candidates that are bred before the score of the first of them counts,
            at most half the population. It bounds how many workers are busy, and it is
            part of the result so that the number of workers need not be.
        finalists: bodies, the best of the search, that are scored again at the end; at least
            ``top``.
        reevaluation_episodes: episodes of each then, with starts that the search has never seen; 0
            takes the search's word.
        top: designs that are exported when the run ends.
        rates: how a child is made.
        limits: what a body may be at most.
        stop: what ends the run early.
        racing: stop bodies early that cannot reach the others; none, or false, scores all in
            full, and true races as the table's defaults say.
        alarms: when the search says that something looks wrong; no part of the result.
    """

    seed: int = Field(default=0, ge=0)
    task: str = "flat"
    controller: str = defaults.CONTROLLER
    algorithm: str = "aging"
    objectives: list[str] = Field(default=["speed", "cost_of_transport"])
    descriptors: list[str] = Field(default=["limbs", "height"])
    bins: int = Field(default=10, ge=2, le=1000)
    neighbors: int = Field(default=10, ge=1)
    novelty_threshold: float = Field(default=0.02, ge=0.0)
    islands: list[str] = Field(default=["aging"] * 4)
    migrate_every: int = Field(default=32, ge=1)
    migrants: int = Field(default=1, ge=1)
    start: str | None = None
    locked: list[str] = Field(default_factory=list)
    population: int = Field(default=64, ge=2)
    generations: int = Field(default=8, ge=0)
    candidates: int | None = Field(default=None, ge=1)
    episodes: int = Field(default=4, ge=1)
    best_of: int = Field(default=1, ge=1)
    variants: int = Field(default=1, ge=1)
    workers: int = Field(default_factory=usable_cores, ge=0)
    cluster: ClusterSettings | None = None
    time_limit: float = Field(default=300.0, gt=0.0)
    tournament: int = Field(default=4, ge=1)
    in_flight: int = Field(default=16, ge=1)
    finalists: int = Field(default=20, ge=1)
    reevaluation_episodes: int = Field(default=16, ge=0)
    top: int = Field(default=5, ge=1)
    rates: Rates = Field(default_factory=Rates)
    limits: Limits = Field(default_factory=Limits)
    stop: Stop = Field(default_factory=Stop)
    racing: Racing | None = None
    alarms: Alarms = Field(default_factory=Alarms)

    @field_validator("algorithm")
    @classmethod
    def _an_algorithm(cls, name: str) -> str:
        known_or_own(dict.fromkeys(ALGORITHMS), name, what="algorithm")
        return name

    @field_validator("start")
    @classmethod
    def _a_folder(cls, start: str | None) -> str | None:
        return None if start is None else str(Path(start).absolute())

    @field_validator("controller")
    @classmethod
    def _absolute(cls, controller: str) -> str:
        # A run may be resumed from another folder. A shipped controller's name stays one.
        named = controller in available()
        path = Path(controller)
        return str(path.absolute()) if not named and path.is_file() else controller

    @field_validator("racing", mode="before")
    @classmethod
    def _on_or_off(cls, racing: object) -> object:
        # TOML has no null: this is how what a preset turns on is turned off.
        return {True: Racing(), False: None}[racing] if isinstance(racing, bool) else racing

    @field_validator("objectives", "descriptors", "islands")
    @classmethod
    def _known(cls, names: list[str], info: ValidationInfo) -> list[str]:
        what, known, least, most = _LISTS[info.field_name or ""]
        for name in names:
            known_or_own(dict.fromkeys(known), name, what=what)
        if not least <= len(names) <= most:
            raise ValueError(f"expected {least} to {most} of them, got {len(names)}")
        if what != "island" and len(set(names)) < len(names):
            raise ValueError(f"expected different ones, got {', '.join(names)}")
        return names

    @model_validator(mode="after")
    def _room_on_islands(self) -> Settings:
        share = self.population // len(self.islands)
        if self.algorithm == "islands" and share < max(LEAST_ISLAND, self.migrants + 1):
            raise ValueError(
                f"population: expected at least {max(LEAST_ISLAND, self.migrants + 1)} bodies on "
                f"each of {len(self.islands)} islands, got {self.population} for all"
            )
        if self.algorithm == "islands" and self.population % len(self.islands):
            raise ValueError(
                f"population: expected as many bodies on each of {len(self.islands)} islands, got "
                f"{self.population} for all; {share * len(self.islands)} would do"
            )
        return self

    @model_validator(mode="after")
    def _nobody_else_races(self) -> Settings:
        if self.racing and not is_plugin(self.algorithm) and self.algorithm not in RACING:
            raise ValueError(
                f"racing: expected an algorithm that goes by the score alone "
                f"({', '.join(RACING)}), got {self.algorithm}; racing=false turns it off"
            )
        return self

    @model_validator(mode="after")
    def _carried_or_tried(self) -> Settings:
        if self.best_of > 1 and self.variants > 1:
            raise ValueError(
                f"variants: expected bodies that carry one, or that it is tried for, got "
                f"variants={self.variants} and best_of={self.best_of}; leave one of them at 1"
            )
        return self

    @model_validator(mode="after")
    def _locked_in_something(self) -> Settings:
        if self.locked and self.start is None:
            raise ValueError("locked: expected the robots with these limbs in start, got no start")
        return self

    @model_validator(mode="after")
    def _budget(self) -> Settings:
        most = self.population * (self.generations + 1)
        if self.candidates is not None and self.candidates > most:
            raise ValueError(
                f"candidates: expected at most population x (generations + 1) = {most}, "
                f"got {self.candidates}"
            )
        return self

    @property
    def needs_robustness(self) -> bool:
        """Whether the search looks at the robustness of bodies."""
        return self.algorithm == "nsga2" and "robustness" in self.objectives

    @property
    def total(self) -> int:
        """Candidates of the whole run."""
        return self.candidates or self.population * (self.generations + 1)
