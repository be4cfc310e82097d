"""The invariants of a design space: named checks, each with messages for people.

======== ==========================================================================
check    condition
======== ==========================================================================
tree     the graph is a body: one torso at the root, limbs with one or two hinges below
         it, and usable names and numbers
         (:func:`morph_ops.validity.wellformed.require_well_formed`)
limit    the body has at most ``space.max_limbs`` limbs
symmetry every limb is its own mirror image, or has a twin with the same mass, joint
         slots, ranges, and gears
balance  the center of mass lies in the mirror plane
overlap  no two nodes intersect in the rest pose, except a limb and its parent, and twins
         on one parent
ranges   every value is one of the space's: radii, heights, densities (one for all
         limbs), directions, sites, hinge anchors, axes, ranges, and gears
======== ==========================================================================

A check is a function of a graph and a :class:`~morph_ops.space.Space` that works alone. All
but ``tree`` expect a tree. All 134 robots of Unimal-100 that were at hand pass all checks.
"""

from __future__ import annotations

import networkx as nx

from morph_ops._registry import Registry
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose
from morph_ops.validity.checks import (
    Check,
    Violation,
    check_balance,
    check_limit,
    check_overlap,
    check_ranges,
    check_symmetry,
    check_tree,
)

__all__ = ["CHECKS", "find_violations", "is_valid", "new_violations", "violations"]

CHECKS: Registry[Check] = Registry(
    "check",
    {
        "tree": check_tree,
        "limit": check_limit,
        "symmetry": check_symmetry,
        "balance": check_balance,
        "overlap": check_overlap,
        "ranges": check_ranges,
    },
)
"""The checks of all invariants, by name."""


def find_violations(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """All ways in which a body breaks an invariant.

    Args:
        graph: A body.
        space: The design space.
        pose: Rest pose of the body; None computes it.

    Returns:
        The violations; if the graph is no tree, only the one of the check ``tree``.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.2, density=800.0))
        >>> [(found.check, found.where, found.what) for found in find_violations(body)]
        [('ranges', ('torso/0',), 'radius')]
    """
    broken = check_tree(graph)
    if broken:
        return broken
    pose = pose or Pose.of(graph, space=space)
    others = (check for name, check in CHECKS.items() if name != "tree")
    return [violation for check in others for violation in check(graph, space=space, pose=pose)]


def violations(graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> list[str]:
    """One message for each way in which a body breaks an invariant; none for a valid body.

    Args:
        graph: A body.
        space: The design space.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> violations(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.2, density=800.0)))
        ['ranges: torso/0: expected one of 0.1 as radius, got 0.2']
    """
    return [f"{found.check}: {found.message}" for found in find_violations(graph, space=space)]


def is_valid(graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> bool:
    """Whether a body keeps every invariant.

    Args:
        graph: A body.
        space: The design space.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> is_valid(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0)))
        True
    """
    return not find_violations(graph, space=space)


def new_violations(
    before: nx.DiGraph[str],
    after: nx.DiGraph[str],
    *,
    space: Space = UNIMAL,
    pose: Pose | None = None,
) -> list[Violation]:
    """The violations of ``after`` that ``before`` does not have.

    Args:
        before: The parent; the invariants that it breaks may stay broken.
        after: The child.
        space: The design space.
        pose: Rest pose of the child; None computes it.

    Examples:
        >>> from dataclasses import replace
        >>> from morph_ops.graph import Torso, new_body
        >>> before = Torso(pos=(0.0, 0.0, 0.3), radius=0.2, density=800.0)
        >>> after = replace(before, density=850.0)
        >>> [found.what for found in new_violations(new_body(before), new_body(after))]
        ['density']
    """
    broken = find_violations(after, space=space, pose=pose)
    if not broken:
        return []
    known = {(v.check, v.where, v.what) for v in find_violations(before, space=space)}
    return [v for v in broken if (v.check, v.where, v.what) not in known]
