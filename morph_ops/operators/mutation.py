"""The table of mutations, and the draw of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import networkx as nx
import numpy as np

from morph_ops._registry import Registry, require_name, unfit_plugin
from morph_ops.errors import OperatorError
from morph_ops.graph import grown_limbs
from morph_ops.operators.common import Operator, completed
from morph_ops.operators.delete import delete_limb, fewest
from morph_ops.operators.density import density
from morph_ops.operators.grow import grow_limb
from morph_ops.operators.joint import dof, gear, joint_angle
from morph_ops.operators.limb import can_lengthen, limb_length, limb_params
from morph_ops.operators.scale import can_scale, scale_own
from morph_ops.space import UNIMAL, Space

__all__ = ["OPERATORS", "mutate"]


def _plugin_operator(name: str, found: Any) -> Operator:
    if not callable(found):
        raise unfit_plugin(name, what="operator", expected="an operator", found=found)
    return cast(Operator, found)


OPERATORS: Registry[Operator] = Registry(
    "operator",
    {
        "grow_limb": grow_limb,
        "delete_limb": delete_limb,
        "limb_params": limb_params,
        "dof": dof,
        "joint_angle": joint_angle,
        "gear": gear,
        "density": density,
        "scale_own": scale_own,
        "limb_length": limb_length,
    },
    plugin=_plugin_operator,
)
"""The mutations, by name."""


def mutate(
    graph: nx.DiGraph[str],
    rng: np.random.Generator,
    *,
    rates: Mapping[str, float] | None = None,
    custom: Mapping[str, Operator] | None = None,
    space: Space = UNIMAL,
) -> tuple[nx.DiGraph[str], str]:
    """A child by one mutation, drawn among those that apply.

    As in DERL, a body at the limb limit does not grow, a body with two limbs or fewer loses
    none, and a torso alone can only grow. If the drawn mutation finds no valid child, another
    one is drawn.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        rates: Weight of each mutation by its name in :data:`OPERATORS`. A mutation without a
            rate never happens. None gives all mutations the same weight.
        custom: More mutations by name, which ``rates`` may name. Their children get contact
            excludes and rest height, and must keep the invariants that their parents keep.
        space: The design space.

    Returns:
        The child, and the name of the mutation that made it.

    Raises:
        UnknownNameError: A rate names no known mutation.
        ValueError: A rate is negative or not a number.
        OperatorError: No mutation with a rate above 0 applies and finds a valid child.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> child, name = mutate(sample_body(rng), rng, rates={"dof": 1.0, "gear": 1.0})
        >>> name in ("dof", "gear")
        True
    """
    more = {name: completed(name, operator) for name, operator in (custom or {}).items()}
    known: dict[str, Operator] = {**OPERATORS, **more}
    weights = dict.fromkeys(known, 1.0) if rates is None else dict(rates)
    for name, rate in weights.items():
        require_name(known, name, what="operator")
        if not rate >= 0:
            raise ValueError(f"rates: expected 0 or more for {name!r}, got {rate}")
    count = len(grown_limbs(graph))
    # In the table's order, so that the order of the caller's rates has no effect.
    left = {
        name: weights[name]
        for name in known
        if weights.get(name, 0.0) > 0 and _applies(name, graph, count, space)
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


def _applies(name: str, graph: nx.DiGraph[str], count: int, space: Space) -> bool:
    if name == "scale_own":
        return can_scale(graph, space)
    if name == "limb_length":
        return count > 0 and can_lengthen(space)
    if count == 0:
        return name == "grow_limb"
    if name == "grow_limb":
        return count < space.max_limbs
    return name != "delete_limb" or count > fewest(graph)
