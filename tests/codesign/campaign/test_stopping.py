"""Early stops: on any number of workers, and after interruptions."""

from __future__ import annotations

import pytest

from tests.helpers.campaigns import search, small_settings
from tests.helpers.formula_pool import FormulaPool, InterruptionError, outcome


@pytest.mark.parametrize("algorithm", ["aging", "mu_plus_lambda", "random", "islands"])
@pytest.mark.parametrize("stop", ["score", "stagnation", "control_steps"])
def test_an_early_end_does_not_depend_on_the_order_of_arrival(stop, algorithm, new_database):
    own = {"population": 8, "islands": ["aging"] * 2} if algorithm == "islands" else {}
    own["generations"] = 3
    whole = small_settings(algorithm=algorithm, **own)
    with new_database() as database:
        search(whole, database)
        target = max(candidate.score for candidate in database.candidates()[:15])
        steps = sum(candidate.result.steps for candidate in database.candidates()[:15])
    stops = {
        "score": {"score": target},
        "stagnation": {"stagnation": 4},
        "control_steps": {"control_steps": steps},
    }
    made = small_settings(algorithm=algorithm, stop=stops[stop], **own)
    with new_database() as database:
        reason = search(made, database)
        expected, end = outcome(database), database.early_stop()
    assert reason is not None
    assert end == (len(expected), reason)
    assert 4 < len(expected) < made.total
    with new_database() as database:
        for answers in (1, 2):
            with pytest.raises(InterruptionError):
                search(made, database, pool=FormulaPool(8, seed=1, answers=answers))
        assert search(made, database, pool=FormulaPool(3, seed=2)) == reason
        assert outcome(database) == expected
        assert database.total(made) == len(expected)


def test_the_first_score_that_reaches_the_target_ends_a_run(new_database):
    with new_database() as database:
        search(small_settings(in_flight=1), database)
        scores = [candidate.score for candidate in database.candidates()]
    target = max(scores[:15])
    with new_database() as database:
        reason = search(small_settings(in_flight=1, stop={"score": target}), database)
        end = database.candidates()[-1]
    assert end.number == max(scores.index(target), 5)  # the starting bodies are created at once
    assert reason is not None
    assert reason.startswith(
        f"candidate-{scores.index(target):05d} scored {target:.1f}, the target is "
    )


def test_a_run_that_is_out_of_time_can_be_resumed(new_database, monkeypatch):
    made = small_settings(stop={"minutes": 1.0})
    clock = iter([0.0, *[10.0] * 9, *[61.0] * 9])
    monkeypatch.setattr("codesign.campaign.loop.time.monotonic", lambda: next(clock, 0.0))
    with new_database() as database:
        assert search(made, database, pool=FormulaPool(2)) == "1 minutes have passed"
        assert 0 < len(database) < made.total
        assert database.early_stop() is None
        assert search(made, database) is None
        assert len(database) == made.total
