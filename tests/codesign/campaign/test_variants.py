"""Campaigns in which bodies inherit controller variants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign import config
from codesign.campaign import read_founders, run
from codesign.errors import UsageError
from codesign.exporting import export_run
from codesign.scoring import ScoringPool, score
from codesign.store import RunFolder
from tests.helpers.formula_pool import FormulaPool, InterruptionError, outcome

VARIANTS = 4


class VariantPool(FormulaPool):
    """The score of a body depends on the variant that it comes with."""

    def collect(self):
        return [
            (number, replace(record, score=record.score + 20 * record.variant))
            for number, record in super().collect()
        ]


class BestOfPool(FormulaPool):
    """Selects the variant of a body: often the preferred one."""

    def collect(self):
        [(number, record)] = super().collect()
        preferred_variants = self.preferred_variants[number]
        assert self.variants[number] is None
        variant = preferred_variants[-1] if preferred_variants and number % 3 else number % VARIANTS
        return [(number, replace(record, variant=variant, score=record.score + variant))]


class PruningPool(VariantPool):
    """Prunes every body that scores below the threshold."""

    def collect(self):
        [(number, record)] = super().collect()
        threshold = self.thresholds[number]
        if threshold is not None and record.score < threshold:
            metrics = {"upper_bound": record.score, "confidence_margin": 0.0}
            record = replace(record, status="pruned", metrics=metrics)
        return [(number, record)]


def settings(**changes):
    known = {
        "population": 8,
        "generations": 5,
        "in_flight": 4,
        "reevaluation_episodes": 0,
        "seed": 3,
    }
    rates = {"operators": {"density": 3.0}, "variant": 0.3}
    return config.Settings.from_dict({**known, "variants": VARIANTS, "rates": rates, **changes})


def searched(database, made, pool=None):
    run(made, database=database, pool=pool or VariantPool(2))
    return database.candidates()


@pytest.mark.parametrize("algorithm", ["aging", "random", "mu_plus_lambda", "map_elites"])
def test_children_have_their_first_parents_variant(new_database, algorithm):
    database = new_database()
    found = searched(database, settings(algorithm=algorithm))
    start = [c.variant for c in found if not c.parents]
    assert len(set(start)) > 1
    assert set(start) <= set(range(VARIANTS))
    for child in found:
        assert child.variant == child.result.variant
        if child.operator == "variant":
            (parent,) = (found[number] for number in child.parents)
            assert child.hash == parent.hash
            assert child.variant != parent.variant
            assert child.diff == {}
        elif child.parents:
            assert child.variant == found[child.parents[0]].variant
    changed = [c for c in found if c.operator == "variant"]
    assert bool(changed) == (algorithm != "random")
    if algorithm == "mu_plus_lambda":
        survivors = database.membership(5)["population"]
        assert {found[number].variant for number in survivors} == {VARIANTS - 1}


def test_without_a_rate_variants_are_selected_alone(new_database):
    found = searched(new_database(), settings(rates={"variant": 0.0}))
    assert "variant" not in {c.operator for c in found}
    assert len({c.variant for c in found}) > 1


def test_one_variant_is_no_part_of_the_search(new_database):
    found = searched(new_database(), settings(variants=1))
    assert {(c.variant, c.operator == "variant") for c in found} == {(0, False)}


def test_a_body_is_scored_once_under_each_variant(new_database):
    database, pool = new_database(), VariantPool(2)
    found = searched(database, settings(), pool)
    copies = [c for c in found if c.duplicate_of is not None]
    assert copies, "the settings no longer make a body twice: choose another seed"
    for copy in copies:
        first = found[copy.duplicate_of]
        assert (copy.hash, copy.variant, copy.score) == (first.hash, first.variant, first.score)
    genomes = [(found[number].hash, found[number].variant) for number in pool.simulated]
    assert len(set(genomes)) == len(genomes)
    assert len({body for body, _ in genomes}) < len(genomes)


def test_of_a_body_under_several_variants_the_best_is_a_design(new_database):
    database = new_database()
    found = searched(database, settings())
    best = database.best_in_search(5)
    assert len({c.hash for c in best}) == 5
    for candidate in best:
        assert candidate.score == max(c.score for c in found if c.hash == candidate.hash)
    assert [c.number for c in database.best(5)] == [c.number for c in best]


INTERRUPTED = {
    "selected": (BestOfPool, settings(variants=1, best_of=3)),
    "racing": (PruningPool, settings(racing=True)),
    "islands": (
        VariantPool,
        settings(algorithm="islands", islands=["aging", "mu_plus_lambda"], migrate_every=4),
    ),
    "adaptive": (VariantPool, settings(rates={"variant": 0.3, "adaptive": True})),
} | {
    name: (VariantPool, settings(algorithm=name))
    for name in ("aging", "nsga2", "map_elites", "novelty")
}


@pytest.mark.parametrize(("pool", "made"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_interrupted_and_resumed(new_database, pool, made):
    whole, cut = new_database(), new_database()
    found = searched(whole, made, pool(2))
    assert len({c.variant for c in found}) > 1
    for answers in (0, 7, 3, 12):
        with pytest.raises(InterruptionError):
            run(made, database=cut, pool=pool(3, seed=answers, answers=answers))
    again = searched(cut, made, pool(5))
    assert outcome(cut) == outcome(whole)
    assert [c.variant for c in again] == [c.variant for c in found]


def test_a_campaign_starts_with_the_variants_of_a_run(new_database, tmp_path):
    old = settings(algorithm="random")
    folder = RunFolder.create(tmp_path / "old", old)
    with folder.database() as database:
        searched(database, old, FormulaPool())
        best = database.best(8)
    assert len({c.variant for c in best}) > 1
    made = settings(start=str(folder.path), generations=0)
    start = read_founders(made)
    assert [founder.variant for founder in start] == [c.variant for c in best]
    kept = RunFolder.create(tmp_path / "new", made, start=start).start()
    assert [founder.variant for founder in kept] == [c.variant for c in best]
    database = new_database()
    run(made, database=database, pool=VariantPool(), start=kept)
    found = database.candidates()
    assert [(c.hash, c.variant) for c in found] == [(c.hash, c.variant) for c in best]
    for changes in ({"variants": 1}, {"controller": "flat-v0"}):
        other = settings(start=str(folder.path), generations=0, **changes)
        database = new_database()
        run(other, database=database, pool=VariantPool(), start=read_founders(other))
        assert {c.variant for c in database.candidates()} == {0}
    (tmp_path / "new" / "start" / "variants.json").write_text("[1, 2]")
    with pytest.raises(UsageError, match=r"variants\.json is damaged"):
        RunFolder(tmp_path / "new").start()


@pytest.mark.slow
def test_inherited_variants_on_any_number_of_workers(new_database, variant_controller, tmp_path):
    asked = {"population": 6, "generations": 2, "episodes": 1, "in_flight": 3, "top": 2}
    asked |= {"reevaluation_episodes": 2, "finalists": 2, "controller": str(variant_controller)}
    rows = []
    for workers in (0, 2):
        database, made = new_database(), settings(**asked, workers=workers)
        with ScoringPool.of_campaign(made) as pool:
            found = searched(database, made, pool)
        rows.append([(c.hash, c.variant, c.score) for c in found])
        best = database.best(2)
        folder = RunFolder.create(tmp_path / f"run-{workers}", made)
        export_run(folder, database, tmp_path / f"designs-{workers}")
        for rank, candidate in enumerate(best, start=1):
            assert candidate.reevaluation.variant == candidate.variant
            name = f"design-{rank:02d}"
            with np.load(tmp_path / f"designs-{workers}" / name / f"{name}.npz") as arrays:
                assert int(arrays["variant"]) == candidate.variant
    assert rows[0] == rows[1]
    assert len({variant for _, variant, _ in rows[0]}) > 1
    plain = [c for c in found if c.variant == 0]
    known = {"controller": variant_controller, "episodes": 1, "seed": made.seed, "best_of": 1}
    assert [r.returns for r in score([c.graph for c in plain], **known)] == [
        c.result.returns for c in plain
    ]


def test_more_variants_than_the_controller_has_are_refused(variant_controller):
    with pytest.raises(UsageError, match=r"variants: expected 1 \.\. 4, .* got 5"):
        ScoringPool.of_campaign(settings(variants=5, controller=str(variant_controller), workers=0))
