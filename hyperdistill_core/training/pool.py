"""The bodies that a controller learns on: robots given, freshly sampled ones, and mutants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from morph_ops import graph as bodies_graph
from morph_ops.identity import body_hash
from morph_ops.operators import OperatorError, mutate
from morph_ops.space import sample_body

MAX_MUTATIONS = 4
ROBOT_MUTANTS = 0.5


@dataclass(frozen=True)
class PoolSettings:
    """What a pool holds.

    Attributes:
        sampled: freshly sampled bodies.
        mutants: bodies made by 1 to 4 mutations, half of them of one of the robots given.
        seed: of sampling and mutation.
    """

    sampled: int = 2000
    mutants: int = 1000
    seed: int = 0


def plan_hash(graph: nx.DiGraph) -> str:
    """Hash of a body plan: equal for bodies that differ in densities, gears or ranges alone."""
    parts = []
    for name in bodies_graph.bodies(graph):
        part = bodies_graph.part(graph, name)
        part = replace(part, density=1000.0, mass=None)
        if isinstance(part, bodies_graph.Limb):
            joints = tuple(replace(j, gear=150.0, range_deg=(-30.0, 30.0)) for j in part.joints)
            part = replace(part, joints=joints)
        parts.append((name, part))
    return body_hash(bodies_graph.with_parts(graph, parts))


def make_pool(
    settings: PoolSettings,
    *,
    robots: Sequence[nx.DiGraph] = (),
    held_out: Iterable[nx.DiGraph] = (),
) -> list[nx.DiGraph]:
    """A pool of distinct bodies: ``robots`` first, then sampled bodies, then mutants.

    Args:
        settings: sizes and seed; the same settings and robots give the same pool.
        robots: bodies to begin with, duplicates among them dropped.
        held_out: bodies of which no new body may have the plan: none that equals one of
            them but for densities, gears or joint ranges enters by sampling or mutation.

    Returns:
        ``len(distinct robots) + sampled + mutants`` bodies.
    """
    rng = np.random.default_rng(settings.seed)
    forbidden = {plan_hash(graph) for graph in held_out}
    pool: list[nx.DiGraph] = []
    seen: set[str] = set()

    def admit(graph: nx.DiGraph) -> bool:
        digest = body_hash(graph)
        if digest in seen:
            return False
        seen.add(digest)
        pool.append(graph)
        return True

    def admit_new(graph: nx.DiGraph) -> bool:
        return plan_hash(graph) not in forbidden and admit(graph)

    for graph in robots:
        admit(graph)
    wanted = len(pool) + settings.sampled
    while len(pool) < wanted:
        admit_new(sample_body(rng))
    n_robots, parents = wanted - settings.sampled, len(pool)
    wanted += settings.mutants
    while len(pool) < wanted:
        of_robot = n_robots > 0 and rng.random() < ROBOT_MUTANTS
        graph = pool[rng.integers(n_robots if of_robot else parents)]
        try:
            for _ in range(rng.integers(1, MAX_MUTATIONS + 1)):
                graph, _ = mutate(graph, rng)
        except OperatorError:
            continue
        admit_new(graph)
    return pool
