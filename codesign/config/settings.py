"""The settings of a campaign."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from codesign import defaults
from codesign.cluster import ClusterSettings
from codesign.config.consistency import require_consistent
from codesign.config.cores import usable_cores
from codesign.config.merging import over
from codesign.config.names import (
    ALGORITHMS,
    DESCRIPTORS,
    ISLANDS,
    NO_BOUNDS,
    OBJECTIVES,
    RACING,
    has_bounds,
    split_objective,
)
from codesign.config.tables import Adaptation, Alarms, Limits, Racing, Rates, Scales, Stop
from hyperdistill_core.controller.checkpoints import available
from hyperdistill_core.settings import (
    DefaultText,
    FrozenSettings,
    Names,
    SettingsError,
    Unit,
)
from morph_ops._registry import is_plugin
from morph_ops._text_file import is_file
from morph_ops.space import UNIMAL

_MIN_ISLAND = 4
#: Least and largest height of a limb in the UNIMAL space (m).
LOWEST, HIGHEST = min(UNIMAL.limb_heights), max(UNIMAL.limb_heights)
#: Shortest and longest length of the settings that are lists of names.
_LENGTHS = {"objectives": (2, 4), "descriptors": (1, 4), "islands": (2, 64), "tasks": (2, 32)}


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
    task: str = Field(
        default=defaults.TASK,
        description="Task that the bodies are scored on; a path that ends in .xml is a scene of "
        "your own. In a campaign file the scene is sought beside that file.",
    )
    tasks: list[str] = Field(
        default_factory=list,
        description="Several tasks in place of `task`, which is then the first of them: 2 to 32 "
        "different ones. Every body is scored on each, and `aggregate` makes one score of all.",
    )
    aggregate: Literal["mean", "min"] = Field(
        default="mean",
        description="Score of a body on several `tasks`: the mean or the least of its normalized "
        "scores. The score on each task is divided by the mean score of eight reference bodies "
        "there, so that 100 is what they get.",
    )
    controller: str = Field(
        default=defaults.CONTROLLER,
        description="Name of a shipped controller, or path of a controller file.",
    )
    algorithm: Annotated[str, Names(ALGORITHMS)] = Field(
        default="aging", description="Algorithm that chooses the parents."
    )
    objectives: Annotated[list[str], Names(OBJECTIVES)] = Field(
        default=["speed", "cost_of_transport"],
        description='Objectives that "nsga2" trades off: 2 to 4 different ones. On several '
        '`tasks`, one such as "score@csr" is that objective on one of them. Where you name none '
        "and a task does not reward moving along x, campaigns trade off score and mass.",
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
        default=32, ge=1, le=1_000_000, description="Candidates of an island between migrations."
    )
    migrants: int = Field(
        default=1, ge=1, le=1_000_000, description="Bodies that each island sends in a migration."
    )
    start: str | None = Field(
        default=None,
        description="A robot, a folder of robots, or a run, whose bodies start the search; of a "
        "run the best come first. Mutants of them complete the first population. Without it, "
        "bodies are sampled. In a campaign file the path is sought beside that file.",
    )
    locked: list[str] = Field(
        default_factory=list,
        description="Limbs of the robots in `start` that the search must not change, nor "
        "anything between them and the torso.",
    )
    limb_height_step: Annotated[float, Unit("m")] = Field(
        default=0.1,
        ge=0.01,
        le=0.1,
        description="Step of the heights of limbs, from 0.2 to 0.4 m. Finer steps than that of "
        "the UNIMAL space, 0.1 m, add the operator `limb_length`.",
    )
    population: int = Field(
        default=64,
        ge=2,
        le=1_000_000,
        description="Number of bodies in the population; the search starts with as many.",
    )
    screened: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Sampled bodies of which one short episode each chooses the starting "
        "population: at least `population`; 0 starts with sampled bodies as they come.",
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
        description="Worker processes; 0 scores in the main process. The result is the same.",
    )
    cluster: ClusterSettings | None = Field(
        default=None, description="Dask cluster to score on instead. The result is the same."
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
    brood: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Children that are made for each candidate with parents: a short episode of "
        "each (`racing.steps`) chooses the one that is scored.",
    )
    reevaluate_every: int = Field(
        default=0,
        ge=0,
        le=100_000_000,
        description="Generations between two re-evaluations of the bodies that the algorithm keeps "
        "over `episodes` fresh episodes each; 0 for none.",
    )
    finetune_steps: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="Control steps that each finalist's own network learns for at the end, on that "
        "body alone: their mean over the finalists. Designs are then ranked by what they are after "
        "it, and bring their networks along; 0 for no learning.",
    )
    finetune_rounds: int = Field(
        default=3,
        ge=1,
        le=8,
        description="Rounds of this learning. Each has the same number of control steps, and the "
        "better third of the finalists goes on to the next.",
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
    adaptation: Adaptation | None = Field(
        default=None,
        description="The controller learns on while the search runs. Without the table, or with "
        "false, it stays as it is; true takes the table's defaults.",
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

    @field_validator("racing", "adaptation", mode="before")
    @classmethod
    def _on_or_off(cls, given: object, info: ValidationInfo) -> object:
        # TOML has no null: false is the way to disable what a preset enables.
        if not isinstance(given, bool):
            return given
        return (Racing() if info.field_name == "racing" else Adaptation()) if given else None

    @model_validator(mode="before")
    @classmethod
    def _one_task_or_several(cls, values: dict[str, Any]) -> dict[str, Any]:
        """``task`` of several tasks is the first one, which the resolved settings have, too."""
        if not (isinstance(values.get("tasks"), list) and values["tasks"]):
            return values
        tasks: list[Any] = values["tasks"]
        first = tasks[0]
        task = values.get("task", first)
        if task != first:
            raise SettingsError.of(
                "tasks", f"expected task or tasks, got both: task={task} and tasks={tasks}"
            )
        return {**values, "task": first, "tasks": tasks if len(tasks) > 1 else []}

    @field_validator("objectives", "descriptors", "islands", "tasks")
    @classmethod
    def _enough_names(cls, names: list[str], info: ValidationInfo) -> list[str]:
        if info.field_name == "tasks" and not names:
            return names
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
        if self.racing and not self.tasks and not has_bounds(self.task):
            raise SettingsError.of(
                "racing", NO_BOUNDS.format(task=self.task, instead="racing=false disables racing")
            )
        return self

    @model_validator(mode="after")
    def _objectives_of_tasks(self) -> Settings:
        for name in self.objectives:
            task = split_objective(name)[1]
            if task is not None and task not in self.tasks:
                raise SettingsError.of(
                    "objectives",
                    f"expected one of several tasks after the @ of {name}, got "
                    f"{', '.join(self.task_names)} as the tasks",
                )
        return self

    @model_validator(mode="after")
    def _whole_scores_of_tasks(self) -> Settings:
        if not self.tasks:
            return self
        if self.racing:
            raise SettingsError.of(
                "racing",
                f"expected one task, got {', '.join(self.tasks)}: a score over several tasks has "
                "no upper bound before all are simulated; racing=false disables racing",
            )
        if self.best_of > 1:
            raise SettingsError.of(
                "best_of",
                f"expected 1 on several tasks, got {self.best_of}: a body has one network for all "
                "of them; inherited variants (variants) search for it",
            )
        return self

    @field_validator("limb_height_step")
    @classmethod
    def _whole_steps(cls, step: float) -> float:
        count = round((HIGHEST - LOWEST) / step)
        if not math.isclose(count * step, HIGHEST - LOWEST):
            raise ValueError(
                f"expected a step that divides {HIGHEST - LOWEST:g}, such as 0.05 or 0.01, got "
                f"{step:g}"
            )
        return step

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        require_consistent(self)
        return self

    @property
    def needs_robustness(self) -> bool:
        """Whether the algorithm uses the robustness of bodies."""
        named = [split_objective(name)[0] for name in self.objectives]
        return self.algorithm == "nsga2" and "robustness" in named

    @property
    def limb_heights(self) -> tuple[float, ...]:
        """Heights of limbs that a search may choose (m)."""
        count = round((HIGHEST - LOWEST) / self.limb_height_step)
        step = (HIGHEST - LOWEST) / count
        return tuple(round(LOWEST + step * index, 6) for index in range(count + 1))

    @property
    def task_names(self) -> tuple[str, ...]:
        """The tasks that bodies are scored on."""
        return tuple(self.tasks) or (self.task,)

    def replace(self, **changes: Any) -> Settings:
        """A validated copy with other values; of ``task`` and ``tasks`` a new one replaces both.

        Raises:
            SettingsError: A name is unknown, or a value has the wrong type or is out of range.
        """
        return type(self)(**over(dict(self), changes))

    @property
    def total(self) -> int:
        """Number of candidates of the whole run."""
        return self.candidates or self.population * (self.generations + 1)
