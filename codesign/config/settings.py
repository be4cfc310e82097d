"""The settings of a campaign."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from codesign import defaults
from codesign.cluster import ClusterSettings
from codesign.config.names import ALGORITHMS, DESCRIPTORS, ISLANDS, OBJECTIVES, RACING
from codesign.config.tables import Alarms, Limits, Racing, Rates, Scales, Stop
from hyperdistill_core.controller.checkpoints import available
from hyperdistill_core.settings import DefaultText, FrozenSettings, Names, SettingsError, Unit
from morph_ops._registry import is_plugin
from morph_ops._text_file import is_file

_MIN_ISLAND = 4
#: Most cells of an archive, which are all in memory.
_MOST_CELLS = 1_000_000
_MOST_CANDIDATES = 10_000_000
#: Shortest and longest length of the settings that are lists of names.
_LENGTHS = {"objectives": (2, 4), "descriptors": (1, 4), "islands": (2, 64)}


def usable_cores() -> int:
    """Number of cores that this process may use.

    Examples:
        >>> usable_cores() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(FrozenSettings):
    """The settings of a campaign.

    A task, an objective, a descriptor, an operator or an algorithm can be a custom one, named
    "package.module:name" (docs/guides/extending.md).

    Examples:
        >>> settings = Settings(population=16, generations=3)
        >>> settings.total
        64
        >>> Settings(population=1)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: population: expected at least 2, got 1
    """

    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="Root seed of all random numbers.")
    task: str = Field(default=defaults.TASK, description="Task that the bodies are scored on.")
    controller: str = Field(
        default=defaults.CONTROLLER,
        description="Name of a shipped controller, or path of a controller file.",
    )
    algorithm: Annotated[str, Names(ALGORITHMS)] = Field(
        default="aging", description="Algorithm that chooses the parents."
    )
    objectives: Annotated[list[str], Names(OBJECTIVES)] = Field(
        default=["speed", "cost_of_transport"],
        description='Objectives that "nsga2" trades off: 2 to 4 different ones.',
    )
    descriptors: Annotated[list[str], Names(DESCRIPTORS)] = Field(
        default=["limbs", "height"],
        description='Descriptors of "map_elites" and "novelty": 1 to 4 different ones.',
    )
    bins: int = Field(
        default=10, ge=2, le=1000, description='Cells of "map_elites" along each descriptor.'
    )
    neighbors: int = Field(
        default=10,
        ge=1,
        le=1_000_000,
        description='Nearest bodies in the archive that "novelty" measures distances to.',
    )
    novelty_threshold: float = Field(
        default=0.02,
        ge=0.0,
        le=1.0,
        description="Mean distance to the nearest bodies above which a body enters the archive "
        'of "novelty", as a share of the range of each descriptor.',
    )
    islands: Annotated[list[str], Names(ISLANDS)] = Field(
        default=["aging"] * 4,
        description='Algorithm of each island of "islands": 2 to 64 of them.',
    )
    migrate_every: int = Field(
        default=32,
        ge=1,
        le=1_000_000,
        description="Candidates of each island between two migrations.",
    )
    migrants: int = Field(
        default=1, ge=1, le=1_000_000, description="Bodies that each island sends in a migration."
    )
    start: str | None = Field(
        default=None,
        description="Folder of robots, or of a run, whose bodies start the search; of a run the "
        "best come first. Mutants of them complete the first population. Without it, bodies are "
        "sampled. In a campaign file the folder is sought beside that file.",
    )
    locked: list[str] = Field(
        default_factory=list,
        description="Limbs of the robots in `start` that the search must not change, nor "
        "anything between them and the torso.",
    )
    population: int = Field(
        default=64,
        ge=2,
        le=1_000_000,
        description="Number of bodies in the population; the search starts with as many.",
    )
    generations: int = Field(
        default=8,
        ge=0,
        le=1_000_000,
        description="Generations after the first one; each has `population` candidates.",
    )
    candidates: int | None = Field(
        default=None,
        ge=1,
        description="Number of candidates after which the run ends, if that is within a "
        "generation; by default all generations are completed.",
    )
    episodes: int = Field(default=4, ge=1, le=100_000, description="Episodes of a score.")
    best_of: int = Field(
        default=1,
        ge=1,
        le=65_536,
        description="Controller variants to try on each body in short rollouts before the best "
        "one is scored. More variants leave less to luck and cost more control steps.",
    )
    variants: int = Field(
        default=1,
        ge=1,
        le=65_536,
        description="Controller variants that bodies can carry. A starting body gets a random "
        "one of them, a child inherits its first parent's, and `rates.variant` changes it. With "
        "1 all bodies have the first variant.",
    )
    workers: Annotated[int, DefaultText("the cores that the process may use")] = Field(
        default_factory=usable_cores,
        ge=0,
        le=4_096,
        description="Number of worker processes; 0 scores in the main process. It does not "
        "change the result.",
    )
    cluster: ClusterSettings | None = Field(
        default=None,
        description="Dask cluster to score on instead. It does not change the result.",
    )
    time_limit: Annotated[float, Unit("s")] = Field(
        default=defaults.TIME_LIMIT,
        gt=0.0,
        le=1_000_000.0,
        description="Longest time for the scoring of a body. A body that exceeds it is scored "
        "once more, and failed if it exceeds it again. This depends on the machine, so "
        "the limit must be far above the usual times.",
    )
    tournament: int = Field(
        default=4, ge=1, le=1_000_000, description="Bodies that compete to become a parent."
    )
    in_flight: int = Field(
        default=16,
        ge=1,
        le=1_000_000,
        description="Candidates that are created before the score of the first of them counts, "
        "at most half of the population. It limits how many workers are busy, and it changes "
        "the result, so that the number of workers does not.",
    )
    finalists: int = Field(
        default=20,
        ge=1,
        le=1_000_000,
        description="Best bodies of the search that are re-evaluated at the end; at least `top`.",
    )
    reevaluation_episodes: int = Field(
        default=16,
        ge=0,
        le=100_000,
        description="Episodes of each re-evaluation, with initial states that the search has "
        "never used; 0 skips the re-evaluation.",
    )
    top: int = Field(
        default=5,
        ge=1,
        le=10_000,
        description="Number of designs that are exported when the run ends.",
    )
    rates: Rates = Field(default_factory=Rates, description="How offspring are made.")
    scales: Scales = Field(
        default_factory=Scales,
        description="How the search may scale the own nodes of robots from elsewhere.",
    )
    limits: Limits = Field(default_factory=Limits, description="Upper limits of a body.")
    stop: Stop = Field(default_factory=Stop, description="Conditions that end the run early.")
    racing: Racing | None = Field(
        default=None,
        description="Racing prunes bodies early that cannot reach the others. Without the "
        "table, or with false, all bodies are scored completely; true takes the table's defaults.",
    )
    alarms: Alarms = Field(
        default_factory=Alarms,
        description="When the run reports that something looks wrong. Alarms do not change the "
        "result.",
    )

    @field_validator("start")
    @classmethod
    def _absolute_folder(cls, start: str | None) -> str | None:
        return None if start is None else str(Path(start).absolute())

    @field_validator("controller")
    @classmethod
    def _absolute_file(cls, controller: str) -> str:
        # A run can be resumed from another folder. A shipped controller keeps its name.
        named = controller in available()
        path = Path(controller)
        return str(path.absolute()) if not named and is_file(path) else controller

    @field_validator("racing", mode="before")
    @classmethod
    def _on_or_off(cls, racing: object) -> object:
        # TOML has no null: false is the way to disable what a preset enables.
        return {True: Racing(), False: None}[racing] if isinstance(racing, bool) else racing

    @field_validator("objectives", "descriptors", "islands")
    @classmethod
    def _enough_names(cls, names: list[str], info: ValidationInfo) -> list[str]:
        least, most = _LENGTHS[info.field_name or ""]
        if not least <= len(names) <= most:
            raise ValueError(f"expected {least} to {most} of them, got {len(names)}")
        if info.field_name != "islands" and len(set(names)) < len(names):
            raise ValueError(f"expected different ones, got {', '.join(names)}")
        return names

    @model_validator(mode="after")
    def _populated_islands(self) -> Settings:
        if self.algorithm != "islands":
            return self
        islands, least = len(self.islands), max(_MIN_ISLAND, self.migrants + 1)
        share = self.population // islands
        if share < least:
            raise SettingsError.of(
                "population",
                f"expected at least {least} bodies for each of {islands} islands, got "
                f"{self.population} in total; {least * islands} would do",
            )
        if self.population % islands:
            raise SettingsError.of(
                "population",
                f"expected a multiple of {islands}, the number of islands, got {self.population}; "
                f"{share * islands} would do",
            )
        return self

    @model_validator(mode="after")
    def _racing_by_score(self) -> Settings:
        if self.racing and not is_plugin(self.algorithm) and self.algorithm not in RACING:
            raise SettingsError.of(
                "racing",
                f"expected an algorithm that compares bodies by the score alone "
                f"({', '.join(RACING)}), got {self.algorithm}; racing=false disables racing",
            )
        return self

    @model_validator(mode="after")
    def _carried_or_selected(self) -> Settings:
        if self.best_of > 1 and self.variants > 1:
            raise SettingsError.of(
                "variants",
                f"expected 1 if best_of is above 1, got variants={self.variants} and "
                f"best_of={self.best_of}; choose inherited variants or best-of-N",
            )
        return self

    @model_validator(mode="after")
    def _locked_in_start(self) -> Settings:
        if self.locked and self.start is None:
            raise SettingsError.of(
                "locked", "expected the robots with these limbs in start, got no start"
            )
        return self

    @model_validator(mode="after")
    def _bounded(self) -> Settings:
        cells = self.bins ** len(self.descriptors)
        if self.algorithm == "map_elites" and cells > _MOST_CELLS:
            raise SettingsError.of(
                "bins",
                f"expected at most {_MOST_CELLS} cells of the archive, got {self.bins} along each "
                f"of {len(self.descriptors)} descriptors: {cells}",
            )
        if self.total > _MOST_CANDIDATES:
            raise SettingsError.of(
                "generations",
                f"expected at most {_MOST_CANDIDATES} candidates in all generations, got "
                f"{self.total}",
            )
        return self

    @model_validator(mode="after")
    def _candidates_in_generations(self) -> Settings:
        most = self.population * (self.generations + 1)
        if self.candidates is not None and self.candidates > most:
            raise SettingsError.of(
                "candidates",
                f"expected at most population x (generations + 1) = {most}, got {self.candidates}",
            )
        return self

    @property
    def needs_robustness(self) -> bool:
        """Whether the algorithm uses the robustness of bodies."""
        return self.algorithm == "nsga2" and "robustness" in self.objectives

    @property
    def total(self) -> int:
        """Number of candidates of the whole run."""
        return self.candidates or self.population * (self.generations + 1)
