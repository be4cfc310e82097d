"""Many simulations of one body in one process, as a Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from codesign import defaults
from codesign.errors import UsageError
from codesign.gym.camera import Cameras
from codesign.gym.env import RENDER_MODE, SIZE, require_render_mode, spaces
from codesign.gym.simulations import RESET_INFOS, Body, Simulations
from hyperdistill_core.tasks import Task

_MASK = "reset_mask"

_Observations = NDArray[np.float64]


class LocomotionVectorEnv(VectorEnv[_Observations, NDArray[np.float32], NDArray[Any]]):
    """A robot on a task, E simulations stepped together in C++.

    Observations, actions, rewards, ends and infos are those of
    :class:`~codesign.gym.LocomotionEnv`, in arrays with the simulations first. Observations
    are new arrays.

    After ``reset(seed=s)`` with a number, simulation i begins as episode i of the seed s in
    :func:`hyperdistill_core.rollout.rollout`, and its later episodes are i + E, i + 2 E, and so
    on. With a list of numbers, one a simulation, each simulation is a
    :class:`~codesign.gym.LocomotionEnv` with that seed.

    Args:
        num_envs: Number of simulations, E.
        body: A robot file (MJCF, URDF, JSON or GraphML), or a body.
        task: Name of the task, or a task.
        max_episode_steps: Largest number of control steps in an episode; None for the task's own.
        autoreset_mode: When an episode that has ended begins anew. "NextStep", Gymnasium's own
            default: in the next call of ``step``, which ignores the action of that simulation and
            gives it no reward. "SameStep": at once; ``final_obs`` and ``final_info`` of the info
            are then those of the episode that ended. "Disabled": when
            ``reset(options={"reset_mask": mask})`` says so.
        render_mode: "rgb_array" for pictures, or None.
        width: Width of a picture (px).
        height: Height of a picture (px).

    Raises:
        UsageError: There is no body, a number is below 1, or there is no such mode.
        BodyError: The file cannot be read, or holds no robot with a motor.
        UnknownNameError: There is no such task.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> envs = LocomotionVectorEnv(8, sample_body(np.random.default_rng(0)))
        >>> observations, infos = envs.reset(seed=0)
        >>> actions = np.zeros(envs.action_space.shape)
        >>> observations, rewards, terminated, truncated, infos = envs.step(actions)
        >>> rewards.shape, infos["reward_forward"].shape
        ((8,), (8,))
    """

    def __init__(
        self,
        num_envs: int = 1,
        body: Body | None = None,
        *,
        task: str | Task = defaults.TASK,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        width: int = SIZE,
        height: int = SIZE,
    ) -> None:
        require_render_mode(render_mode)
        self._simulations = Simulations(body, task, num_envs, max_steps=max_episode_steps)
        self._mode = _autoreset_mode(autoreset_mode)
        self.num_envs = num_envs
        self.metadata = {
            "render_modes": [RENDER_MODE],
            "render_fps": round(1.0 / self._simulations.task.control_dt),
            "autoreset_mode": self._mode,
        }
        observations, actions = spaces(self._simulations)
        self.single_observation_space, self.single_action_space = observations, actions
        self.observation_space = batch_space(observations, num_envs)
        self.action_space = batch_space(actions, num_envs)
        self.render_mode = render_mode
        self._cameras = Cameras(self._simulations, (width, height))
        self._seeds = np.zeros(num_envs, dtype=object)
        # The number of each simulation's next episode, and what is added to it after that.
        self._next, self._stride = np.zeros(num_envs, np.intp), np.ones(num_envs, np.intp)
        self._ended = np.zeros(num_envs, dtype=np.bool_)
        self._is_reset = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[_Observations, dict[str, Any]]:
        """Begin episodes.

        Args:
            seed: Seed of the initial states from now on, or one a simulation; None for the next
                episodes of the last seeds, or at first of a random one.
            options: ``{"reset_mask": mask}`` with an array (E,) of bool begins episodes of some
                simulations alone.

        Returns:
            Observations (E, n * 17) and infos.

        Raises:
            UsageError: There is another number of seeds than of simulations.
            UsageError: The mask has another shape or type.
        """
        chosen = self._chosen(options)
        self._set_seeds(seed, chosen)
        self._is_reset = True
        self._start(chosen)
        self._ended[chosen] = False
        began = np.isin(np.arange(self.num_envs), chosen)
        return self._simulations.observe(), _masked(self._simulations.infos(None), began)

    def step(
        self, actions: NDArray[np.floating]
    ) -> tuple[
        _Observations, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Advance all simulations by a control step.

        Args:
            actions: (E, m) actions.

        Returns:
            Observations (E, n * 17), and (E,) rewards, whether episodes are terminated, whether
            they are truncated; and infos.

        Raises:
            ResetNeeded: The environment has not been reset, or an episode has ended and no
                autoreset begins another one.
            UsageError: The actions have another shape.
        """
        if not self._is_reset:
            raise ResetNeeded("call reset() before step()")
        resting = self._ended
        if self._mode is AutoresetMode.DISABLED and resting.any():
            raise ResetNeeded(
                f"{int(resting.sum())} episodes have ended: "
                "call reset(options={'reset_mask': terminated | truncated})"
            )
        simulations, running = self._simulations, ~resting
        step = simulations.step(np.asarray(actions), np.flatnonzero(running))
        self._start(np.flatnonzero(resting))
        self._ended = ended = step.terminated | step.truncated
        observations = simulations.observe()
        infos = _masked(simulations.infos(step), running, among=resting)
        if self._mode is AutoresetMode.SAME_STEP and ended.any():
            final = {"final_obs": _rows(observations, ended), "_final_obs": ended}
            final |= {"final_info": _masked(simulations.infos(step), ended), "_final_info": ended}
            self._start(np.flatnonzero(ended))
            self._ended = np.zeros_like(ended)
            observations = simulations.observe()
            infos = _masked(simulations.infos(step), ~ended, among=ended) | final
        return observations, step.rewards, step.terminated, step.truncated, infos

    def render(self) -> tuple[Any, ...] | None:
        """A picture (height, width, 3) of each simulation; None without a render mode.

        Raises:
            RunError: This machine cannot draw.
        """
        return None if self.render_mode is None else self._cameras.pictures()

    def close_extras(self, **kwargs: Any) -> None:
        """Free what the pictures took."""
        self._cameras.close()

    def _chosen(self, options: dict[str, Any] | None) -> NDArray[np.intp]:
        """The simulations whose episodes a reset begins."""
        if options is None or _MASK not in options:
            return np.arange(self.num_envs)
        mask: Any = options[_MASK]
        if getattr(mask, "dtype", None) != np.bool_:
            raise UsageError(f"{_MASK}: expected an array of bool, got {type(mask).__name__}")
        if mask.shape != (self.num_envs,):
            raise UsageError(f"{_MASK}: expected the shape {(self.num_envs,)}, got {mask.shape}")
        if not self._is_reset:
            raise ResetNeeded(f"call reset() without {_MASK} first")
        return np.flatnonzero(mask)

    def _set_seeds(self, seed: int | Sequence[int | None] | None, chosen: NDArray[np.intp]) -> None:
        """Number the episodes of some simulations anew, where there are seeds."""
        number = int(seed) if isinstance(seed, int | np.integer) else None
        seeds = _numbers(seed)
        if seeds and len(seeds) != self.num_envs:
            raise UsageError(
                f"seed: expected one number, or {self.num_envs}, one a simulation, got {len(seeds)}"
            )
        if number is not None or not self._is_reset:
            self._np_random, self._np_random_seed = seeding.np_random(number)
            self._seeds[chosen] = self._np_random_seed
            self._next[chosen], self._stride[chosen] = chosen, self.num_envs
        for index in map(int, chosen):
            one = seeds[index] if seeds else None
            if one is not None:
                self._seeds[index], self._next[index], self._stride[index] = one, 0, 1

    def _start(self, chosen: NDArray[np.intp]) -> None:
        """Begin the next episodes of some simulations."""
        self._simulations.start(
            chosen, seeds=self._seeds[chosen].tolist(), episodes=self._next[chosen].tolist()
        )
        self._next[chosen] += self._stride[chosen]


