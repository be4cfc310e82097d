"""Settings of trainings that last a second."""

from __future__ import annotations

from hyperdistill_core.training.distillation import CollectSettings, DistillSettings
from hyperdistill_core.training.ppo import PPOSettings

TINY = PPOSettings(
    steps=2 * 3 * 2 * 8,
    n_active=3,
    n_envs=2,
    horizon=8,
    replaced_per_update=1,
    epochs=1,
    width=8,
    layers=1,
    n_workers=1,
)
FEW = CollectSettings(n_active=2, n_envs=2, horizon=8, every=2, n_workers=1)
SMALL = DistillSettings(updates=300, n_bodies=4, n_states=8, hidden=16, embed=16, held_out=0.25)
