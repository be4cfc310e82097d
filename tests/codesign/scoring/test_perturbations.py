"""Every perturbation lowers what a controller can count on, in a way of its own."""

from __future__ import annotations

from dataclasses import asdict

from codesign.scoring.perturbations import PERTURBATIONS
from hyperdistill_core.rollout import Perturbation


def test_each_perturbation_changes_one_thing():
    plain = asdict(Perturbation())
    changed = [
        {name for name, value in asdict(perturbation).items() if value != plain[name]}
        for perturbation in PERTURBATIONS.values()
    ]
    assert all(len(names) == 1 for names in changed)
    assert len(set.union(*changed)) == len(PERTURBATIONS)
