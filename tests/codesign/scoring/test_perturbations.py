"""Perturbations change one thing each."""

from __future__ import annotations

import numpy as np

from codesign.scoring.perturbations import PERTURBATIONS
from hyperdistill_core.tasks import get_task


def test_each_perturbation_changes_one_thing(bodies):
    task = get_task("flat")
    before = task.model(bodies[0])
    models = {name: task.model(perturb(bodies[0])) for name, perturb in PERTURBATIONS.items()}
    hinges = slice(6, None)
    ratios = {
        "weak": models["weak"].actuator_gear[:, 0] / before.actuator_gear[:, 0],
        "heavy": models["heavy"].body_mass[1:] / before.body_mass[1:],
        "damped": models["damped"].dof_damping[hinges] / before.dof_damping[hinges],
    }
    for name, factor in (("weak", 0.8), ("heavy", 1.2), ("damped", 2.0)):
        np.testing.assert_allclose(ratios[name], factor, rtol=1e-9)
    np.testing.assert_array_equal(models["weak"].body_mass, before.body_mass)
    np.testing.assert_array_equal(models["heavy"].actuator_gear, before.actuator_gear)
