"""Common parts of the operators: their protocol, and the last steps of each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.graph import Joint, Limb, Slot, root
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, anchor, at_rest_height, joint_axis
from morph_ops.validity.contacts import exclude_touching
from morph_ops.validity.invariants import new_violations
from morph_ops.validity.own_physics import keeps_own_nodes

__all__ = [
    "ATTEMPTS",
    "HingeDraw",
    "Operator",
    "completed",
    "draw",
    "draw_hinges",
    "draw_other",
    "first_valid",
    "joint_name",
    "new_joint",
    "next_number",
]

ATTEMPTS = 50
"""Number of attempts of an operator to find a valid child, as in DERL."""

T = TypeVar("T")


class Operator(Protocol):
    """A mutation: a body and a generator in, a new body out; the input stays untouched."""

    def __call__(
        self, graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
    ) -> nx.DiGraph[str]:
        """The child of a body.

        Args:
            graph: A body; it stays untouched.
            rng: The only source of randomness; its state advances.
            space: The design space.

        Raises:
            OperatorError: No valid child was found.
        """
        ...


def first_valid(
    name: str,
    before: nx.DiGraph[str],
    propose: Callable[[], nx.DiGraph[str] | None],
    *,
    space: Space,
    changes_own: bool = False,
) -> nx.DiGraph[str]:
    """The first proposal that keeps every invariant that the parent keeps.

    Contact excludes and rest height of each proposal are recomputed before the check.

    Args:
        name: Name of the operator, for the error message.
        before: The parent.
        propose: Function that draws a child; it returns None if the draw leads to no child.
        space: The design space.
        changes_own: Whether a proposal may change nodes whose physics a robot brings along.

    Raises:
        OperatorError: None of :data:`ATTEMPTS` proposals is valid.
    """
    reason = "no draw led to a child"
    for _ in range(ATTEMPTS):
        proposal = propose()
        if proposal is None:
            continue
        if not changes_own and not keeps_own_nodes(before, proposal):
            reason = "it changes nodes whose physics the robot brings along"
            continue
        pose = Pose.of(proposal, space=space)
        child = exclude_touching(proposal, frames=pose.frames)
        child = at_rest_height(child, space=space, pose=pose)
        broken = new_violations(before, child, space=space, pose=pose)
        if not broken:
            return child
        reason = broken[0].message
    raise OperatorError(
        f"{name}: found no valid child in {ATTEMPTS} attempts; the last reason: {reason}"
    )


def completed(name: str, operator: Operator) -> Operator:
    """A custom operator with the last steps of the built-in ones, see :func:`first_valid`.

    The custom operator is called until a child is valid. It may raise :class:`OperatorError`
    to stop earlier.

    Args:
        name: Name of the operator, for error messages.
        operator: The custom operator.

    Returns:
        An operator. A call raises TypeError if the custom operator returns no graph, which
        happens when its author forgets to return the child.

    Examples:
        >>> from dataclasses import replace
        >>> from morph_ops.graph import torso, with_nodes
        >>> from morph_ops.sampling import sample_body
        >>> def light_torso(graph, rng, *, space=UNIMAL):
        ...     return with_nodes(graph, [(root(graph), replace(torso(graph), density=500.0))])
        >>> rng = np.random.default_rng(11)
        >>> child = completed("light_torso", light_torso)(sample_body(rng), rng)
        >>> torso(child).density
        500.0
    """

    def apply(
        graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
    ) -> nx.DiGraph[str]:
        def propose() -> nx.DiGraph[str]:
            child = cast(object, operator(graph, rng, space=space))
            if not isinstance(child, nx.DiGraph):
                raise TypeError(
                    f"operator {name} returned {child!r}, expected a body (a networkx.DiGraph)"
                )
            return cast("nx.DiGraph[str]", child)

        return first_valid(name, graph, propose, space=space)

    return apply


# --- draws -------------------------------------------------------------------------------


@dataclass(frozen=True)
class HingeDraw:
    """The drawn values of a new hinge, which no limb has yet.

    Attributes:
        slot: Joint slot.
        range_deg: Lower and upper limit of the angle (deg).
        gear: Torque at full control (N m).
    """

    slot: Slot
    range_deg: tuple[float, float]
    gear: float


def draw(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options at random, all equally likely, as the same object.

    Examples:
        >>> draw(np.random.default_rng(0), ["a", "b", "c"]) in ("a", "b", "c")
        True
    """
    return options[int(rng.integers(len(options)))]


def draw_other(rng: np.random.Generator, options: Sequence[T], current: T) -> T:
    """One of the options that differ from ``current`` at random; ``current`` if none does.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> draw_other(rng, [1, 2], 1), draw_other(rng, [1], 1)
        (2, 1)
    """
    others = [option for option in options if option != current]
    return draw(rng, others) if others else current


def draw_hinges(
    rng: np.random.Generator, slots: tuple[Slot, ...], *, space: Space
) -> list[HingeDraw]:
    """A random range and gear for each slot.

    Examples:
        >>> hinges = draw_hinges(np.random.default_rng(0), ("x", "y"), space=UNIMAL)
        >>> [hinge.slot for hinge in hinges]
        ['x', 'y']
    """
    return [HingeDraw(slot, draw(rng, space.ranges_deg), draw(rng, space.gears)) for slot in slots]


# --- names and hinges --------------------------------------------------------------------


def next_number(graph: nx.DiGraph[str]) -> int:
    """The largest number at the end of a limb's name plus one; 0 if no limb has a number.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> list(body), next_number(body)
        (['torso/0', 'limb/0', 'limb/1', 'limb/2'], 3)
    """
    tails = [name.rsplit("/", 1)[-1] for name in graph if name != root(graph)]
    return max((int(tail) for tail in tails if tail.isdecimal()), default=-1) + 1


def joint_name(slot: Slot, number: int | str) -> str:
    """Name of a hinge and its motor.

    Examples:
        >>> joint_name("x", 3)
        'limbx/3'
    """
    return f"limb{slot}/{number}"


def new_joint(limb: Limb, hinge: HingeDraw, *, name: str, direction: Sequence[float]) -> Joint:
    """A hinge of the space for a limb: its axis from the geom frame, its anchor at the start.

    Args:
        limb: The limb; its present joints have no effect.
        hinge: The drawn values of the hinge.
        name: Name of the limb. If it is "limb/" and a number, the number becomes part of the
            hinge's name, and otherwise the whole name does.
        direction: Direction of the limb in its own frame.

    Examples:
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, density=900.0)
        >>> hinge = HingeDraw("x", (-30.0, 30.0), 150.0)
        >>> joint = new_joint(leg, hinge, name="limb/2", direction=(0.0, 0.0, -1.0))
        >>> joint.name, joint.axis
        ('limbx/2', (1.0, 0.0, 0.0))
    """
    number = name.removeprefix("limb/")
    return Joint(
        name=joint_name(hinge.slot, number if number.isdecimal() else name),
        slot=hinge.slot,
        pos=anchor(limb.radius, direction),
        axis=joint_axis(limb.start, limb.end, hinge.slot),
        range_deg=hinge.range_deg,
        gear=hinge.gear,
    )
