"""Names that settings accept, and the place where each one is defined.

The definitions need the packages of the search, so they are not imported here: every name
stands for a reference ``package.module:attribute``, which :meth:`Definitions.lookup` imports on
demand. Users refer to their own definitions in the same way (docs/guides/extending.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from morph_ops._registry import Registry, load_plugin

_CAMPAIGN = "codesign.campaign"
_DUTY_FACTORS = ("duty_1", "duty_2", "duty_3", "duty_4")


def _as_found(name: str, found: Any) -> Any:
    del name
    return found


class Definitions(Registry[Any]):
    """A registry whose entries are references to their definitions.

    Args:
        what: The noun for one entry, used in error messages.
        references: References by name.

    Examples:
        >>> functions = Definitions("function", {"root": "math:sqrt"})
        >>> functions.lookup("root")(4.0), functions.lookup("math:hypot")(3.0, 4.0)
        (2.0, 5.0)
    """

    def __init__(self, what: str, references: Mapping[str, str]) -> None:
        super().__init__(what, references, plugin=_as_found)

    def lookup(self, name: str) -> Any:
        """The definition with this name, or the plugin that the name stands for.

        Raises:
            UnknownNameError: No definition has this name.
            UnknownNameError: The plugin cannot be imported.
        """
        found = super().lookup(name)
        return load_plugin(self[name], what=self.what) if name in self else found


class ObjectiveDefinitions(Definitions):
    """Objectives, whose names may end in ``@TASK``: their value on one of several tasks.

    Examples:
        >>> objectives = ObjectiveDefinitions("objective", {"root": "math:sqrt"})
        >>> objectives.require("root@csr")
    """

    def require(self, name: str) -> None:
        """Refuse an objective that :meth:`lookup` cannot find; the task is not checked.

        Raises:
            UnknownNameError: No objective has this name.
        """
        super().require(split_objective(name)[0])


def split_objective(name: str) -> tuple[str, str | None]:
    """The name of an objective, and the task that it is about; None for all tasks of a campaign.

    Examples:
        >>> split_objective("score@csr"), split_objective("mass")
        (('score', 'csr'), ('mass', None))
    """
    objective, _, task = name.partition("@")
    return objective, task or None


def has_bounds(task: str) -> bool:
    """Whether racing can bound scores on a task.

    Args:
        task: Name of the task. A custom one is not imported, and counts as one that has; the scorer
            refuses it.

    Examples:
        >>> has_bounds("csr"), has_bounds("patrol")
        (True, False)
    """
    from hyperdistill_core.tasks import TASKS

    return task not in TASKS or TASKS[task].along_x


def _in(module: str, names: Iterable[str]) -> dict[str, str]:
    """References to attributes that are called like the names."""
    return {name: f"{module}:{name}" for name in names}


#: Algorithms of a campaign.
ALGORITHMS = Definitions(
    "algorithm",
    {
        "random": f"{_CAMPAIGN}.algorithms:Random",
        "aging": f"{_CAMPAIGN}.algorithms:Aging",
        "mu_plus_lambda": f"{_CAMPAIGN}.algorithms:MuPlusLambda",
        "nsga2": f"{_CAMPAIGN}.algorithms:NSGA2",
        "map_elites": f"{_CAMPAIGN}.algorithms:MapElites",
        "novelty": f"{_CAMPAIGN}.algorithms:Novelty",
        "islands": f"{_CAMPAIGN}.algorithms:Islands",
    },
)
#: Algorithms that an island can run: those with a population that migrants can join.
ISLANDS = Registry("island", {name: ALGORITHMS[name] for name in ("aging", "mu_plus_lambda")})
#: Algorithms that set a threshold for racing: those that compare bodies by the score alone.
RACING = ("random", "aging", "mu_plus_lambda", "islands")
#: Why racing refuses a task.
NO_BOUNDS = (
    "expected a task that rewards moving along x, got {task}: rewards for goals, objects or ground "
    "come late or once, so the beginning of an episode bounds no score; {instead}"
)
#: Objectives of "nsga2".
OBJECTIVES = ObjectiveDefinitions(
    "objective",
    _in(
        f"{_CAMPAIGN}.objectives",
        ("score", "speed", "cost_of_transport", "mass", "actuators", "robustness"),
    ),
)
#: Descriptors of "map_elites" and "novelty".
DESCRIPTORS = Definitions(
    "descriptor",
    _in(
        f"{_CAMPAIGN}.descriptors",
        ("size", "limbs", "mass", "actuators", "symmetry", "contact", "height", *_DUTY_FACTORS),
    ),
)
