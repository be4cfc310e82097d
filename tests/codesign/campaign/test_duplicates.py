"""Equal bodies are scored once, and pruned ones are never copied."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codesign.campaign.duplicates import DuplicateScheduler, Job


@dataclass(frozen=True)
class _Body:
    """The fields of a candidate that the scheduler reads."""

    number: int
    hash: str
    variant: int = 0
    pruned: bool = False


#: A body that stands for a candidate.
Body: Any = _Body


def scheduler(*bodies, inherited_variants=True):
    made = DuplicateScheduler(inherited_variants=inherited_variants)
    return made, [made.add(Job(body)) for body in bodies]


def started(made):
    """Numbers of all jobs that can start now."""
    numbers = []
    while (job := made.start_next()) is not None:
        numbers.append(job.candidate.number)
    return numbers


def test_a_duplicate_waits_for_its_source_and_copies_it():
    first, second, other = Body(0, "a"), Body(1, "a"), Body(2, "b")
    made, sources = scheduler(first, second, other)
    assert sources == [None, None, None]
    assert started(made) == [0, 2]
    assert made.finish(first) == [second]
    assert made.finish(other) == []
    assert made.add(Job(Body(3, "a"))) == 0, "the score is there"
    assert not made.queued


def test_a_job_keeps_its_threshold():
    made, _ = scheduler()
    made.add(Job(Body(0, "a"), 7.0))
    assert made.queued
    job = made.start_next()
    assert job is not None
    assert job.threshold == 7.0


def test_inherited_variants_distinguish_equal_bodies():
    pair = Body(0, "a", variant=1), Body(1, "a", variant=2)
    made, _ = scheduler(*pair, inherited_variants=True)
    assert started(made) == [0, 1]
    assert set(made.keys) == {("a", 1), ("a", 2)}
    made, _ = scheduler(*pair, inherited_variants=False)
    assert started(made) == [0]
    assert set(made.keys) == {("a", 0)}


def test_the_next_duplicate_of_a_pruned_body_is_scored_itself():
    bodies = [Body(number, "a") for number in range(4)]
    made, _ = scheduler(*bodies)
    assert started(made) == [0]
    assert made.finish(replace(bodies[0], pruned=True)) == []
    assert started(made) == [1], "one at a time"
    assert made.finish(replace(bodies[1], pruned=True)) == []
    assert started(made) == [2]
    assert made.finish(bodies[2]) == [bodies[3]]
    assert made.add(Job(Body(4, "a"))) == 2


def test_a_new_duplicate_of_a_pruned_body_is_queued():
    made, _ = scheduler(Body(0, "a"))
    started(made)
    made.finish(Body(0, "a", pruned=True))
    assert made.add(Job(Body(1, "a"))) is None
    assert started(made) == [1]


def test_candidates_of_an_interrupted_run_are_sources_unless_pruned():
    made, _ = scheduler()
    made.add_scored(Body(0, "a"))
    made.add_scored(Body(1, "b", pruned=True))
    made.add_scored(Body(2, "b"))
    made.add_scored(Body(3, "c", pruned=True))
    assert made.add(Job(Body(4, "a"))) == 0
    assert made.add(Job(Body(5, "b"))) == 2
    assert made.add(Job(Body(6, "c"))) is None
    assert started(made) == [6]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    bodies=st.lists(st.sampled_from("abc"), min_size=1, max_size=12),
    pruned=st.sets(st.integers(0, 11)),
    seed=st.integers(0, 1000),
)
def test_results_do_not_depend_on_the_order_of_scores(bodies, pruned, seed):
    """The sources are the same for one worker and for many, in any order of arrival."""

    def sources(rng, workers):
        made, found, running = DuplicateScheduler(inherited_variants=True), {}, []

        def finish_one():
            body = running.pop(rng.randrange(len(running)))
            scored = replace(body, pruned=body.number in pruned)
            found[body.number] = body.number
            for duplicate in made.finish(scored):
                found[duplicate.number] = body.number

        def start():
            while len(running) < workers and (job := made.start_next()) is not None:
                running.append(job.candidate)
            assert len({body.hash for body in running}) == len(running)

        for number, digest in enumerate(bodies):
            source = made.add(Job(Body(number, digest)))
            if source is not None:
                assert source not in pruned
                found[number] = source
            start()
            if len(running) == workers and rng.random() < 0.5:
                finish_one()
                start()
        while running:
            finish_one()
            start()
        return found

    assert sources(random.Random(0), 1) == sources(random.Random(seed), 4)
    assert len(sources(random.Random(0), 1)) == len(bodies)
