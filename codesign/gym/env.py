"""One simulation as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box, Space
from numpy.typing import NDArray

from codesign import defaults
from codesign.errors import UsageError
from codesign.gym.camera import Cameras
from codesign.gym.simulations import Body, Simulations, Step
from codesign.gym.tables import with_state_table
from hyperdistill_core.tasks import Task

#: Size of pictures (px).
SIZE = 480
RENDER_MODE = "rgb_array"
_ALL = np.array([0], dtype=np.intp)


@with_state_table
class LocomotionEnv(gymnasium.Env[NDArray[np.float64], NDArray[np.float32]]):
    """A robot on a task, one simulation: ``codesign/Locomotion-v0``.

    Physics, rewards and ends of episodes are those of :func:`hyperdistill_core.rollout.rollout`.
    After ``reset(seed=s)`` the k-th episode begins as episode k of the seed s there.

    **Observation**: ``Box(-inf, inf, (n * 17,), float64)`` for a robot of n nodes, the torso
    first and each limb after its parent. :func:`codesign.gym.observation_table` lists the numbers
    of a given robot. ``observation.reshape(1, -1, 17)`` is the state that a controller of this
    project takes. Slots without a hinge are 0, and so are x and y of the torso, which the
    reward does not need. The numbers of each node:

    {state_table}

    **Action**: ``Box(-1, 1, (m,), float32)`` for a robot of m motors: the share of the largest
    torque of each motor, or of the own range of an actuator of a robot from elsewhere;
    :func:`codesign.gym.action_table` lists them. Larger numbers are clamped.

    **Reward**: the reward of the task, for ``flat`` the speed of the torso along x (m/s). Where a
    simulation becomes unstable, the last reward makes the return of the episode the worst score
    of the task.

    **Episode end**: terminated when the body falls, leaves the terrain (as at the side edges of
    ``csr``, or out of the bowl of ``escape``), or its simulation becomes unstable; truncated at the
    time limit of the task, 1,000 control steps of 0.02 s for ``flat``.

    **Info**: ``reward_NAME`` for each reward term (the terms sum to the reward), ``distance``
    along x since the start (m), ``time`` since the start (s), ``fell``, and ``unstable``.

    Args:
        body: A robot file (MJCF, URDF, JSON or GraphML), or a body.
        task: Name of the task, or a task.
        max_episode_steps: Largest number of control steps in an episode; None for the task's own.
        render_mode: "rgb_array" for pictures, or None.
        width: Width of a picture (px).
        height: Height of a picture (px).

    Raises:
        UsageError: There is no body, a number is below 1, or there is no such render mode.
        BodyError: The file cannot be read, or holds no robot with a motor.
        UnknownNameError: There is no such task.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> env = LocomotionEnv(sample_body(np.random.default_rng(0)))
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        >>> env.observation_space.contains(observation), info["time"]
        (True, 0.02)
    """

    metadata: dict[str, Any] = {"render_modes": [RENDER_MODE], "render_fps": 50}  # noqa: RUF012

    def __init__(
        self,
        body: Body | None = None,
        *,
        task: str | Task = defaults.TASK,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        width: int = SIZE,
        height: int = SIZE,
    ) -> None:
        require_render_mode(render_mode)
        self._simulations = Simulations(body, task, 1, max_steps=max_episode_steps)
        self.metadata = {
            **self.metadata,
            "render_fps": round(1.0 / self._simulations.task.control_dt),
        }
        observation_space, action_space = spaces(self._simulations)
        self.observation_space: Space[NDArray[np.float64]] = observation_space
        self.action_space: Space[NDArray[np.float32]] = action_space
        self.render_mode = render_mode
        self._cameras = Cameras(self._simulations, (width, height))
        self._episode = -1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of the initial states from now on; None for the next episode of the last
                seed, or at first of a random one.
            options: Ignored.

        Returns:
            Observation and info.
        """
        super().reset(seed=seed)
        self._episode = 0 if seed is not None else self._episode + 1
        self._simulations.start(_ALL, seeds=[self.np_random_seed or 0], episodes=[self._episode])
        return self._simulations.observe()[0], self._info(None)

    def step(
        self, action: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Advance by a control step.

        Args:
            action: (m,) action.

        Returns:
            Observation, reward, whether the episode is terminated, whether it is truncated, info.

        Raises:
            ResetNeeded: The environment has not been reset.
            UsageError: The action has another shape.
        """
        if self._episode < 0:
            raise ResetNeeded("call reset() before step()")
        simulations = self._simulations
        step = simulations.step(np.asarray(action)[None], _ALL)
        return (
            simulations.observe()[0],
            float(step.rewards[0]),
            bool(step.terminated[0]),
            bool(step.truncated[0]),
            self._info(step),
        )

    def render(self) -> Any:
        """A picture (height, width, 3) of the current state and its world; None without a mode.

        Raises:
            RunError: This machine cannot draw.
        """
        return None if self.render_mode is None else self._cameras.pictures()[0]

    def close(self) -> None:
        """Free what the pictures took."""
        self._cameras.close()

    def _info(self, step: Step | None) -> dict[str, Any]:
        return {name: array[0].item() for name, array in self._simulations.infos(step).items()}


def require_render_mode(render_mode: str | None) -> None:
    """Refuse a render mode that there is not.

    Args:
        render_mode: Name of the mode, or None.

    Raises:
        UsageError: There is no such mode.
    """
    if render_mode not in (None, RENDER_MODE):
        raise UsageError(f"render_mode: expected {RENDER_MODE} or None, got {render_mode}")


def spaces(simulations: Simulations) -> tuple[Any, Any]:
    """Spaces of the observations and of the actions of one simulation.

    Args:
        simulations: Simulations of the body.
    """
    return (
        Box(-np.inf, np.inf, (simulations.observation_dim,), np.float64),
        Box(-1.0, 1.0, (simulations.layout.n_controls,), np.float32),
    )
