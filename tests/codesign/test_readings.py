"""Bodies that carry a reading of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from formula_pool import CutOffError, FormulaPool, outcome

from codesign import config, defaults
from codesign.campaign import read_start, run
from codesign.errors import UsageError
from codesign.export import export_run
from codesign.scoring import ScoringPool, load_controller, score
from codesign.store import RunFolder

READINGS = 4


class CarryingPool(FormulaPool):
    """What a body reaches depends on the reading that it comes with."""

    def collect(self):
        return [
            (number, replace(record, score=record.score + 20 * record.reading))
            for number, record in super().collect()
        ]


class TryingPool(FormulaPool):
    """Finds the reading of a body: often the one that it was told to begin with."""

    def collect(self):
        [(number, record)] = super().collect()
        likely = self.likely[number]
        assert self.readings[number] is None
        reading = likely[-1] if likely and number % 3 else number % READINGS
        return [(number, replace(record, reading=reading, score=record.score + reading))]


class StoppingPool(CarryingPool):
    """Gives up who does not reach the bar."""

    def collect(self):
        [(number, record)] = super().collect()
        bar = self.bars[number]
        if bar is not None and record.score < bar:
            measures = {"at_best": record.score, "doubt": 0.0}
            record = replace(record, status="stopped", measures=measures)
        return [(number, record)]


def settings(**changes):
    known = {"population": 8, "generations": 5, "in_flight": 4, "final_episodes": 0, "seed": 3}
    rates = {"operators": {"density": 3.0}, "reading": 0.3}
    return config.build({**known, "readings": READINGS, "rates": rates, **changes})


def searched(database, made, pool=None):
    run(made, database=database, pool=pool or CarryingPool(2))
    return database.candidates()


@pytest.mark.parametrize("algorithm", ["aging", "random", "mu_plus_lambda", "map_elites"])
def test_children_have_their_first_parents_reading(new_database, algorithm):
    database = new_database()
    found = searched(database, settings(algorithm=algorithm))
    start = [c.reading for c in found if not c.parents]
    assert len(set(start)) > 1
    assert set(start) <= set(range(READINGS))
    for child in found:
        assert child.reading == child.result.reading
        if child.operator == "reading":
            (parent,) = (found[number] for number in child.parents)
            assert child.hash == parent.hash
            assert child.reading != parent.reading
            assert child.moves == {}
        elif child.parents:
            assert child.reading == found[child.parents[0]].reading
    changed = [c for c in found if c.operator == "reading"]
    assert bool(changed) == (algorithm != "random")
    if algorithm == "mu_plus_lambda":
        survivors = database.members(5)["population"]
        assert {found[number].reading for number in survivors} == {READINGS - 1}


def test_without_a_rate_readings_are_selected_alone(new_database):
    found = searched(new_database(), settings(rates={"reading": 0.0}))
    assert "reading" not in {c.operator for c in found}
    assert len({c.reading for c in found}) > 1


def test_one_reading_is_no_part_of_the_search(new_database):
    found = searched(new_database(), settings(readings=1))
    assert {(c.reading, c.operator == "reading") for c in found} == {(0, False)}


def test_a_body_is_scored_once_under_each_reading(new_database):
    database, pool = new_database(), CarryingPool(2)
    found = searched(database, settings(), pool)
    copies = [c for c in found if c.duplicate_of is not None]
    assert copies, "the settings no longer make a body twice: choose another seed"
    for copy in copies:
        first = found[copy.duplicate_of]
        assert (copy.hash, copy.reading, copy.score) == (first.hash, first.reading, first.score)
    genomes = [(found[number].hash, found[number].reading) for number in pool.simulated]
    assert len(set(genomes)) == len(genomes)
    assert len({body for body, _ in genomes}) < len(genomes)


def test_of_a_body_under_several_readings_the_best_is_a_design(new_database):
    database = new_database()
    found = searched(database, settings())
    best = database.best_in_search(5)
    assert len({c.hash for c in best}) == 5
    for candidate in best:
        assert candidate.score == max(c.score for c in found if c.hash == candidate.hash)
    assert [c.number for c in database.best(5)] == [c.number for c in best]


CUT_OFF = {
    "tried": (TryingPool, settings(readings=1, tries=3)),
    "racing": (StoppingPool, settings(racing=True)),
    "islands": (
        CarryingPool,
        settings(algorithm="islands", islands=["aging", "mu_plus_lambda"], migrate_every=4),
    ),
    "adaptive": (CarryingPool, settings(rates={"reading": 0.3, "adaptive": True})),
} | {
    name: (CarryingPool, settings(algorithm=name))
    for name in ("aging", "nsga2", "map_elites", "novelty")
}


@pytest.mark.parametrize(("pool", "made"), CUT_OFF.values(), ids=CUT_OFF)
def test_cut_off_and_gone_on_with(new_database, pool, made):
    whole, cut = new_database(), new_database()
    found = searched(whole, made, pool(2))
    assert len({c.reading for c in found}) > 1
    for answers in (0, 7, 3, 12):
        with pytest.raises(CutOffError):
            run(made, database=cut, pool=pool(3, seed=answers, answers=answers))
    again = searched(cut, made, pool(5))
    assert outcome(cut) == outcome(whole)
    assert [c.reading for c in again] == [c.reading for c in found]


def test_a_search_goes_on_with_the_readings_of_a_run(new_database, tmp_path):
    old = settings(algorithm="random")
    folder = RunFolder.create(tmp_path / "old", old)
    with folder.database() as database:
        searched(database, old, FormulaPool())
        best = database.best(8)
    assert len({c.reading for c in best}) > 1
    made = settings(start=str(folder.path), generations=0)
    start = read_start(made)
    assert [founder.reading for founder in start] == [c.reading for c in best]
    kept = RunFolder.create(tmp_path / "new", made, start=start).start()
    assert [founder.reading for founder in kept] == [c.reading for c in best]
    database = new_database()
    run(made, database=database, pool=CarryingPool(), start=kept)
    found = database.candidates()
    assert [(c.hash, c.reading) for c in found] == [(c.hash, c.reading) for c in best]
    for changes in ({"readings": 1}, {"controller": "flat-v0"}):
        other = settings(start=str(folder.path), generations=0, **changes)
        database = new_database()
        run(other, database=database, pool=CarryingPool(), start=read_start(other))
        assert {c.reading for c in database.candidates()} == {0}
    (tmp_path / "new" / "start" / "readings.json").write_text("[1, 2]")
    with pytest.raises(UsageError, match=r"readings\.json is damaged"):
        RunFolder(tmp_path / "new").start()


def test_the_default_controller_has_readings_to_try():
    assert load_controller(defaults.CONTROLLER).n_readings >= 8


def test_readings_are_carried_or_tried():
    with pytest.raises(UsageError, match=r"readings: expected .* got readings=4 and tries=2"):
        settings(tries=2)


@pytest.mark.slow
def test_a_campaign_of_carried_readings_on_any_workers(new_database, reading_controller, tmp_path):
    asked = {"population": 6, "generations": 2, "episodes": 1, "in_flight": 3, "top": 2}
    asked |= {"final_episodes": 2, "finalists": 2, "controller": str(reading_controller)}
    rows = []
    for workers in (0, 2):
        database, made = new_database(), settings(**asked, workers=workers)
        with ScoringPool.of_campaign(made) as pool:
            found = searched(database, made, pool)
        rows.append([(c.hash, c.reading, c.score) for c in found])
        best = database.best(2)
        export_run(database, made, tmp_path / f"designs-{workers}")
        for rank, candidate in enumerate(best, start=1):
            assert candidate.final.reading == candidate.reading
            with np.load(tmp_path / f"designs-{workers}" / f"design-{rank:02d}.npz") as arrays:
                assert int(arrays["reading"]) == candidate.reading
    assert rows[0] == rows[1]
    assert len({reading for _, reading, _ in rows[0]}) > 1
    plain = [c for c in found if c.reading == 0]
    known = {"controller": reading_controller, "episodes": 1, "seed": made.seed, "tries": 1}
    assert [r.returns for r in score([c.graph for c in plain], **known)] == [
        c.result.returns for c in plain
    ]


def test_more_readings_than_the_controller_has_are_refused(reading_controller):
    with pytest.raises(UsageError, match=r"readings: expected 1 \.\. 4, .* got 5"):
        ScoringPool.of_campaign(settings(readings=5, controller=str(reading_controller), workers=0))
