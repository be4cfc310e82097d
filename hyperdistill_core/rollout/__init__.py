"""One body under one controller for some episodes.

:func:`rollout` runs all episodes of a body in lockstep, so that the controller acts on one
batch a control step, and returns a :class:`Rollout`. Two engines simulate: ``serial``
calls plain ``mj_step`` on one ``MjData`` an episode and is the reference; ``batched``
steps them in C++ (mjbatch) and is the default. Their states, controls and scores are equal
to the last bit.

Both run on one thread: parallelism is over bodies, one worker process each. Set
``OMP_NUM_THREADS=1`` in workers, or the controller's matrix products compete for cores.
"""

from hyperdistill_core.rollout.engine import ENGINES, Engine, Policy, rollout
from hyperdistill_core.rollout.gait import GaitMetrics
from hyperdistill_core.rollout.physics import Physics, quiet_warnings, unstable_simulations
from hyperdistill_core.rollout.result import Rollout

__all__ = [
    "ENGINES",
    "GaitMetrics",
    "Policy",
    "Engine",
    "Physics",
    "Rollout",
    "quiet_warnings",
    "rollout",
    "unstable_simulations",
]
