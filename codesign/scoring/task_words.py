"""What tasks are about, in words: their ground, what bodies are wanted for, and what a point is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codesign.scoring.record import ScoreRecord


_COSTS = ", less the cost of the controls"


class Achievement(NamedTuple):
    """What a body did, from one reward term.

    Attributes:
        label: What it is.
        value: How much, with its unit.
        sentence: Both, after "the design".
    """

    label: str
    value: str
    sentence: str


@dataclass(frozen=True)
class _Term:
    """How a reward term is said.

    Attributes:
        name: Name of the term.
        label: What it is.
        value: Format of its value.
        sentence: Format of a predicate, with the value in braces.
        points: Points of one unit of the value.
    """

    name: str
    label: str
    value: str
    sentence: str
    points: float = 1.0


@dataclass(frozen=True, kw_only=True)
class TaskWords:
    """What a task is about.

    Attributes:
        ground: Its ground.
        wanted: Bodies that score high.
        points: What points of score are, a clause; empty where that is not known.
        unit: The same for the axis of a chart.
        forward: Whether it is about speed along x, so that speed and distance say all.
        terms: How its reward terms are said.
    """

    ground: str
    wanted: str = "fast bodies"
    points: str = "50 points are one meter"
    unit: str = "50 a meter"
    forward: bool = True
    terms: tuple[_Term, ...] = ()

    @property
    def rewards_speed(self) -> bool:
        """Whether the reward of a control step is the speed along x (m/s), and nothing else."""
        return self.forward and bool(self.points) and not self.points.endswith(_COSTS)

    @property
    def reward_label(self) -> str:
        """What the mean reward of a training's control step is, with its unit, for a chart."""
        return "speed with noise (m/s)" if self.rewards_speed else "reward per step, with noise"

    def reward_text(self, reward: float) -> str:
        """The mean reward of a control step in words.

        Args:
            reward: The mean reward.

        Examples:
            >>> task_words("flat").reward_text(1.234), task_words("patrol").reward_text(0.01234)
            ('speed 1.23 m/s', 'reward 0.0123 per control step')
        """
        if self.rewards_speed:
            return f"speed {reward:.2f} m/s"
        return f"reward {reward:.3g} per control step"

    def achievements(self, record: ScoreRecord) -> list[Achievement]:
        """What a body did where speed and distance along x do not say it.

        Args:
            record: Its score record on the task.
        """
        found: list[Achievement] = []
        for term in self.terms:
            if term.name in record.terms:
                value = term.value.format(record.terms[term.name] / term.points + 0.0)
                found.append(Achievement(term.label, value, term.sentence.format(value)))
        return found


_GOAL_TERMS = (_Term("approach", "nearer to goals", "{:.1f} m", "comes {} nearer to goals", 100.0),)
_OBJECT_TERMS = (
    _Term("approach", "nearer to the object", "{:.1f} m", "comes {} nearer to the object", 100.0),
    _Term("touch", "object touched", "{:.0%} of episodes", "touches it in {}", 10.0),
    _Term(
        "push", "object nearer to the goal", "{:.1f} m", "brings it {} nearer to the goal", 100.0
    ),
)


def _delivery(ground: str, thing: str) -> TaskWords:
    return TaskWords(
        ground=ground,
        wanted=f"bodies that push a {thing} to a goal",
        points="100 points are one meter nearer to the object, and, once it is touched, one meter "
        f"of the object nearer to the goal{_COSTS}",
        unit="100 a meter",
        forward=False,
        terms=_OBJECT_TERMS,
    )


_ROUGH = "curves, steps and rugged squares"
_BOXES = "boxes on flat ground"
_WORDS = {
    "flat": TaskWords(ground="flat ground"),
    "csr": TaskWords(ground=_ROUGH),
    "obstacle": TaskWords(ground=_BOXES),
    "rough": TaskWords(ground=f"{_ROUGH}, or {_BOXES}"),
    "incline": TaskWords(
        ground="a slope of 10 degrees", points="50 points are one meter uphill", unit="50 a meter"
    ),
    "ft": TaskWords(ground="flat ground with walls", points=f"50 points are one meter{_COSTS}"),
    "vt": TaskWords(ground=f"{_ROUGH} with walls", points=f"50 points are one meter{_COSTS}"),
    "wide-obstacle": TaskWords(ground=_BOXES, points=f"50 points are one meter{_COSTS}"),
    "escape": TaskWords(
        ground="a bowl with bumps",
        wanted="bodies that come out of a bowl",
        points="a point is one meter away from the center, and coming out is worth 100",
        unit="1 a meter outward",
        forward=False,
        terms=(
            _Term("away", "away from the center", "{:.1f} m", "comes {} away from the center"),
            _Term(
                "out", "out of the bowl", "{:.0%} of episodes", "gets out of the bowl in {}", 100.0
            ),
        ),
    ),
    "exploration": TaskWords(
        ground="flat ground with walls",
        wanted="bodies that visit much ground",
        points="a point is a square of one meter that the torso is above for the first time",
        unit="squares",
        forward=False,
        terms=(_Term("explore", "squares visited", "{:.1f}", "visits {} squares"),),
    ),
    "patrol": TaskWords(
        ground="flat ground with two goals",
        wanted="bodies that go to and fro between two goals",
        points=f"100 points are one meter nearer to the next goal, 10 are an arrival{_COSTS}",
        unit="100 a meter",
        forward=False,
        terms=(
            *_GOAL_TERMS,
            _Term("arrive", "goals reached", "{:.1f}", "reaches {} of them an episode", 10.0),
        ),
    ),
    "point-nav": TaskWords(
        ground="flat ground with walls and a goal",
        wanted="bodies that go to a goal",
        points=f"100 points are one meter nearer to the goal, 10 are a step there{_COSTS}",
        unit="100 a meter",
        forward=False,
        terms=(
            *_GOAL_TERMS,
            _Term("arrive", "steps at the goal", "{:.0f}", "is there for {} steps", 10.0),
        ),
    ),
    "goals": TaskWords(
        ground="flat ground with a row of goals",
        wanted="bodies that go from goal to goal",
        points=f"100 points are one meter nearer to the next goal, 10 are a step there{_COSTS}",
        unit="100 a meter",
        forward=False,
        terms=_GOAL_TERMS,
    ),
    "mvt": _delivery(f"{_ROUGH} with a box and a goal", "box"),
    "push-box-incline": _delivery("a slope of 10 degrees with a box and a goal", "box"),
    "manipulation-ball": _delivery("flat ground with walls, a ball and a goal", "ball"),
}


def task_words(task: str) -> TaskWords:
    """What a task is about.

    Args:
        task: Name of the task, which need not be one of those that ship: nothing is loaded.

    Examples:
        >>> task_words("csr-reference").ground
        'curves, steps and rugged squares'
        >>> task_words("somebody.module:hills").points
        ''
        >>> task_words("stairs.xml#0123456789ab").ground
        'the ground of the scene stairs.xml'
    """
    known = _WORDS.get(task.removesuffix("-reference"))
    if known is not None:
        return known
    scene = task.replace(chr(92), "/").rpartition("/")[2].partition("#")[0]
    if scene.lower().endswith(".xml"):
        return TaskWords(ground=f"the ground of the scene {scene}")
    return TaskWords(
        ground=f"the ground of {task}", wanted="bodies with a high score", points="", unit=""
    )
