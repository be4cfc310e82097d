"""Elites: the best body of every cell of a grid of descriptors (Mouret 2015), without the luck.

The best score of many is a lucky one. So an elite is scored anew over fresh episodes, and where
its score then falls below that of the next body of its cell, that one is, too. Every run has
elites, whatever its algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from codesign.campaign.batches import score_batch
from codesign.campaign.descriptors import Descriptor, lookup_descriptor
from codesign.campaign.metrics import Criteria, with_criteria
from codesign.campaign.reevaluation import FRESH_EPISODES, require_controller
from codesign.config import Settings
from codesign.scoring import ScoringPool
from codesign.store import Candidate, Database

#: Most bodies of a cell that are scored over fresh episodes.
_MOST_TRIED = 4


@dataclass(frozen=True)
class Elite:
    """The best body of a cell.

    Attributes:
        cell: Number of the cell along each descriptor, from 0.
        position: Value of each descriptor, within its range.
        candidate: The candidate, with its score over fresh episodes in ``reevaluation``.
    """

    cell: tuple[int, ...]
    position: tuple[float, ...]
    candidate: Candidate

    @property
    def score(self) -> float:
        """Mean return over fresh episodes."""
        return _fresh(self.candidate)

    @property
    def name(self) -> str:
        """Name of the cell, such as "cell-03-07"."""
        return "-".join(["cell", *(f"{number:02d}" for number in self.cell)])


@dataclass(frozen=True)
class Elites:
    """The elites of a run.

    Attributes:
        descriptors: Names of the descriptors.
        ranges: Lower and upper end of each.
        bins: Number of cells along each.
        elites: The elites, by cell.
        search: Best score in the search of every filled cell, in the order of the cells.
        left_out: Number of bodies that were scored under controllers before the last adaptation
            alone. Their scores do not compare, so they are in no cell.

    Examples:
        >>> Elites(("limbs",), ((1.0, 11.0),), 10, (), ()).coverage
        0.0
    """

    descriptors: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    bins: int
    elites: tuple[Elite, ...]
    search: tuple[float, ...]
    left_out: int = 0

    @property
    def coverage(self) -> float:
        """Share of the cells that are filled, 0 to 1."""
        return len(self.elites) / self.bins ** len(self.descriptors)

    @property
    def qd_score(self) -> float:
        """Sum of the elites' scores over fresh episodes, each at least 0 (Pugh 2016)."""
        return sum(max(0.0, elite.score) for elite in self.elites)

    @property
    def search_qd_score(self) -> float:
        """The same of the scores of the search: what luck adds to it."""
        return sum(max(0.0, score) for score in self.search)

    def bounds(self, axis: int, cell: int) -> tuple[float, float]:
        """Lower and upper end of a cell along a descriptor.

        Args:
            axis: Number of the descriptor.
            cell: Number of the cell along it.

        Examples:
            >>> Elites(("limbs",), ((1.0, 11.0),), 10, (), ()).bounds(0, 3)
            (4.0, 5.0)
        """
        low, high = self.ranges[axis]
        width = (high - low) / self.bins
        # (10 digits: no 0.44999999999999996 in a table)
        return round(low + width * cell, 10), round(low + width * (cell + 1), 10)


def find_elites(
    database: Database,
    settings: Settings,
    pool: ScoringPool,
    *,
    criteria: Criteria,
    descriptors: Sequence[str],
    bins: int,
    on_body: Callable[[int], None] = lambda done: None,
) -> Elites:
    """Find the elites of a run, and score those over fresh episodes that were not re-evaluated.

    Args:
        database: Database of the run.
        settings: Settings of the run.
        pool: The pool that scores bodies, with the controller of the scores.
        criteria: The criteria of the algorithm.
        descriptors: Names of the descriptors, at least one.
        bins: Number of cells along each, at least one.
        on_body: Function to call with the number of bodies that were scored.

    Raises:
        UnknownNameError: There is no such descriptor.
        UsageError: The controller is not that of the search.
        RunError: The metric of a plugin failed.
    """
    axes = [lookup_descriptor(name) for name in descriptors]
    cells: dict[tuple[int, ...], list[Candidate]] = {}
    bodies = database.distinct()
    for candidate in bodies:
        cells.setdefault(_cell(candidate, axes, bins), []).append(candidate)
    fresh = {
        "seed": settings.seed + FRESH_EPISODES,
        "episodes": settings.reevaluation_episodes or settings.episodes,
    }
    tried: dict[tuple[int, ...], list[Candidate]] = {cell: [] for cell in cells}
    done = 0
    while waiting := _next(cells, tried):
        by_number = {candidate.number: cell for cell, candidate in waiting.items()}
        for cell, candidate in waiting.items():
            if candidate.reevaluation is not None:
                tried[cell].append(candidate)
        unscored = [each for each in waiting.values() if each.reevaluation is None]
        for number, record in score_batch(pool, unscored, lambda candidate: fresh):
            candidate = waiting[by_number[number]]
            expected = candidate.result.controller_hash
            require_controller(record, expected, name=str(pool.controller))
            again = with_criteria(candidate.scored(record), criteria).result
            tried[by_number[number]].append(replace(candidate, reevaluation=again))
            on_body(done := done + 1)
    best = {cell: max(own, key=_fresh) for cell, own in sorted(tried.items())}
    best = {cell: candidate for cell, candidate in best.items() if _fresh(candidate) > -inf}
    return Elites(
        tuple(descriptors),
        tuple((axis.low, axis.high) for axis in axes),
        bins,
        tuple(
            Elite(cell, tuple(axis.clipped(candidate) for axis in axes), candidate)
            for cell, candidate in best.items()
        ),
        tuple(cells[cell][0].score for cell in best),
        left_out=_count_all(database) - len(bodies) if _is_adapted(database) else 0,
    )


def _is_adapted(database: Database) -> bool:
    return any(adaptation.kept for adaptation in database.adaptations())


def _count_all(database: Database) -> int:
    """Number of bodies that could be simulated, under whichever controller."""
    return len({each.hash for each in database.candidates() if each.result.status == "ok"})


def _next(
    cells: dict[tuple[int, ...], list[Candidate]], tried: dict[tuple[int, ...], list[Candidate]]
) -> dict[tuple[int, ...], Candidate]:
    """The next body of every cell whose best one is not certain."""
    waiting: dict[tuple[int, ...], Candidate] = {}
    for cell, own in cells.items():
        count = len(tried[cell])
        if count == min(len(own), _MOST_TRIED):
            continue
        if not count or own[count].score > max(map(_fresh, tried[cell])):
            waiting[cell] = own[count]
    return waiting


def _cell(candidate: Candidate, axes: Sequence[Descriptor], bins: int) -> tuple[int, ...]:
    shares = [(axis.clipped(candidate) - axis.low) / (axis.high - axis.low) for axis in axes]
    return tuple(min(int(share * bins), bins - 1) for share in shares)


def _fresh(candidate: Candidate) -> float:
    """Score over fresh episodes."""
    record = candidate.reevaluation
    return record.score if record is not None and record.status == "ok" else -inf
