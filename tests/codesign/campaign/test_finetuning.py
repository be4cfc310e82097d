"""Finalists that learn end with the best of what they had and what they learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.campaign import finetuning
from codesign.config import Settings
from codesign.scoring import ScoringPool
from codesign.store import Candidate, RunFolder
from hyperdistill_core.controller import Controller
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

SETTINGS = {"population": 2, "generations": 0, "episodes": 1, "finalists": 1, "top": 1}


@pytest.fixture
def tuned(variant_controller, tmp_path, monkeypatch):
    """Run the learning of one finalist of variant 2 with scores by the kind of its network."""

    def run(**scores: float):
        settings = Settings.from_dict(
            {**SETTINGS, "controller": str(variant_controller), "finetune_steps": 100}
        )
        folder = RunFolder.create(tmp_path / "run", settings)
        body = sample_body(np.random.default_rng(0))
        found = replace(BLANK, status="ok", score=5.0, variant=2)
        made = Candidate.unscored(body, number=0, generation=0, operator="sample", variant=2)
        candidate = made.scored(found)
        controller = Controller.load(variant_controller)

        def network(variant):
            model = get_task("flat").model(body)
            return controller.for_body(body, model, variant=variant)

        learned = network(3)  # (stands for what was learned)

        def learn(*_):
            folder.networks.mkdir()
            learned.save_npz(folder.network(candidate))
            return [100]

        def kind(policy):
            same = np.array_equal(policy.arrays()["weight_0"], learned.arrays()["weight_0"])
            return "learned" if same else "generated"

        def score(candidates, settings, pool, *, seed, best_of=None, policies=None):
            name, variant = "own", 2
            if best_of:
                name, variant = "selected", 1
            elif policies is not None:
                name = kind(policies[0])
            value = scores.get(name, 0.0)
            record = replace(BLANK, status="ok", score=value, variant=variant)
            return {each.number: record for each in candidates}

        monkeypatch.setattr(finetuning, "_learn", learn)
        monkeypatch.setattr(finetuning, "_score", score)
        with folder.database() as database:
            database.add(candidate)
            with ScoringPool(workers=0, controller=variant_controller) as pool:
                finetuning.finetune_finalists(
                    settings,
                    folder=folder,
                    database=database,
                    pool=pool,
                    criteria={},
                    on_steps=lambda *_: None,
                )
            [after] = database.best(1)
        stored = folder.stored_network(after).arrays()["weight_0"]
        weights = {n: network(n).arrays()["weight_0"] for n in range(4)}
        [variant] = [n for n, own in weights.items() if np.array_equal(own, stored)]
        return after.finetuned, variant

    return run


def test_what_was_learned_is_kept_where_it_is_better(tuned):
    record, variant = tuned(selected=6.0, own=5.0, learned=7.0)
    assert (record.score, record.metrics["best_of_score"], variant) == (7.0, 6.0, 3)


def test_a_network_that_learned_nothing_gives_way_to_the_generated_one(tuned):
    record, variant = tuned(selected=6.0, own=5.0, learned=1.0, generated=6.0)
    assert (record.score, record.variant, variant) == (6.0, 1, 1)


def test_the_variant_of_the_search_competes_with_the_selected_one(tuned):
    record, variant = tuned(selected=4.0, own=5.0, learned=1.0, generated=5.0)
    assert (record.score, record.variant, variant) == (5.0, 2, 2)
    assert record.metrics["best_of_score"] == 5.0
