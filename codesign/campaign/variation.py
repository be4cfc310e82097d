"""Candidates from parents: each from its number, its parents and what was bred before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import networkx as nx
import numpy as np

from codesign.campaign import seeds
from codesign.campaign.constraints import Constraints
from codesign.campaign.operator_statistics import OperatorStatistics
from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.store import Candidate, Founder
from morph_ops._messages import one_line
from morph_ops._registry import is_plugin, load_plugin
from morph_ops.errors import UnknownNameError
from morph_ops.identity import body_hash
from morph_ops.operators import Operator, OperatorError, crossover, mutate
from morph_ops.sampling import sample_body

_SAMPLE_ATTEMPTS = 20
#: Bodies that are tried until one is within the limits.
_TRIES = 200
_MOST_START_MUTATIONS = 3
#: The operator that leaves the body as it is and gives it another variant.
VARIANT = "variant"
#: What twins have in common, whose score is the same: the hash of the body, and the variant if it
#: carries one, else 0.
DuplicateKey = tuple[str, int]


class Variation:
    """Makes candidates.

    Args:
        settings: of the campaign.
        start: bodies that the search starts from; none for sampled ones.

    Raises:
        BodyError: the starting bodies do not have the locked limbs, or not the same.
        UnknownNameError: there is no such operator, or something else under that name.
    """

    def __init__(self, settings: Settings, start: Sequence[Founder] = ()) -> None:
        self._settings = settings
        self._start = tuple(start)
        self._constraints = Constraints(settings, [founder.graph for founder in start])
        names = settings.rates.operators
        self._own = {name: _own_operator(name) for name in names if is_plugin(name)}
        self._record = OperatorStatistics(names)

    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate; they come in the order of their numbers."""
        self._record.tell(candidate)

    def sample(self, number: int, *, taken: Collection[DuplicateKey]) -> Candidate:
        """A fresh body: one that the search starts from, a mutant of one, or a sampled one.

        Args:
            number: of the candidate.
            taken: what was scored before it; another body is drawn if it can be found.

        Raises:
            UsageError: no sampled body is within the limits.
        """
        if number < len(self._start):
            founder = self._start[number]
            return self._bred(founder.graph, number, "start", (), founder.variant)
        rng = seeds.variation_rng(self._settings.seed, number)
        variant = self._any_variant(rng)
        graph, operator = self._fresh(number, rng)
        for _ in range(_SAMPLE_ATTEMPTS):
            if (body_hash(graph), variant) not in taken:
                break
            graph, operator = self._fresh(number, rng)
        return self._bred(graph, number, operator, (), variant)

    def offspring(self, number: int, *, parents: tuple[Candidate, Candidate]) -> Candidate:
        """A child of the first parent, and of the second in case of crossover.

        Where bodies carry variants it has that of the first parent; or else it is this parent's
        body, unchanged, under another variant.

        Where an operator finds no valid child, the other one is tried; a child that is not
        within the limits is bred again, and a body that nothing can be made of is followed
        by a fresh one.

        Args:
            number: of the candidate.
            parents: scored candidates.

        Raises:
            RunError: an operator of the user's own failed.
        """
        rng = seeds.variation_rng(self._settings.seed, number)
        first, variants = parents[0], self._settings.variants
        if variants > 1 and rng.random() < self._settings.rates.variant:
            other = (first.variant + int(rng.integers(1, variants))) % variants
            return self._bred(first.graph, number, VARIANT, parents[:1], other)
        for _ in range(_TRIES):
            graph, names, used = self._child(rng, parents)
            if not names:
                break
            if self._constraints.allow(graph):
                carried = first.variant if variants > 1 else 0
                return self._bred(graph, number, "+".join(names), used, carried)
        graph, operator = self._fresh(number, rng)
        return self._bred(graph, number, operator, (), self._any_variant(rng))

    def _any_variant(self, rng: np.random.Generator) -> int:
        variants = self._settings.variants
        return int(rng.integers(variants)) if variants > 1 else 0

    def _child(
        self, rng: np.random.Generator, parents: tuple[Candidate, Candidate]
    ) -> tuple[nx.DiGraph[str], list[str], tuple[Candidate, ...]]:
        """A body, what made it, and its parents; nothing made it where nothing could."""
        rates = self._settings.rates
        wants_two = bool(rng.random() < rates.crossover)
        wants_mutation = bool(rng.random() < rates.mutation)
        first, second = parents
        graph, names = first.graph, []
        used: tuple[Candidate, ...] = (first,)
        if wants_two:
            child = _crossed(graph, second.graph, rng)
            if child is not None:
                used = (first, second)
                graph, names = child, ["crossover"]
        if wants_mutation or not names:
            mutant = self._mutated(graph, rng)
            if mutant is not None:
                graph = mutant[0]
                names.append(mutant[1])
        return graph, names, used

    def _fresh(self, number: int, rng: np.random.Generator) -> tuple[nx.DiGraph[str], str]:
        """A body without parents within the limits, and what made it."""
        complaint = None
        for _ in range(_TRIES):
            graph, operator = self._start_mutant(number, rng) if self._start else _sampled(rng)
            complaint = self._constraints.complaint(graph)
            if complaint is None:
                return graph, operator
        if self._start:  # each of them is within the limits
            return self._start[number % len(self._start)].graph, "start"
        raise UsageError(
            f"limits: none of {_TRIES} sampled bodies is within them, the last: "
            f"{complaint}; raise them, or name robots in start"
        )

    def _start_mutant(self, number: int, rng: np.random.Generator) -> tuple[nx.DiGraph[str], str]:
        graph, names = self._start[number % len(self._start)].graph, ["start"]
        for _ in range(rng.integers(1, _MOST_START_MUTATIONS + 1)):
            mutant = self._mutated(graph, rng)
            if mutant is not None:
                graph = mutant[0]
                names.append(mutant[1])
        return graph, "+".join(names)

    def _mutated(
        self, graph: nx.DiGraph[str], rng: np.random.Generator
    ) -> tuple[nx.DiGraph[str], str] | None:
        rates = self._settings.rates
        weights = self._record.weights if rates.adaptive else rates.operators
        try:
            return mutate(graph, rng, rates=weights, custom=self._own)
        except OperatorError:
            return None
        except Exception as error:
            if not self._own:
                raise
            raise RunError(
                f"an operator of {', '.join(self._own)} failed: {type(error).__name__}: "
                f"{one_line(error)}"
            ) from error

    def _bred(
        self,
        graph: nx.DiGraph[str],
        number: int,
        operator: str,
        parents: tuple[Candidate, ...],
        variant: int,
    ) -> Candidate:
        return Candidate.unscored(
            graph,
            number=number,
            generation=number // self._settings.population,
            operator=operator,
            parents=tuple(parent.number for parent in parents),
            first_parent=parents[0].graph if parents else None,
            variant=variant,
        )


def _crossed(
    first: nx.DiGraph[str], second: nx.DiGraph[str], rng: np.random.Generator
) -> nx.DiGraph[str] | None:
    try:
        return crossover(first, second, rng)
    except OperatorError:
        return None


def _sampled(rng: np.random.Generator) -> tuple[nx.DiGraph[str], str]:
    return sample_body(rng), "sample"


def _own_operator(name: str) -> Operator:
    operator: Any = load_plugin(name, what="operator")
    if not callable(operator):
        kind = type(operator).__name__
        raise UnknownNameError(f"no operator {name!r}: expected an operator, got {kind}")
    return cast(Operator, operator)
