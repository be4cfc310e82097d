"""Bodies with other physics: what users' robots differ in, and all UNIMAL robots have in common.

Each row is drawn with probability 1/2, and at least one is. Hinges of a mirrored pair stay equal.

    ============ =============================================================================
    quantity     draw
    ============ =============================================================================
    armature     log-uniform 0.01 .. 2 kg m^2 for the body, x 0.7 .. 1.4 for each hinge
    damping      log-uniform 0.05 .. 5 N m s/rad for the body, x 0.7 .. 1.4 for each hinge
    stiffness    0 for half of the bodies, else log-uniform 0.1 .. 20 N m/rad
    gear         log-uniform x 0.2 .. 1.5 for the body, x 0.7 .. 1.4 for each motor
    mass         log-uniform x 0.4 .. 2 for the torso and for each limb
    friction     sliding friction uniform 0.7 .. 1.5 for the body
    limb length  as the variation ``limb-length``
    joint range  as the variation ``joint-range``
    ============ =============================================================================

These go beyond the variations of :mod:`hyperdistill_core.evaluation.variations`, which test a
controller, in order to reach robots from elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import networkx as nx
import numpy as np

from hyperdistill_core.evaluation.variations import VARIATIONS
from morph_ops.geometry import density, limb_groups
from morph_ops.graph import Joint, limb, node, root, with_nodes

ARMATURE = (0.01, 2.0)
DAMPING = (0.05, 5.0)
STIFFNESS = (0.1, 20.0)
GEAR = (0.2, 1.5)
MASS = (0.4, 2.0)
FRICTION = (0.7, 1.5)
#: Factor of a single hinge on what its body has.
OF_HINGE = (0.7, 1.4)

_Change: TypeAlias = "Callable[[nx.DiGraph[str], np.random.Generator], nx.DiGraph[str]]"


def with_varied_physics(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body with other dynamics, and perhaps other limb lengths and joint ranges.

    Args:
        graph: The body.
        rng: Generator of the draws.

    Raises:
        OperatorError: No valid limb lengths or joint ranges were found.

    Examples:
        >>> from morph_ops.identity import is_same
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> varied = with_varied_physics(body, np.random.default_rng(1))
        >>> is_same(varied, body), list(varied) == list(body)
        (False, True)
    """
    drawn = rng.random(len(_CHANGES)) < 0.5
    drawn[rng.integers(len(_CHANGES))] = True
    for change, is_drawn in zip(_CHANGES.values(), drawn.tolist(), strict=True):
        if is_drawn:
            graph = change(graph, rng)
    return graph


def _armature(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    of_body = _log_uniform(rng, ARMATURE)
    return _with_hinges(
        graph, rng, lambda joint, factor: replace(joint, armature=_rounded(of_body * factor))
    )


def _damping(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    of_body = _log_uniform(rng, DAMPING)
    return _with_hinges(
        graph, rng, lambda joint, factor: replace(joint, damping=_rounded(of_body * factor))
    )


def _stiffness(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    of_body = _log_uniform(rng, STIFFNESS) * (rng.random() < 0.5)
    return _with_hinges(
        graph, rng, lambda joint, factor: replace(joint, stiffness=_rounded(of_body * factor))
    )


def _gear(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    of_body = _log_uniform(rng, GEAR)
    return _with_hinges(
        graph,
        rng,
        lambda joint, factor: replace(joint, gear=_rounded(joint.gear * of_body * factor)),
    )


def _mass(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    nodes = [(root(graph),), *limb_groups(graph)]
    factors = {
        name: factor for group in nodes for factor in (_log_uniform(rng, MASS),) for name in group
    }
    records = ((name, node(graph, name), factor) for name, factor in factors.items())
    return with_nodes(
        graph,
        [
            (name, replace(record, density=_rounded(density(record) * factor), mass=None))
            for name, record, factor in records
        ],
    )


def _friction(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    sliding = _rounded(rng.uniform(*FRICTION))
    records = ((name, node(graph, name)) for name in graph)
    return with_nodes(
        graph,
        [
            (name, replace(record, friction=(sliding, *record.friction[1:])))
            for name, record in records
        ],
    )


_CHANGES: Mapping[str, _Change] = {
    "limb-length": VARIATIONS["limb-length"].vary,
    "joint-range": VARIATIONS["joint-range"].vary,
    "armature": _armature,
    "damping": _damping,
    "stiffness": _stiffness,
    "gear": _gear,
    "mass": _mass,
    "friction": _friction,
}


def _with_hinges(
    graph: nx.DiGraph[str], rng: np.random.Generator, change: Callable[[Joint, float], Joint]
) -> nx.DiGraph[str]:
    """Change every hinge by its own factor; mirrored hinges share theirs."""
    changed = graph
    for group in limb_groups(graph):
        factors = {slot: _log_uniform(rng, OF_HINGE) for slot in ("x", "y")}
        for name in group:
            record = limb(graph, name)
            joints = tuple(change(joint, factors[joint.slot]) for joint in record.joints)
            changed = with_nodes(changed, [(name, replace(record, joints=joints))])
    return changed


def _log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _rounded(value: float) -> float:
    """Round to four significant digits: files stay readable, and no small value becomes zero."""
    return float(f"{value:.4g}")
