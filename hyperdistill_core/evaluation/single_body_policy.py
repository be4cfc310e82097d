"""A teacher, which acts for a batch of bodies, as the policy of one of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs, TeacherPolicy


class SingleBodyPolicy:
    """A teacher as the policy of one body.

    Args:
        network: The teacher.
        normalization: Normalization of its state features.
        inputs: Inputs of the body.

    Attributes:
        clock_harmonics: Harmonics of the clock phase that the teacher takes; 0 for none.
        terrain_dim: Number of numbers that it sees; 0 for none.
    """

    def __init__(self, network: Teacher, normalization: Normalization, inputs: BodyInputs) -> None:
        batch = BodyBatch([inputs], n_max=len(inputs.parents))
        self._policy = TeacherPolicy(network, normalization, batch)
        self._actions = np.flatnonzero(inputs.joint_mask.ravel())
        self.clock_harmonics, self.terrain_dim = network.clock_harmonics, network.terrain_dim

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """Mean actions (E, nu) of E episodes.

        Args:
            state: (E, n, 17) raw states.
            heights: (E, terrain_dim) height samples (m), then goal or object, for a teacher with
                sight.
            time: Time since the episodes began (s). A teacher without a clock ignores it.

        Raises:
            ValueError: The teacher takes a clock phase and there is no time.
        """
        if self.clock_harmonics and time is None:
            raise ValueError(
                "time: expected a number, because this teacher takes a clock, got None"
            )
        n_envs = len(state)
        seen = None if heights is None else heights[None]
        means = self._policy.means(state[None], np.full((1, n_envs), time or 0.0), seen)
        return means.reshape(n_envs, -1)[:, self._actions].astype(np.float64)
