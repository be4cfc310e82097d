"""Broods: one short episode of each of several children chooses the one to score (Tackett 1994).

Most children are worse than their parents, and many fall or stop at once: a hundred control steps
tell them from the others, where a whole score takes thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import networkx as nx

from codesign.scoring.racing import SCREENING
from codesign.scoring.scorer import BodyScorer


class Sibling(NamedTuple):
    """A child of a brood.

    Attributes:
        graph: The body.
        variant: Its controller variant; None where that is selected later.
    """

    graph: nx.DiGraph[str]
    variant: int | None


class Choice(NamedTuple):
    """The child that is scored.

    Attributes:
        sibling: The child.
        steps: Control steps of the short episodes of all children.
        seconds: Time of these episodes (s).
    """

    sibling: Sibling
    steps: int
    seconds: float


def best_child(scorer: BodyScorer, brood: Sequence[Sibling]) -> Choice:
    """Choose among the children of a brood: the one with the highest upper bound of its score.

    Args:
        scorer: The scorer, on a task that rewards moving along x.
        brood: At least one child. Of equal ones the first counts, and the first one of all where
            none can be simulated.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> brood = [Sibling(sample_body(np.random.default_rng(seed)), None) for seed in range(3)]
        >>> choice = best_child(BodyScorer(episodes=2), brood)
        >>> choice.sibling in brood, 0 < choice.steps <= 300
        (True, True)
    """
    records = [scorer(graph, variant=variant or 0, threshold=SCREENING) for graph, variant in brood]
    # (an episode of a task that is as short as a short one gives a complete score)
    bounds = [
        record.metrics.get("upper_bound", record.score)
        if record.status in ("pruned", "ok")
        else float("-inf")
        for record in records
    ]
    return Choice(
        sibling=brood[bounds.index(max(bounds))],
        steps=sum(record.steps for record in records),
        seconds=sum(record.seconds for record in records),
    )