def _autoreset_mode(mode: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError:
        known = ", ".join(one.value for one in AutoresetMode)
        raise UsageError(f"autoreset_mode: expected one of {known}, got {mode}") from None


def _masked(
    values: dict[str, NDArray[Any]],
    stepped: NDArray[np.bool_],
    among: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Infos as Gymnasium wants them: a mask beside each array, and zeros elsewhere.

    Args:
        values: (E,) arrays by name.
        stepped: (E,) simulations that all the arrays are about.
        among: (E,) simulations whose episodes have just begun, which have the infos of a reset.
    """
    infos: dict[str, Any] = {}
    for name, array in values.items():
        mask = stepped if among is None or name not in RESET_INFOS else stepped | among
        infos[name], infos[f"_{name}"] = np.where(mask, array, np.zeros_like(array)), mask.copy()
    return infos


def _rows(observations: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[Any]:
    """(E,) objects: observations of some simulations, None for the others."""
    rows = np.full(len(observations), None, dtype=object)
    for index in np.flatnonzero(chosen).tolist():
        rows[index] = observations[index]
    return rows


def _numbers(seeds: Any) -> list[int | None]:
    """Seeds one by one; an empty list where there is one for all, or none."""
    if seeds is None or isinstance(seeds, int | np.integer):
        return []
    return [None if seed is None else int(seed) for seed in seeds]
