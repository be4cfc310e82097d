"""The phylogeny of winners: who descends from whom, thinned and laid out for a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codesign.store import Summary

#: Most bodies that a drawing shows.
MOST_NODES = 72


@dataclass(frozen=True, kw_only=True)
class Ancestor:
    """A body of the drawing: a winner, or an ancestor of one by first parents.

    Attributes:
        number: The candidate.
        parent: The nearest ancestor that the drawing shows; None for the first one of a line.
        skipped: Number of bodies between the two that are left out.
        column: Place along the line, from 0.
        lane: Row of the drawing, from 0: the winners' lines, the best winner's first.
        winner: Place among the winners, from 1; 0 for an ancestor.
    """

    number: int
    parent: int | None
    skipped: int
    column: int
    lane: int
    winner: int


def ancestry(
    summaries: Sequence[Summary], winners: Sequence[int], *, most: int = MOST_NODES
) -> list[Ancestor]:
    """The lines of first parents of some winners, laid out.

    Where lines are long, bodies in the middle are left out: those that changed the score least
    first. Winners, first bodies, and bodies from which two lines part always stay.

    Args:
        summaries: All candidates, by number.
        winners: Numbers of the winners, best first.
        most: Most bodies to show, if that many must not stay.

    Returns:
        The bodies, ancestors before their descendants.

    Examples:
        >>> rows = [(0, ()), (1, (0,)), (2, (1, 0)), (3, (1,))]
        >>> made = [Summary(n, n, "gear", parents, "ok", float(n), None, 1) for n, parents in rows]
        >>> [(one.number, one.column, one.lane, one.winner) for one in ancestry(made, [3, 2])]
        [(0, 0, 0, 0), (1, 1, 0, 0), (2, 2, 1, 2), (3, 2, 0, 1)]
    """
    known = {one.number: one for one in summaries}
    first = {number: _first_parent(known[number]) for number in _line_members(known, winners)}
    shown = _thinned(first, known, winners, most)
    parents, skipped = _nearest(first, shown)
    columns: dict[int, int] = {}
    for number in sorted(shown):  # parents have smaller numbers
        parent = parents[number]
        columns[number] = 0 if parent is None else columns[parent] + 1
    lanes = _lanes(parents, winners)
    places = {number: place for place, number in enumerate(winners, start=1)}
    return [
        Ancestor(
            number=number,
            parent=parents[number],
            skipped=skipped[number],
            column=columns[number],
            lane=lanes[number],
            winner=places.get(number, 0),
        )
        for number in sorted(shown)
    ]


def line(summaries: Mapping[int, Summary], number: int) -> list[int]:
    """A candidate and its ancestors by first parents, the oldest first.

    Args:
        summaries: Candidates by number.
        number: The candidate.
    """
    found: list[int] = []
    at: int | None = number
    while at is not None and at in summaries:
        found.append(at)
        at = _first_parent(summaries[at])
    return found[::-1]


def _first_parent(one: Summary) -> int | None:
    return one.parents[0] if one.parents else None


def _line_members(known: Mapping[int, Summary], winners: Iterable[int]) -> set[int]:
    return {number for winner in winners for number in line(known, winner)}


def _thinned(
    first: Mapping[int, int | None],
    known: Mapping[int, Summary],
    winners: Sequence[int],
    most: int,
) -> set[int]:
    """The bodies to show."""
    children: dict[int, int] = {}
    for parent in first.values():
        if parent is not None:
            children[parent] = children.get(parent, 0) + 1
    stay = {number for number, parent in first.items() if parent is None}
    stay |= set(winners) | {number for number, count in children.items() if count > 1}
    others = [number for number in first if number not in stay]

    def change(number: int) -> float:
        parent = first[number]
        return abs(known[number].score - known[parent].score) if parent is not None else 0.0

    others.sort(key=lambda number: (-change(number), number))
    return stay | set(others[: max(0, most - len(stay))])


def _nearest(
    first: Mapping[int, int | None], shown: set[int]
) -> tuple[dict[int, int | None], dict[int, int]]:
    """The nearest shown ancestor of each shown body, and how many lie between."""
    parents: dict[int, int | None] = {}
    skipped: dict[int, int] = {}
    for number in shown:
        parent, between = first[number], 0
        while parent is not None and parent not in shown:
            parent, between = first[parent], between + 1
        parents[number], skipped[number] = parent, between
    return parents, skipped


def _lanes(parents: Mapping[int, int | None], winners: Sequence[int]) -> dict[int, int]:
    """The row of each body: that of the best winner that descends from it."""
    lanes: dict[int, int] = {}
    rows = 0
    for winner in winners:
        if winner in lanes:
            continue
        at: int | None = winner
        while at is not None and at not in lanes:
            lanes[at] = rows
            at = parents[at]
        rows += 1
    return lanes
