"""What each number of an observation and of an action means, from the tables of the features."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from hyperdistill_core.features import STATE, STATE_DIM, BodyLayout
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops.graph import SLOTS

#: Stands in docstrings for :func:`state_table`.
STATE_TABLE = "{state_table}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Some consecutive numbers of an observation or an action.

    Attributes:
        start: Index of the first number.
        stop: Index after the last number.
        of: Name of the node, or of the hinge that a motor drives.
        meaning: Meaning of the numbers.
        unit: Unit of the numbers; "-" where they have none.
    """

    start: int
    stop: int
    of: str
    meaning: str
    unit: str


def observation_table(body: nx.DiGraph[str]) -> list[Row]:
    """The numbers of an observation of a body, node by node.

    Args:
        body: The body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> row = observation_table(body)[1]
        >>> row.start, row.stop, row.of, row.meaning, row.unit
        (3, 6, 'torso/0', 'linear velocity of the origin of the frame', 'm/s')
    """
    return [
        Row(
            start=number * STATE_DIM + feature.start,
            stop=number * STATE_DIM + feature.stop,
            of=node,
            meaning=feature.name,
            unit=feature.unit,
        )
        for number, node in enumerate(body_graph.node_names(body))
        for feature in STATE
    ]


def action_table(body: nx.DiGraph[str], *, task: str = "flat") -> list[Row]:
    """The numbers of an action of a body, motor by motor.

    Args:
        body: The body.
        task: Name of the task.

    Raises:
        BodyError: The graph is not a valid body.
        UnknownNameError: There is no such task.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> action_table(body)[0].meaning
        'torque as a share of the largest, 150 N m'
    """
    layout = BodyLayout.from_graph(body, get_task(task).model(body))
    names = body_graph.node_names(body)
    hinges = {
        2 * names.index(node) + SLOTS.index(joint.slot): joint
        for node, joint in body_graph.joints(body)
    }
    own = body_graph.physics(body)
    n_own = 0 if own is None else len(own.drives)
    rows: list[Row] = []
    for number, place in enumerate(layout.actions.tolist()):
        hinge = hinges[place]
        meaning = (
            "share of the range of the robot's own actuator"
            if number < n_own
            else f"torque as a share of the largest, {hinge.gear:g} N m"
        )
        rows.append(
            Row(start=number, stop=number + 1, of=hinge.name, meaning=meaning, unit="-1..1")
        )
    return rows


def state_table() -> str:
    """The numbers of a node in an observation, as a table in Markdown.

    Examples:
        >>> print(state_table().splitlines()[3])
        | 3-5 | linear velocity of the origin of the frame | m/s |
    """
    head = ["| numbers of a node | meaning | unit |", "| --- | --- | --- |"]
    return "\n".join([*head, *_cells()])


def _cells() -> Iterable[str]:
    for feature in STATE:
        last = feature.stop - 1
        numbers = str(last) if feature.start == last else f"{feature.start}-{last}"
        yield f"| {numbers} | {feature.name} | {feature.unit} |"


def with_state_table(documented: type) -> type:
    """Write :func:`state_table` into the docstring of a class, where it says ``{state_table}``.

    Args:
        documented: The class; it is changed in place.
    """
    indented = state_table().replace("\n", "\n    ")
    documented.__doc__ = (documented.__doc__ or "").replace(STATE_TABLE, indented)
    return documented
