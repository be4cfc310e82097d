"""The history of a run in numbers: how fitness grew, and which operators made better bodies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.store import Event, Summary

Array = NDArray[np.float64]
#: Most points of a curve; longer runs are cut into as many equal parts.
MOST_POINTS = 200
#: Quantiles of the scores of a part of the run.
QUARTILES = (25.0, 50.0, 75.0)
#: Operators that make bodies without a parent to be better than.
ORIGINS = frozenset({"sample", "start", "variant"})
#: Standard normal quantile of a 95% interval.
Z = 1.959964


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitness:
    """Fitness over p parts of a run, of one generation each or more.

    Attributes:
        candidates: (p,) number of candidates until the end of each part.
        best: (p,) best score until then under the controller of then; NaN until a body simulates.
        quartiles: (p, 3) quartiles of the scores in each part; NaN where no body simulates.
        adapted: Numbers of candidates after which the search went on with an adapted controller,
            and best scores of the bodies that were scored anew under it. A part ends there, and
            the best score starts anew from those.
    """

    candidates: NDArray[np.intp]
    best: Array
    quartiles: Array
    adapted: tuple[tuple[int, float], ...] = ()


class OperatorSuccess(NamedTuple):
    """How often an operator made a better body.

    Attributes:
        name: The operator.
        children: Number of children whose score compares with that of their first parent.
        better: How many of them scored higher.
        low: Lower end of the 95% interval of the share (Wilson 1927).
        high: Upper end of that interval.
    """

    name: str
    children: int
    better: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share of the children that scored higher."""
        return self.better / self.children


def fitness(summaries: Sequence[Summary], rescores: Mapping[int, float] | None = None) -> Fitness:
    """How fitness grew in a run.

    Scores of candidates that were pruned or did not simulate are left out: they compare with no
    others. Nor do scores under different controllers: the best score starts anew where the search
    goes on with an adapted one.

    Args:
        summaries: All candidates, by number.
        rescores: Best score of the bodies that were scored anew, by number of the adaptation.

    Examples:
        >>> made = [Summary(n, n // 2, "sample", (), "ok", float(n), None, 1) for n in range(4)]
        >>> curve = fitness(made)
        >>> curve.candidates.tolist(), curve.best.tolist(), curve.quartiles[:, 1].tolist()
        ([2, 4], [1.0, 3.0], [0.5, 2.5])
    """
    count = len(summaries)
    scores = np.array([one.score if one.status == "ok" else np.nan for one in summaries])
    generations = np.array([one.generation for one in summaries], dtype=np.intp)
    ends = np.append(np.flatnonzero(np.diff(generations)) + 1, count) if count else np.empty(0, int)
    adaptations = np.array([one.adaptation for one in summaries], dtype=np.intp)
    adapted = np.flatnonzero(np.diff(adaptations)) + 1
    if len(ends) > MOST_POINTS:
        even = np.linspace(count / MOST_POINTS, count, MOST_POINTS).round().astype(int)
        ends = np.union1d(even, adapted)
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    again = [(rescores or {}).get(int(adaptations[start]), math.nan) for start in adapted]
    running = scores.copy()
    for part, first in zip(np.split(np.arange(count), adapted), [math.nan, *again], strict=True):
        running[part] = np.fmax.accumulate(np.fmax(scores[part], first)) if len(part) else []
    quartiles = np.full((len(ends), len(QUARTILES)), np.nan)
    for part, (start, end) in enumerate(zip(starts, ends, strict=True)):
        known = scores[start:end][~np.isnan(scores[start:end])]
        if len(known):
            quartiles[part] = np.percentile(known, QUARTILES)
    return Fitness(
        candidates=ends,
        best=running[ends - 1],
        quartiles=quartiles,
        adapted=tuple(zip(adapted.tolist(), again, strict=True)),
    )


def operator_success(summaries: Sequence[Summary]) -> list[OperatorSuccess]:
    """How often each operator made a body that scored higher than its first parent.

    A child of several operators counts for each of them. Children that share the score of a
    duplicate count; pruned candidates do not, and neither do children of pruned parents, and of
    parents that another controller moved in their first score.

    Args:
        summaries: All candidates, by number.

    Returns:
        The operators, the most successful first.

    Examples:
        >>> rows = [(0, "sample", (), 1.0), (1, "gear", (0,), 2.0), (2, "gear", (1,), 1.5)]
        >>> made = [Summary(n, 0, o, p, "ok", s, None, 1) for n, o, p, s in rows]
        >>> [(one.name, one.children, one.better) for one in operator_success(made)]
        [('gear', 2, 1)]
    """
    by_number = {one.number: one for one in summaries}
    children, better = Counter[str](), Counter[str]()
    for one in summaries:
        parent = by_number.get(one.parents[0]) if one.parents else None
        if parent is None or "pruned" in (one.status, parent.status):
            continue
        if one.adaptation != parent.adaptation:
            continue
        for name in set(one.operator.split("+")) - ORIGINS:
            children[name] += 1
            better[name] += one.score > parent.score
    found = [
        OperatorSuccess(name, count, better[name], *wilson(better[name], count))
        for name, count in children.items()
    ]
    return sorted(found, key=lambda one: (-one.share, one.name))


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927).

    Args:
        successes: Number of successes.
        count: Number of attempts, at least 1.

    Examples:
        >>> low, high = wilson(5, 10)
        >>> round(low, 3), round(high, 3)
        (0.237, 0.763)
    """
    share, square = successes / count, Z**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z / (1 + square / count)
    half *= math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    # Rounding must not put the share outside of its interval.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def diversity(generations: Sequence[Event]) -> tuple[list[int], list[float | None], list[float]]:
    """What the events of generations say about diversity.

    Args:
        generations: Events of the kind "generation".

    Returns:
        Numbers of the generations; mean distances between kept bodies, None where fewer than two
        are kept; shares of kept bodies that descend from the most common starting body, 0 where
        unknown.
    """
    last = len(generations) - 1
    places = [round(last * point / (MOST_POINTS - 1)) for point in range(MOST_POINTS)]
    kept = generations if last < MOST_POINTS else [generations[place] for place in places]
    numbers = [event.generation or 0 for event in kept]
    distances: list[float | None] = [event.details.get("diversity") for event in kept]
    founders = [float(event.details.get("founder_share") or 0.0) for event in kept]
    return numbers, distances, founders
