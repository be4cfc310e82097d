"""The record of one scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

#: First word of the notes on how a robot from elsewhere was read.
IMPORT = "import"
#: First words of the warnings about bodies outside of the training distribution.
OUT_OF_DISTRIBUTION = "out of distribution"
#: Fields that are lists in JSON.
_TUPLES = ("ci95", "returns", "lengths", "fell", "duty_factors", "warnings", "criteria")


@dataclass(frozen=True, kw_only=True)
class ScoreRecord:
    """The score of a body on a task under a controller, with everything that explains it.

    The controller acts by its mean actions. E is the number of episodes.

    Attributes:
        robot: Name of the robot: a file, or a candidate of a run.
        hash: Hash of the body, which ignores the names and the order of nodes.
        task: Name of the task; of a score over several tasks their names with commas between them.
        controller: Name of the controller.
        controller_hash: Hash of the controller's weights.
        episodes: Number of episodes, E.
        seed: Seed of the episodes' initial states; of a pooled record that of the first part.
        score: Mean return over the episodes; the task's worst score if the body is unstable or
            failed.
        ci95: 95% confidence interval of ``score`` by Student's t. One episode has no spread, so
            both bounds are then the score itself.
        returns: (E,) return of each episode.
        lengths: (E,) control steps of each episode.
        fell: (E,) whether each episode ended by a fall.
        terms: Mean over episodes of each reward term; the terms sum to ``score``.
        speed: Mean speed along x while the episodes lasted (m/s).
        distance: Mean distance along x (m).
        metrics: Other numbers about how the body did, means over episodes, by name; see below.
        duty_factors: (n nodes,) share of time that each node touches the ground, torso first.
        warnings: What to know before trusting the score.
        status: "ok"; "unstable" if the simulation diverged; "failed" if an error prevented the
            simulation, which the last warning describes; "pruned" if racing ended the episodes
            early, so that all numbers are about the episodes until then.
        steps: Control steps simulated in total, including variant selection, racing and
            perturbations.
        seconds: Wall time of these steps (s); the only field that varies between equal scorings.
        variant: Index of the controller variant.
        criteria: Names of the metrics that the campaign's algorithm compares candidates by,
            beside the score: objectives or descriptors. Empty outside of a campaign.
        by_task: The score records on each of several tasks, by task; empty for one task. What the
            fields of the record then mean says :func:`codesign.scoring.combined`.
        seeds: Seed and number of episodes of each part of a record that is pooled over several
            scorings; empty for one scoring.

    The metrics of a body that was simulated are "work" (J; missing, with the cost of transport, for
    a robot with actuators that are no motors or servos of joints), "height" of the torso (m),
    "contact" (share of time with any node on the ground), "symmetry" of left and right (0 to 1),
    "period" of the gait (s; missing if no episode has one), and "raw_cost_of_transport" (work per
    weight and distance until the episodes end; missing if the body moved nowhere). The objective
    "cost_of_transport" of a campaign is this number divided by the share of the whole episodes that
    the body lasted. "unlikeness" is the percentile of the distance to the controller's training
    bodies, where the controller knows it. "robustness" (mean score under perturbations) and
    "score_when_weak" and so on (score under each) are there on request. In a campaign the values of
    the criteria are added.

    A pruned body has only "upper_bound", the best score that it could have reached, and
    "confidence_margin", the margin of that bound as a share of the threshold. After fine-tuning
    there are "zero_shot_score", the score before it, and "finetune_steps", its control steps.
    """

    robot: str
    hash: str
    task: str
    controller: str
    controller_hash: str = field(repr=False)
    episodes: int
    seed: int
    score: float
    ci95: tuple[float, float]
    returns: tuple[float, ...]
    lengths: tuple[int, ...] = field(repr=False)
    fell: tuple[bool, ...]
    terms: dict[str, float] = field(repr=False)
    speed: float
    distance: float
    metrics: dict[str, float] = field(repr=False)
    duty_factors: tuple[float, ...] = field(repr=False)
    warnings: tuple[str, ...]
    status: Literal["ok", "unstable", "failed", "pruned"]
    steps: int = field(repr=False)
    seconds: float = field(repr=False)
    variant: int = 0
    criteria: tuple[str, ...] = ()
    by_task: dict[str, ScoreRecord] = field(default_factory=dict[str, "ScoreRecord"], repr=False)
    seeds: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    @property
    def of_each_seed(self) -> tuple[tuple[int, int], ...]:
        """Seed and number of episodes of each scoring that the record is of."""
        return self.seeds or ((self.seed, self.episodes),)

    @property
    def parts(self) -> tuple[ScoreRecord, ...]:
        """The records of single tasks: those of ``by_task``, or this one alone."""
        return tuple(self.by_task.values()) or (self,)

    def named(self, robot: str) -> ScoreRecord:
        """This record, and those of its tasks, with the name of a robot.

        Args:
            robot: The name.
        """
        by_task = {task: part.named(robot) for task, part in self.by_task.items()}
        return replace(self, robot=robot, by_task=by_task)

    def copied(self, note: str) -> ScoreRecord:
        """This record for a body that has the score of an equal one, and took no time.

        Args:
            note: The warning that says so.
        """
        by_task = {task: part.copied(note) for task, part in self.by_task.items()}
        warnings = (*self.warnings, note)
        return replace(self, warnings=warnings, steps=0, seconds=0.0, by_task=by_task)

    @property
    def criteria_values(self) -> dict[str, float]:
        """Values of the ``criteria``, in their order."""
        return {name: self.metrics[name] for name in self.criteria}

    def with_criteria(self, values: Mapping[str, float]) -> ScoreRecord:
        """This record with the metrics that an algorithm compares candidates by.

        Args:
            values: Values of the criteria by name; they replace metrics of the same name.

        Examples:
            >>> known = dict(robot="", hash="", task="flat", controller="flat-v2")
            >>> known |= dict(controller_hash="", episodes=4, seed=0)
            >>> record = ScoreRecord.failed(worst_score=-100.0, **known)
            >>> record.with_criteria({"mass": 12.5}).criteria_values
            {'mass': 12.5}
        """
        return replace(self, metrics={**self.metrics, **values}, criteria=tuple(values))

    def to_dict(self) -> dict[str, Any]:
        """The record in JSON's types; :meth:`from_dict` reads it back.

        ``by_task`` is there for several tasks alone, ``seeds`` for pooled records.
        """
        lists = {name: list(getattr(self, name)) for name in _TUPLES}
        values = {**asdict(replace(self, by_task={})), **lists}
        del values["by_task"], values["seeds"]
        by_task = {task: part.to_dict() for task, part in self.by_task.items()}
        seeds = [list(each) for each in self.seeds]
        return (
            values | ({"by_task": by_task} if by_task else {}) | ({"seeds": seeds} if seeds else {})
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScoreRecord:
        """The record that :meth:`to_dict` wrote.

        Raises:
            KeyError: A field is missing.
        """
        optional = {"by_task", "seeds"}
        known = {one.name: values[one.name] for one in fields(cls) if one.name not in optional}
        known |= {name: tuple(known[name]) for name in _TUPLES}
        parts = values.get("by_task", {}).items()
        by_task = {task: cls.from_dict(part) for task, part in parts}
        seeds = tuple((seed, episodes) for seed, episodes in values.get("seeds", ()))
        return cls(**known, by_task=by_task, seeds=seeds)

    @classmethod
    def failed(
        cls, *, worst_score: float, warnings: tuple[str, ...] = (), **known: Any
    ) -> ScoreRecord:
        """The record of a body that was not simulated.

        Args:
            worst_score: Worst score of the task.
            warnings: Reasons why the body was not simulated.
            known: Fields ``robot`` to ``seed``, and ``variant`` unless it is the first one.

        Examples:
            >>> known = dict(robot="a.xml", hash="", task="flat", controller="flat-v2")
            >>> known |= dict(controller_hash="", episodes=4, seed=0)
            >>> record = ScoreRecord.failed(worst_score=-100.0, warnings=("no torso",), **known)
            >>> record.status, record.score, record.returns
            ('failed', -100.0, ())
        """
        return cls(
            score=worst_score,
            ci95=(worst_score, worst_score),
            returns=(),
            lengths=(),
            fell=(),
            terms={},
            speed=0.0,
            distance=0.0,
            metrics={},
            duty_factors=(),
            warnings=warnings,
            status="failed",
            steps=0,
            seconds=0.0,
            **known,
        )


def unlikeness_text(metrics: Mapping[str, float]) -> str | None:
    """How unlike the controller's training bodies a robot is, in words; None where unknown.

    Args:
        metrics: Metrics of its score record.

    Examples:
        >>> unlikeness_text({"unlikeness": 97.2})
        '97% of training bodies lie nearer to others'
    """
    unlikeness = metrics.get("unlikeness")
    if unlikeness is None:
        return None
    return f"{unlikeness:.0f}% of training bodies lie nearer to others"
