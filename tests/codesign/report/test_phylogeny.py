"""Lines of ancestors, thinned and laid out."""

from __future__ import annotations

from codesign.report.phylogeny import ancestry, line
from codesign.store import Summary


def chain(scores, first=0, start=()):
    made = []
    for index, score in enumerate(scores):
        number = first + index
        parents = start if index == 0 else (number - 1,)
        made.append(Summary(number, index, "gear", parents, "ok", score, None, 1))
    return made


def test_a_line_goes_back_to_a_starting_body():
    made = {one.number: one for one in chain([1.0, 2.0, 3.0])}
    assert line(made, 2) == [0, 1, 2]


def test_lines_that_part_have_a_lane_each():
    made = [*chain([1.0, 2.0, 3.0]), *chain([4.0, 5.0], first=3, start=(1,))]
    found = {one.number: one for one in ancestry(made, [4, 2])}
    assert [found[number].lane for number in (0, 1, 3, 4, 2)] == [0, 0, 0, 0, 1]
    assert [found[number].column for number in (0, 1, 3, 4, 2)] == [0, 1, 2, 3, 2]
    assert (found[4].winner, found[2].winner, found[1].winner) == (1, 2, 0)


def test_long_lines_lose_the_bodies_that_changed_least():
    scores = [0.0, 1.0, 1.1, 5.0, 5.1, 5.2, 9.0]
    found = ancestry(chain(scores), [6], most=4)
    assert [one.number for one in found] == [0, 1, 3, 6]
    assert [one.skipped for one in found] == [0, 0, 1, 2]
    assert [one.parent for one in found] == [None, 0, 1, 3]
    assert [one.column for one in found] == [0, 1, 2, 3]


def test_a_winner_may_be_the_ancestor_of_another():
    found = {one.number: one for one in ancestry(chain([1.0, 2.0, 3.0]), [2, 1])}
    assert [found[number].winner for number in range(3)] == [0, 2, 1]
    assert {one.lane for one in found.values()} == {0}
