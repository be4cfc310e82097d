"""The perturbations that measure robustness: the controller stays the one of the body as it is."""

from __future__ import annotations

from hyperdistill_core.rollout import Perturbation

#: First part of the name of the metric that holds the score under a perturbation.
SCORE_WHEN = "score_when_"
#: Perturbations by name; robustness is the mean score under each of them alone.
PERTURBATIONS = {
    "weak": Perturbation(torque=0.8),
    "heavy": Perturbation(mass=1.2),
    "damped": Perturbation(damping=2.0),
    "slippery": Perturbation(friction=0.5),
    "noisy": Perturbation(sensor_noise=0.1),
    "pushed": Perturbation(push=0.5),
}
