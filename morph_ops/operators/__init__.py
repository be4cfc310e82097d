"""Moves in the space of bodies: DERL's seven mutations and a crossover.

An operator is a pure function: a body and a :class:`numpy.random.Generator` in, a new body
out, the input untouched; the same generator state gives the same child. Each keeps every
invariant that its parent keeps (:mod:`morph_ops.validity.invariants`), makes contact excludes and rest
height anew, and raises :class:`OperatorError` when it finds no valid child in 50 tries.

Imported bodies are changed like sampled ones: all that an operator needs is derived from
physical values, and what it does not touch stays number for number. A published robot that
sat at another height is put at its rest height by its first operator.

============ ===============================================================
operator     changes
============ ===============================================================
grow_limb    one more limb, or one more mirrored pair
delete_limb  one outermost limb less, with its twin
limb_params  height and radius of a limb and its twin
dof          which hinges one limb pair has, or all
joint_angle  ranges of the hinges of one limb pair, or all
gear         gears of the motors of one limb pair, or all
density      the torso's density and the one that all limbs share
============ ===============================================================

Source: Gupta 2021 for the mutations; the crossover is ours.

Example:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> rng = np.random.default_rng(1)
    >>> body = sample_body(rng)
    >>> child, name = mutate(body, rng, rates={"gear": 1.0})
    >>> name
    'gear'
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.graph import limbs
from morph_ops.operators.common import Operator, checked
from morph_ops.operators.crossover import crossover
from morph_ops.operators.delete import FEWEST, delete_limb
from morph_ops.operators.density import density
from morph_ops.operators.grow import grow_limb
from morph_ops.operators.joint import dof, gear, joint_angle
from morph_ops.operators.limb import limb_params
from morph_ops.space import UNIMAL, Space

__all__ = [
    "OPERATORS",
    "Operator",
    "OperatorError",
    "crossover",
    "delete_limb",
    "density",
    "dof",
    "gear",
    "grow_limb",
    "joint_angle",
    "limb_params",
    "mutate",
]

OPERATORS: dict[str, Operator] = {
    "grow_limb": grow_limb,
    "delete_limb": delete_limb,
    "limb_params": limb_params,
    "dof": dof,
    "joint_angle": joint_angle,
    "gear": gear,
    "density": density,
}
"""The mutations, by name."""


def mutate(
    graph: nx.DiGraph[str],
    rng: np.random.Generator,
    *,
    rates: Mapping[str, float] | None = None,
    own: Mapping[str, Operator] | None = None,
    space: Space = UNIMAL,
) -> tuple[nx.DiGraph[str], str]:
    """A child by one mutation, drawn among those that apply.

    As in DERL a body at the limb limit does not grow, one with 2 limbs or fewer loses none,
    and a torso alone can only grow. When the drawn mutation finds no valid child another
    is drawn.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        rates: weight of each mutation, by its name in :data:`OPERATORS`; those not named
            never happen. By default all weigh the same.
        own: more mutations, by name, that ``rates`` may name; their children get contact
            excludes and rest height, and must keep what their parents keep.
        space: the design space.

    Returns:
        The child and the name of the mutation that made it.

    Raises:
        ValueError: a rate for no known mutation, or a negative one.
        OperatorError: no mutation with a rate above 0 applies and finds a valid child.
    """
    known = OPERATORS | {name: checked(name, operator) for name, operator in (own or {}).items()}
    weights = dict.fromkeys(known, 1.0) if rates is None else dict(rates)
    for name, rate in weights.items():
        if name not in known:
            raise ValueError(f"rates: no mutation {name!r}; choose from {', '.join(known)}")
        if not rate >= 0:
            raise ValueError(f"rates: the rate of {name!r} should be 0 or more, got {rate}")
    count = len(limbs(graph))
    # In the table's order, so that the order of the caller's rates changes nothing.
    left = {
        name: weights[name]
        for name in known
        if weights.get(name, 0.0) > 0 and _applies(name, count, space)
    }
    while left:
        shares = np.array(list(left.values()))
        name = list(left)[int(rng.choice(len(left), p=shares / shares.sum()))]
        try:
            return known[name](graph, rng, space=space), name
        except OperatorError:
            del left[name]
    wanted = ", ".join(name for name, rate in weights.items() if rate > 0) or "none with a rate"
    raise OperatorError(f"mutate: no mutation applies to a body of {count} limbs ({wanted})")


def _applies(name: str, count: int, space: Space) -> bool:
    if count == 0:
        return name == "grow_limb"
    if name == "grow_limb":
        return count < space.max_limbs
    return name != "delete_limb" or count > FEWEST
