"""Variation: candidates from parents, by mutation, crossover and change of variant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import networkx as nx
import numpy as np

from codesign.campaign import seeds
from codesign.campaign.constraints import Constraints
from codesign.campaign.operator_statistics import OperatorStatistics
from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.store import Candidate, Founder
from morph_ops._messages import failure
from morph_ops._registry import is_plugin, load_plugin, unfit_plugin
from morph_ops.identity import body_hash
from morph_ops.operators import Operator, OperatorError, crossover, mutate
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL

#: Attempts to sample a body that was not scored before.
_SAMPLE_ATTEMPTS = 20
#: Attempts to make a body that satisfies the constraints.
_ATTEMPTS = 200
#: Maximum number of mutations of a starting body that fill the first population.
_MAX_START_MUTATIONS = 3
#: The operator that leaves the body as it is and changes its controller variant.
VARIANT = "variant"
#: What candidates with equal scores share: the hash of the body, and its inherited variant, or 0
#: in a campaign where bodies inherit none.
DuplicateKey: TypeAlias = tuple[str, int]


@dataclass(frozen=True, eq=False)
class _Child:
    """A body in the making.

    Attributes:
        graph: The body.
        operators: Names of the operators that made it.
        parents: Its parents.
    """

    graph: nx.DiGraph[str]
    operators: tuple[str, ...]
    parents: tuple[Candidate, ...] = ()


class Variation:
    """Makes the candidates of a campaign.

    A candidate follows from its number, its parents, and the candidates told before it.

    Args:
        settings: Settings of the campaign.
        start: Bodies that the campaign starts from; empty to sample them.

    Raises:
        BodyError: A starting body lacks a locked limb, or has a different one.
        UnknownNameError: There is no such operator, or the plugin is not an operator.
    """

    def __init__(self, settings: Settings, start: Sequence[Founder] = ()) -> None:
        self._settings = settings
        self._start = tuple(start)
        # Bodies that a screening chose only come first; others are sampled as without it.
        self._own_start = bool(start) and not settings.screened
        self._constraints = Constraints(settings, [founder.graph for founder in start])
        names = settings.rates.operators
        self._custom = {name: _custom_operator(name) for name in names if is_plugin(name)}
        self._statistics = OperatorStatistics(names)
        scales = settings.scales
        self._space = replace(
            UNIMAL,
            limb_heights=settings.limb_heights,
            own_sizes=tuple(scales.sizes),
            own_gears=tuple(scales.gears),
            own_densities=tuple(scales.densities),
        )

    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate.

        Args:
            candidate: The candidate; candidates come in the order of their numbers.
        """
        self._statistics.tell(candidate)

    def rescore(
        self, candidates: Mapping[int, Candidate], *, of_others: Literal["forgotten", "valid"]
    ) -> None:
        """Take in new scores of candidates that were told before.

        Args:
            candidates: Candidates with their new scores, by number.
            of_others: What the scores of other candidates are from now on: "forgotten" where the
                new ones are of another controller.
        """
        self._statistics.rescore(candidates, of_others=of_others)

    def sample(self, number: int, *, taken: Collection[DuplicateKey]) -> Candidate:
        """A candidate without parents: a starting body, a mutant of one, or a sampled body.

        Args:
            number: Number of the candidate.
            taken: Keys of the candidates that exist. The new one differs if one of 20 attempts
                does.

        Raises:
            UsageError: No sampled body is within the limits.
            RunError: The operator of a plugin failed.
        """
        if number < len(self._start):
            founder = self._start[number]
            return self._candidate(_Child(founder.graph, ("start",)), number, founder.variant)
        rng = seeds.variation_rng(self._settings.seed, number)
        variant = self._draw_variant(rng)
        child = self._fresh(number, rng)
        for _ in range(_SAMPLE_ATTEMPTS):
            if (body_hash(child.graph), variant) not in taken:
                break
            child = self._fresh(number, rng)
        return self._candidate(child, number, variant)

    def brood(
        self, number: int, *, parents: tuple[Candidate, Candidate], taken: Collection[DuplicateKey]
    ) -> list[Candidate]:
        """Children of the same parents, of which one becomes the candidate.

        Args:
            number: Number of the candidate.
            parents: Scored candidates.
            taken: Keys of earlier candidates. Children differ from them, and from each other, if
                one of 20 attempts does.

        Returns:
            As many children as the setting ``brood`` says.

        Raises:
            RunError: The operator of a plugin failed.
        """
        brood: dict[DuplicateKey, Candidate] = {}
        for place in range(self._settings.brood):
            for attempt in range(_SAMPLE_ATTEMPTS):
                rng = seeds.brood_rng(self._settings.seed, number, place, attempt)
                child = self._offspring(number, parents, rng)
                key = child.hash, child.variant
                if key not in brood and (key not in taken or attempt == _SAMPLE_ATTEMPTS - 1):
                    brood[key] = child
                    break
        return list(brood.values())

    def offspring(self, number: int, *, parents: tuple[Candidate, Candidate]) -> Candidate:
        """A child of the first parent, and in crossover also of the second.

        If bodies inherit variants, the child has that of the first parent; or it is the body of
        the first parent with another variant. If a mutation finds no valid child, another one is
        drawn. If the child violates a constraint, it is made again, 200 times at most. If the
        parents have no valid child at all, the candidate is a body without parents.

        Args:
            number: Number of the candidate.
            parents: Scored candidates.

        Raises:
            RunError: The operator of a plugin failed.
        """
        rng = seeds.variation_rng(self._settings.seed, number)
        return self._offspring(number, parents, rng)

    def _offspring(
        self, number: int, parents: tuple[Candidate, Candidate], rng: np.random.Generator
    ) -> Candidate:
        first, variants = parents[0], self._settings.variants
        if variants > 1 and rng.random() < self._settings.rates.variant:
            other = (first.variant + int(rng.integers(1, variants))) % variants
            return self._candidate(_Child(first.graph, (VARIANT,), parents[:1]), number, other)
        for _ in range(_ATTEMPTS):
            child = self._child(rng, parents)
            if not child.operators:
                break
            if self._constraints.allow(child.graph):
                return self._candidate(child, number, first.variant if variants > 1 else 0)
        child = self._fresh(number, rng)
        return self._candidate(child, number, self._draw_variant(rng))

    def _draw_variant(self, rng: np.random.Generator) -> int:
        variants = self._settings.variants
        return int(rng.integers(variants)) if variants > 1 else 0

    def _child(self, rng: np.random.Generator, parents: tuple[Candidate, Candidate]) -> _Child:
        """A child, which may violate the constraints; without operators if none applies."""
        rates = self._settings.rates
        crosses = bool(rng.random() < rates.crossover)
        mutates = bool(rng.random() < rates.mutation)
        first, second = parents
        child = _Child(first.graph, (), (first,))
        if crosses:
            with suppress(OperatorError):
                crossed = crossover(first.graph, second.graph, rng, space=self._space)
                child = _Child(crossed, ("crossover",), parents)
        if mutates or not child.operators:
            child = self._mutated(child, rng) or child
        return child

    def _fresh(self, number: int, rng: np.random.Generator) -> _Child:
        """A body without parents that satisfies the constraints."""
        violation = None
        for _ in range(_ATTEMPTS):
            child = self._start_mutant(number, rng) if self._own_start else self._sampled(rng)
            violation = self._constraints.violation(child.graph)
            if violation is None:
                return child
        if self._own_start:  # every starting body satisfies the constraints
            return _Child(self._start[number % len(self._start)].graph, ("start",))
        raise UsageError(
            f"limits: none of {_ATTEMPTS} sampled bodies is within the limits, the last has "
            f"{violation}; raise the limits, or name robots in start"
        )

    def _sampled(self, rng: np.random.Generator) -> _Child:
        return _Child(sample_body(rng, space=self._space), ("sample",))

    def _start_mutant(self, number: int, rng: np.random.Generator) -> _Child:
        child = _Child(self._start[number % len(self._start)].graph, ("start",))
        for _ in range(rng.integers(1, _MAX_START_MUTATIONS + 1)):
            child = self._mutated(child, rng) or child
        return child

    def _mutated(self, child: _Child, rng: np.random.Generator) -> _Child | None:
        """The child after one more mutation; None if no mutation applies."""
        rates = self._settings.rates
        weights = self._statistics.weights if rates.adaptive else rates.operators
        try:
            graph, name = mutate(
                child.graph, rng, rates=weights, custom=self._custom, space=self._space
            )
        except OperatorError:
            return None
        except Exception as error:
            if not self._custom:
                raise
            names = ", ".join(self._custom)
            raise RunError(f"an operator of {names} failed: {failure(error)}") from error
        return _Child(graph, (*child.operators, name), child.parents)

    def _candidate(self, child: _Child, number: int, variant: int) -> Candidate:
        return Candidate.unscored(
            child.graph,
            number=number,
            generation=number // self._settings.population,
            operator="+".join(child.operators),
            parents=tuple(parent.number for parent in child.parents),
            first_parent=child.parents[0].graph if child.parents else None,
            variant=variant,
        )


def _custom_operator(name: str) -> Operator:
    operator: Any = load_plugin(name, what="operator")
    if not callable(operator):
        raise unfit_plugin(name, what="operator", expected="an operator", found=operator)
    return cast(Operator, operator)
