"""A body with its place in a search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import networkx as nx

from codesign.scoring import ScoreRecord
from morph_ops.identity import body_hash, diff
from morph_ops.io import json_file as jsonio


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """A body, how it came to be, and its score once that is known.

    Attributes:
        number: position in the run, from 0; decides every random number of the candidate.
        generation: 0 for the starting bodies.
        operator: what made it: "sample", the name of a mutation, "crossover", or both
            joined by "+".
        parents: numbers of the candidates that it was made of.
        graph: the body.
        hash: of the body.
        diff: what the operators changed in the first parent, as
            :func:`morph_ops.identity.diff` tells it; None without parents.
        variant: which of the controller's variants of the body it is scored under: one that it
            carries, or that was found for it.
        duplicate_of: the first candidate with the same body, under the same variant if it
            carries one, whose score this one has.
        record: the score; None until the candidate is scored.
        reevaluation: the score over fresh episodes at the end of the run, where it was a finalist.
    """

    number: int
    generation: int
    operator: str
    parents: tuple[int, ...]
    graph: nx.DiGraph[str]
    hash: str
    diff: dict[str, Any] | None = None
    variant: int = 0
    duplicate_of: int | None = None
    record: ScoreRecord | None = None
    reevaluation: ScoreRecord | None = None

    @classmethod
    def unscored(
        cls,
        graph: nx.DiGraph[str],
        *,
        number: int,
        generation: int,
        operator: str,
        parents: tuple[int, ...] = (),
        first_parent: nx.DiGraph[str] | None = None,
        variant: int = 0,
    ) -> Candidate:
        """A candidate that is not scored yet."""
        return cls(
            number=number,
            generation=generation,
            operator=operator,
            parents=parents,
            # As the database will give it back, so that a resumed run cannot see another
            # order of nodes than one that was never cut off.
            graph=jsonio.from_json(jsonio.to_json(graph)),
            hash=body_hash(graph),
            diff=None if first_parent is None else diff(first_parent, graph),
            variant=variant,
        )

    @property
    def name(self) -> str:
        """What people and files call it."""
        return f"candidate-{self.number:05d}"

    @property
    def result(self) -> ScoreRecord:
        """Its record, which must be there.

        Raises:
            ValueError: the candidate is not scored yet.
        """
        if self.record is None:
            raise ValueError(f"{self.name} is not scored yet")
        return self.record

    @property
    def score(self) -> float:
        """Its score.

        Raises:
            ValueError: the candidate is not scored yet.
        """
        return self.result.score

    @property
    def pruned(self) -> bool:
        """Whether racing gave it up, so that its score is of fewer steps than that of others."""
        return self.result.status == "pruned"

    def scored(self, record: ScoreRecord) -> Candidate:
        """This candidate with a record of its own body."""
        named = replace(record, robot=self.name)
        return replace(self, variant=record.variant, record=named)

    def scored_like(self, first: Candidate) -> Candidate:
        """This candidate with the record of an earlier one that has the same body."""
        note = f"score copied from {first.name}, the same body"
        record = replace(
            first.result,
            robot=self.name,
            warnings=(*first.result.warnings, note),
            steps=0,
            seconds=0.0,
        )
        return replace(self, variant=first.variant, duplicate_of=first.number, record=record)
