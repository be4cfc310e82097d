"""A body with its place in a campaign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import networkx as nx

from codesign.scoring import ScoreRecord
from morph_ops import identity
from morph_ops.identity import body_hash
from morph_ops.io import json_file


class Summary(NamedTuple):
    """What a table of a whole run says about a scored candidate, without its body.

    Attributes:
        number: Position in the run, from 0.
        generation: The generation.
        operator: The operator that made the body.
        parents: Numbers of the parents, the first parent first.
        status: Status of the score record.
        score: Score under the controller that it was first scored under, over all its episodes.
        duplicate_of: Number of the candidate whose score it has; None if it was scored itself.
        steps: Control steps that its score took.
        adaptation: Number of the adaptation that the controller of this score came from.
    """

    number: int
    generation: int
    operator: str
    parents: tuple[int, ...]
    status: str
    score: float
    duplicate_of: int | None
    steps: int
    adaptation: int = 0


class AdaptationResult(NamedTuple):
    """What an adaptation of the controller brought.

    Attributes:
        number: Number of the adaptation, from 1.
        candidates: Number of candidates that were scored before it.
        kept: Whether the search went on with the new controller.
        score_before: Mean score of the kept and best bodies over fresh episodes, under the
            controller before.
        score_after: The same under the new one.
        controller_hash: Hash of the new controller.
        steps: Control steps that it took, learning and scores together.
    """

    number: int
    candidates: int
    kept: bool
    score_before: float
    score_after: float
    controller_hash: str
    steps: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """A body, its origin in the campaign, and its score once that is known.

    Attributes:
        number: Position in the run, from 0. It decides every random number of the candidate.
        generation: The generation; 0 for the starting bodies.
        operator: The operator that made the body: "sample", "start", "variant", the name of a
            mutation, "crossover", or several of them joined by "+".
        parents: Numbers of the parents; empty for a body without parents.
        graph: The body.
        hash: Hash of the body.
        diff: Changes of the body against its first parent, from
            :func:`morph_ops.identity.diff`; None without parents.
        variant: Number of the controller variant of the score. The candidate either inherits
            it or gets it when it is scored.
        duplicate_of: Number of the first candidate with the same body, whose score this one
            has; None for a candidate that was scored itself. If variants are inherited, both
            have the same variant, too.
        adaptation: Number of the adaptation that the controller of the score came from; 0 for the
            controller that the run was given.
        record: The score record; None until the candidate is scored.
        rescored: The latest score record of a body that was scored anew during the search, under
            an adapted controller or over more episodes; None if it never was.
        rescored_in: Number of the adaptation that its controller came from; 0 for the controller
            that the run was given, and where there is no such record.
        reevaluation: The score record over fresh episodes at the end of the run; None for a
            candidate that is not a finalist.
        finetuned: The score record of a finalist whose own network learned on at the end of the
            run, over episodes that the learning never used; None if it did not.
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
    adaptation: int = 0
    record: ScoreRecord | None = None
    rescored: ScoreRecord | None = None
    rescored_in: int = 0
    reevaluation: ScoreRecord | None = None
    finetuned: ScoreRecord | None = None

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
        """A candidate that has no score yet.

        Args:
            graph: The body.
            number: Position in the run.
            generation: The generation.
            operator: The operator that made the body.
            parents: Numbers of the parents.
            first_parent: The body of the first parent, for the diff; None without parents.
            variant: Number of the controller variant that the candidate inherits.

        Examples:
            >>> import numpy as np
            >>> from morph_ops.sampling import sample_body
            >>> body = sample_body(np.random.default_rng(0))
            >>> Candidate.unscored(body, number=7, generation=0, operator="sample").name
            'candidate-00007'
        """
        return cls(
            number=number,
            generation=generation,
            operator=operator,
            parents=parents,
            # The body as the database returns it: a resumed run must not see another order of
            # nodes than an uninterrupted one.
            graph=json_file.from_json(json_file.to_json(graph)),
            hash=body_hash(graph),
            diff=None if first_parent is None else identity.diff(first_parent, graph),
            variant=variant,
        )

    @property
    def name(self) -> str:
        """The name of the candidate in files and tables."""
        return f"candidate-{self.number:05d}"

    @property
    def result(self) -> ScoreRecord:
        """The score record in the search of a candidate that is scored: the latest one.

        Raises:
            ValueError: The candidate is not scored yet.
        """
        record = self.rescored or self.record
        if record is None:
            raise ValueError(f"{self.name} is not scored yet")
        return record

    @property
    def final(self) -> ScoreRecord:
        """The score record that designs are ranked by.

        That is the one after fine-tuning, else that of the re-evaluation, else :attr:`result`.

        Raises:
            ValueError: The candidate is not scored yet.
        """
        return self.finetuned or self.reevaluation or self.result

    @property
    def score(self) -> float:
        """The score of a candidate that is scored.

        Raises:
            ValueError: The candidate is not scored yet.
        """
        return self.result.score

    @property
    def pruned(self) -> bool:
        """Whether racing ended its rollouts early, so that its score compares with no other."""
        return self.result.status == "pruned"

    def scored(self, record: ScoreRecord) -> Candidate:
        """This candidate with the score record of its body.

        Args:
            record: The record. It gets the name of the candidate.
        """
        named = record.named(self.name)
        return replace(self, variant=record.variant, record=named, rescored=None, rescored_in=0)

    def scored_like(self, first: Candidate) -> Candidate:
        """This candidate with the score of an earlier one that has the same body.

        Args:
            first: The earlier candidate, which is scored.
        """
        note = f"score copied from {first.name}, the same body"
        record = first.result.copied(note).named(self.name)
        return replace(
            self,
            variant=first.variant,
            duplicate_of=first.number,
            record=record,
        )
