"""The bodies that a controller learns on: robots given, sampled bodies, children, mutants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops import graph as bodies_graph
from morph_ops.graph import BodyError
from morph_ops.identity import body_hash
from morph_ops.jsonio import from_json, to_json
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.space import sample_body
from morph_ops.textfile import read_text, write_text

Origin: TypeAlias = Literal["robot", "sampled", "child", "mutant"]
MAX_MUTATIONS = 4


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """What a pool holds.

    Attributes:
        sampled: freshly sampled bodies.
        children: crossovers of two of the robots given.
        mutants: bodies made by 1 to 4 mutations.
        robot_mutants: share of mutants that come from a robot or a child of robots, the
            others come from a sampled body.
        standing_steps: a sampled body or a mutant must stand so many control steps without
            control, or it teaches little but how to fall; 0 takes every body. Children are
            taken as they come: their parents were evolved, and a good walker need not
            stand by itself.
        task: where it must stand.
        seed: of sampling and mutation.
    """

    sampled: int = 500
    children: int = 0
    mutants: int = 700
    robot_mutants: float = 0.5
    standing_steps: int = 100
    task: str = "flat"
    seed: int = 0


@dataclass(frozen=True)
class Pool:
    """Distinct bodies to learn on.

    Attributes:
        graphs: the bodies, in the order that numbers them.
        origins: where each came from.
    """

    graphs: tuple[nx.DiGraph, ...]
    origins: tuple[Origin, ...]

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def counts(self) -> dict[str, int]:
        """Bodies of each origin that is there."""
        return {origin: self.origins.count(origin) for origin in sorted(set(self.origins))}

    def weights(self, robot_share: float) -> NDArray[np.float64]:
        """(bodies,) weights that sum to one and give the robots their share of the whole."""
        robots = np.array([origin == "robot" for origin in self.origins])
        if robots.all() or not robots.any():
            return np.full(len(self), 1.0 / len(self))
        share = np.where(robots, robot_share, 1.0 - robot_share)
        return share / np.where(robots, robots.sum(), (~robots).sum())

    def write(self, path: Path) -> None:
        """One line of JSON a body."""
        lines = [
            json.dumps({"origin": origin, "graph": json.loads(to_json(graph))})
            for graph, origin in zip(self.graphs, self.origins, strict=True)
        ]
        write_text(path, "\n".join(lines) + "\n")

    @classmethod
    def read(cls, path: Path) -> Pool:
        """The inverse of :meth:`write`.

        Raises:
            BodyError: the file is missing, or a line of it is no body of a pool.
        """
        graphs: list[nx.DiGraph] = []
        origins: list[Origin] = []
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            try:
                entry = json.loads(line)
                origin, graph = entry["origin"], from_json(json.dumps(entry["graph"]))
            except (ValueError, KeyError, TypeError) as error:
                raise BodyError(f"{path}, line {number}: no body of a pool ({error})") from None
            if origin not in get_args(Origin):
                raise BodyError(f"{path}, line {number}: unknown origin {origin!r}")
            graphs.append(graph)
            origins.append(origin)
        return cls(tuple(graphs), tuple(origins))


def plan_hash(graph: nx.DiGraph) -> str:
    """Hash of a body plan: equal for bodies that differ in densities, gears or ranges alone."""
    parts = []
    for name in bodies_graph.bodies(graph):
        part = replace(bodies_graph.part(graph, name), density=1000.0, mass=None)
        if isinstance(part, bodies_graph.Limb):
            joints = tuple(replace(j, gear=150.0, range_deg=(-30.0, 30.0)) for j in part.joints)
            part = replace(part, joints=joints)
        parts.append((name, part))
    return body_hash(bodies_graph.with_parts(graph, parts))


def stands(graph: nx.DiGraph, *, task: str, steps: int) -> bool:
    """Whether a body stays up for so many control steps of episode 0 without control."""
    world = replace(get_task(task), max_steps=steps)
    limp = _Limp(sum(1 for _ in bodies_graph.joints(graph)))
    return not rollout(graph, limp, task=world, episodes=1).fell.any()


class _Limp:
    """Controls that are always zero."""

    def __init__(self, n_controls: int) -> None:
        self._n_controls = n_controls

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros((len(state), self._n_controls))


def make_pool(
    settings: PoolSettings,
    *,
    robots: Sequence[nx.DiGraph] = (),
    held_out: Iterable[nx.DiGraph] = (),
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Pool:
    """A pool of distinct bodies: ``robots``, then sampled bodies, children and mutants.

    Args:
        settings: sizes and seed; the same settings and robots give the same pool.
        robots: bodies to begin with, duplicates among them dropped.
        held_out: bodies of which no new body may have the plan: none that equals one of
            them but for densities, gears or joint ranges comes in new.
        report: called with the number of bodies now and in the end.

    Returns:
        ``len(distinct robots) + sampled + children + mutants`` bodies.

    Raises:
        TrainingError: children or mutants are asked for and there is nothing to make them of.
    """
    rng = np.random.default_rng(settings.seed)
    forbidden = {plan_hash(graph) for graph in held_out}
    graphs: list[nx.DiGraph] = []
    origins: list[Origin] = []
    seen: set[str] = set()

    def admit(graph: nx.DiGraph, origin: Origin) -> None:
        digest = body_hash(graph)
        if digest in seen:
            return
        seen.add(digest)
        graphs.append(graph)
        origins.append(origin)

    def fill(number: int, origin: Origin, draw: Callable[[], nx.DiGraph]) -> list[nx.DiGraph]:
        """Draw until so many new bodies of this origin are in; those bodies."""
        first = len(graphs)
        while len(graphs) < first + number:
            try:
                graph = draw()
            except OperatorError:
                continue
            steps = 0 if origin == "child" else settings.standing_steps
            if plan_hash(graph) in forbidden:
                continue
            if steps and not stands(graph, task=settings.task, steps=steps):
                continue
            admit(graph, origin)
            report(len(graphs), total)
        return graphs[first:]

    def child() -> nx.DiGraph:
        a, b = rng.choice(len(distinct), size=2)
        return crossover(distinct[a], distinct[b], rng)

    def mutant() -> nx.DiGraph:
        of_robot = not sampled or (bool(of_robots) and rng.random() < settings.robot_mutants)
        parents = of_robots if of_robot else sampled
        graph = parents[rng.integers(len(parents))]
        for _ in range(rng.integers(1, MAX_MUTATIONS + 1)):
            graph, _ = mutate(graph, rng)
        return graph

    for graph in robots:
        admit(graph, "robot")
    distinct = tuple(graphs)
    _require_parents(settings, len(distinct))
    total = len(distinct) + settings.sampled + settings.children + settings.mutants
    sampled = fill(settings.sampled, "sampled", lambda: sample_body(rng))
    of_robots = [*distinct, *fill(settings.children, "child", child)]
    fill(settings.mutants, "mutant", mutant)
    return Pool(tuple(graphs), tuple(origins))


def _require_parents(settings: PoolSettings, n_robots: int) -> None:
    if settings.children and n_robots < 2:
        raise TrainingError(
            f"a pool with {settings.children} children needs at least 2 robots to cross, got"
            f" {n_robots}; name a folder of robots or set children=0"
        )
    if settings.mutants and not n_robots and not settings.sampled:
        raise TrainingError(
            f"a pool with {settings.mutants} mutants needs robots or sampled bodies to mutate"
        )
