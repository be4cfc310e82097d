"""Rollouts: episodes of one body under one policy.

:func:`rollout` runs all episodes of a body in lockstep, so that the policy acts on one batch at
each control step, and returns a :class:`Rollout`. Two engines simulate. ``serial`` calls plain
``mj_step`` on one ``MjData`` for each episode and is the reference. ``batched`` steps all episodes
in C++ (mjbatch) and is the default. Their states, controls and scores are equal to the last bit.

Both engines use one thread: the parallelism is over bodies, in worker processes. Set
``OMP_NUM_THREADS=1`` in the workers; otherwise the matrix products of the policies compete for
the cores.
"""

from hyperdistill_core.rollout.engine import ENGINES, Engine, rollout
from hyperdistill_core.rollout.gait import GaitMetrics
from hyperdistill_core.rollout.perturbation import Perturbation
from hyperdistill_core.rollout.physics import Physics, quiet_warnings, unstable_simulations
from hyperdistill_core.rollout.policy import (
    ClockedPolicy,
    Policy,
    SeeingPolicy,
    WrappedPolicy,
)
from hyperdistill_core.rollout.result import Rollout

__all__ = [
    "ENGINES",
    "ClockedPolicy",
    "Engine",
    "GaitMetrics",
    "Perturbation",
    "Physics",
    "Policy",
    "Rollout",
    "SeeingPolicy",
    "WrappedPolicy",
    "quiet_warnings",
    "rollout",
    "unstable_simulations",
]
