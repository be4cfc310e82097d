"""What scoring a body yields."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

#: How the warnings begin that tell of a body outside the controller's training range.
OUT_OF_DISTRIBUTION = "unlike the training bodies"


@dataclass(frozen=True, kw_only=True)
class ScoreRecord:
    """What a body did on a task under a controller that acts by its means.

    Attributes:
        robot: what the body is called: a file, or a candidate of a run.
        hash: of the body, blind to names and order.
        task: name of the task.
        controller: name of the controller.
        controller_hash: of its weights.
        episodes: how many, E.
        seed: of the episodes' starts.
        score: mean return over the episodes; the task's worst score for a body that is
            unstable or failed.
        ci95: 95% confidence interval of ``score`` by Student's t; a single episode says
            nothing about it, both bounds are then the score.
        returns: (E,) return of each episode.
        lengths: (E,) control steps of each episode.
        fell: (E,) whether it ended by a fall.
        terms: mean over episodes of each term of the return; they add up to ``score``.
        speed: mean speed along x (m/s).
        distance: mean way along x (m).
        measures: how it moved, means over episodes: "work" (J), "cost_of_transport" (missing
            for a body that got nowhere), "height" of the torso (m), "contact", the share of
            time with any part on the ground, "symmetry" between left and right (0..1), and
            where asked for "robustness", the mean score in worlds that are not as expected.
            Of a stopped body only "upper_bound", the score that it may have reached, and "confidence_margin"
            about it, as a share of the bar that it was to reach.
        duty_factors: share of time on the ground of every part, torso first.
        warnings: what to know before trusting the score.
        status: "ok"; "unstable" where the simulation blew up; "failed" where an error
            kept the body from being simulated, then the last warning says why; "pruned" where
            racing gave the body up, then all figures are of the episodes until then.
        steps: control steps that were simulated for it, the selection of a variant, racing and other
            worlds included.
        seconds: wall time that they took (s); the one field that varies.
        variant: which of the controller's variants of the body moved it.
        traits: in a campaign, the objectives or descriptors that its algorithm judges it by.
    """

    robot: str
    hash: str
    task: str
    controller: str
    controller_hash: str
    episodes: int
    seed: int
    score: float
    ci95: tuple[float, float]
    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    fell: tuple[bool, ...]
    terms: dict[str, float]
    speed: float
    distance: float
    measures: dict[str, float]
    duty_factors: tuple[float, ...]
    warnings: tuple[str, ...]
    status: Literal["ok", "unstable", "failed", "pruned"]
    steps: int
    seconds: float
    variant: int = 0
    traits: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The record in JSON's types."""
        plain = asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScoreRecord:
        """The record that :meth:`to_dict` wrote, or an earlier version of it, without steps,
        variant or traits.
        """
        values = {"steps": sum(values["lengths"]), "variant": 0, "traits": {}, **values}
        known = {one.name: values[one.name] for one in fields(cls)}
        frozen: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in known.items()
        }
        return cls(**frozen)

    @classmethod
    def failed(
        cls, *, worst_score: float, warnings: tuple[str, ...] = (), **known: Any
    ) -> ScoreRecord:
        """The record of a body that was not simulated.

        Args:
            worst_score: of the task.
            warnings: why not.
            known: ``robot`` to ``seed``, and ``variant`` where it is not the first.
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
            measures={},
            duty_factors=(),
            warnings=warnings,
            status="failed",
            steps=0,
            seconds=0.0,
            **known,
        )
