"""What the operators share: their contract, and the steps that end each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.graph import Joint, Limb, Slot, root
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, anchor, at_rest_height, joint_axis
from morph_ops.validity.contacts import exclude_touching
from morph_ops.validity.invariants import new_violations

ATTEMPTS = 50
"""How often an operator draws again before it gives up, as in DERL."""

T = TypeVar("T")

NewHinge: TypeAlias = tuple[Slot, tuple[float, float], float]
"""A hinge yet without a limb: slot, range (deg), gear (N m)."""


class Operator(Protocol):
    """A mutation: a body and a generator in, a new body out, the input untouched."""

    def __call__(
        self, graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
    ) -> nx.DiGraph[str]:
        """Returns the child."""
        ...


def first_valid(
    name: str,
    before: nx.DiGraph[str],
    propose: Callable[[], nx.DiGraph[str] | None],
    *,
    space: Space,
) -> nx.DiGraph[str]:
    """The first proposal that breaks no invariant that ``before`` keeps.

    Contact excludes and rest height of each proposal are recomputed first.

    Args:
        name: of the operator, for the message.
        before: the parent.
        propose: draws a child, or None where the draw leads to none.
        space: the design space.

    Raises:
        OperatorError: none of :data:`ATTEMPTS` proposals is valid.
    """
    reason = "no draw fitted"
    for _ in range(ATTEMPTS):
        proposal = propose()
        if proposal is None:
            continue
        pose = Pose.of(proposal, space=space)
        child = exclude_touching(proposal, frames=pose.frames)
        child = at_rest_height(child, space=space, pose=pose)
        broken = new_violations(before, child, space=space, pose=pose)
        if not broken:
            return child
        reason = broken[0].message
    raise OperatorError(f"{name}: no valid child in {ATTEMPTS} tries; the last reason: {reason}")


def checked(name: str, operator: Operator) -> Operator:
    """An operator of the user's own that ends as all do, see :func:`first_valid`.

    It is called until a child is valid, and may raise :class:`OperatorError` to give up.

    Raises:
        TypeError: when it is called and gives no graph, as one that forgets to return does.
    """

    def apply(
        graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
    ) -> nx.DiGraph[str]:
        def proposed() -> nx.DiGraph[str]:
            child = operator(graph, rng, space=space)
            if not isinstance(child, nx.DiGraph):
                raise TypeError(f"{name} gave {child!r}, expected a body (a networkx.DiGraph)")
            return child

        return first_valid(name, graph, proposed, space=space)

    return apply


def draw(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, all equally likely, as the object it is."""
    return options[int(rng.integers(len(options)))]


def draw_other(rng: np.random.Generator, options: Sequence[T], current: T) -> T:
    """One of the options that are not ``current``; ``current`` where there is none."""
    others = [option for option in options if option != current]
    return draw(rng, others) if others else current


def next_number(graph: nx.DiGraph[str]) -> int:
    """One more than the largest number in a limb's name; 0 where no limb has one."""
    tails = [name.rsplit("/", 1)[-1] for name in graph if name != root(graph)]
    return max((int(tail) for tail in tails if tail.isdecimal()), default=-1) + 1


def draw_hinges(
    rng: np.random.Generator, slots: tuple[Slot, ...], *, space: Space
) -> list[NewHinge]:
    """A random range and gear for each slot."""
    return [(slot, draw(rng, space.ranges_deg), draw(rng, space.gears)) for slot in slots]


def new_joint(record: Limb, hinge: NewHinge, *, name: str, direction: Sequence[float]) -> Joint:
    """A hinge of the space for a limb: axis of its geom frame, anchor behind its origin.

    Args:
        record: the limb; its other joints do not matter.
        hinge: slot, range and gear.
        name: of the limb; its number, where it is called "limb/" and a number, or else the
            whole name becomes the joint's.
        direction: direction of the limb in its own frame.
    """
    slot, range_deg, gear = hinge
    number = name.removeprefix("limb/")
    return Joint(
        name=joint_name(slot, number if number.isdecimal() else name),
        slot=slot,
        pos=anchor(record.radius, direction),
        axis=joint_axis(record.start, record.end, slot),
        range_deg=range_deg,
        gear=gear,
    )


def joint_name(slot: Slot, number: int | str) -> str:
    """Name of a hinge and its motor."""
    return f"limb{slot}/{number}"
