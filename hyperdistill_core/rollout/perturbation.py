"""Perturbations: physics, sensors and pushes that the controller of a body does not expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import STATE_DIM, BodyLayout
from hyperdistill_core.tasks import Task

#: Kinds of gains and biases whose first parameters are factors of a force.
_GAINS = [int(mujoco.mjtGain.mjGAIN_FIXED), int(mujoco.mjtGain.mjGAIN_AFFINE)]
_FORCE_PARAMETERS = 3
#: Keys of random streams, apart from those of initial states.
_PUSH_STREAM, _NOISE_STREAM = 1, 2


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """How a rollout differs from what the controller was generated for.

    It changes the compiled model, so it works on every robot alike.

    Attributes:
        torque: Factor on the force of every actuator, and on what joints and tendons take of it.
        mass: Factor on the mass and the inertia of every body.
        damping: Factor on the damping of every joint.
        friction: Factor on the sliding friction of every geom, the ground included.
        sensor_noise: Deviation of white noise on the state features, as a share of the deviation
            that each had in training.
        sensor_deviation: That deviation of each of the 17 state features (:meth:`sensing`); empty
            for 1 of each.
        push: Change of the torso's velocity in a random horizontal direction (m/s); 0 for no
            pushes.
        push_interval: Time between two pushes (s).

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> model = get_task("flat").model(sample_body(np.random.default_rng(0)))
        >>> mass = model.body_mass.sum()
        >>> Perturbation(mass=1.2).change(model)
        >>> round(float(model.body_mass.sum() / mass), 3)
        1.2
    """

    torque: float = 1.0
    mass: float = 1.0
    damping: float = 1.0
    friction: float = 1.0
    sensor_noise: float = 0.0
    sensor_deviation: tuple[float, ...] = ()
    push: float = 0.0
    push_interval: float = 2.0

    def change(self, model: mujoco.MjModel) -> None:
        """Change the physics of a model in place.

        Args:
            model: A body in its world.
        """
        forces = np.isin(model.actuator_gaintype, _GAINS)
        model.actuator_gainprm[forces, :_FORCE_PARAMETERS] *= self.torque
        model.actuator_biasprm[forces, :_FORCE_PARAMETERS] *= self.torque
        model.actuator_forcerange *= self.torque
        model.jnt_actfrcrange *= self.torque
        model.tendon_actfrcrange *= self.torque
        model.body_mass *= self.mass
        model.body_inertia *= self.mass
        model.dof_damping *= self.damping
        model.geom_friction[:, 0] *= self.friction
        model.pair_friction[:, :2] *= self.friction
        # Quantities that MuJoCo derives from masses, such as the inertia that solvers scale with.
        mujoco.mj_setConst(model, mujoco.MjData(model))

    def sensing(self, deviation: NDArray[np.floating]) -> Perturbation:
        """The same, with sensor noise for the states that a controller knows.

        Args:
            deviation: (17,) deviation of each state feature in training.

        Examples:
            >>> Perturbation(sensor_noise=0.1).sensing(np.full(17, 2.0)).sensor_deviation[0]
            2.0
        """
        return replace(self, sensor_deviation=tuple(map(float, deviation)))

    @property
    def noise_deviation(self) -> NDArray[np.float64]:
        """(17,) deviation of the sensor noise on each state feature."""
        return self.sensor_noise * np.array(self.sensor_deviation or (1.0,) * STATE_DIM)


class SensorNoise:
    """White noise on the states of episodes; the seed and the episode decide it.

    Args:
        deviation: (17,) deviation of the noise on each state feature.
        seed: Seed of the run.
        episodes: Numbers of the E episodes.

    Examples:
        >>> state = np.zeros((1, 2, 17))
        >>> both, second = (SensorNoise(np.ones(17), seed=0, episodes=e) for e in ([4, 5], [5]))
        >>> noisy = both.added(np.zeros((2, 2, 17)), rows=np.array([0, 1]))
        >>> bool((noisy[1] == second.added(state, rows=np.array([0]))[0]).all())
        True
    """

    def __init__(
        self, deviation: NDArray[np.floating], *, seed: int, episodes: Sequence[int]
    ) -> None:
        keys = (np.random.SeedSequence(seed, spawn_key=(n, _NOISE_STREAM)) for n in episodes)
        self._deviation = deviation
        self._rngs: list[np.random.Generator] = [*map(np.random.default_rng, keys)]

    def added(self, state: NDArray[np.float64], *, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """States with the noise of one more control step.

        Args:
            state: (R, n, 17) states.
            rows: (R,) the episodes that they are of, as rows of ``episodes``.
        """
        noise = np.empty_like(state)
        numbers: list[int] = rows.tolist()
        for place, number in enumerate(numbers):
            noise[place] = self._rngs[number].normal(size=state.shape[1:])
        return state + self._deviation * noise


class Pushes:
    """Pushes of the torso at regular times, in directions that the seed and the episode decide.

    Args:
        perturbation: What sets their size and interval.
        model: The body in its world.
        layout: Layout of the body in its model.
        task: Task of the rollout.
        seed: Seed of the run.
        episodes: Numbers of the episodes.
    """

    def __init__(
        self,
        perturbation: Perturbation,
        model: mujoco.MjModel,
        layout: BodyLayout,
        task: Task,
        *,
        seed: int,
        episodes: Sequence[int],
    ) -> None:
        self._every = max(round(perturbation.push_interval / task.control_dt), 1)
        number = task.max_steps // self._every
        angles = np.empty((number, len(episodes)))
        for row, episode in enumerate(episodes):
            key = np.random.SeedSequence(seed, spawn_key=(episode, _PUSH_STREAM))
            angles[:, row] = np.random.default_rng(key).uniform(0.0, 2.0 * np.pi, number)
        velocities = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=-1)
        directions = push_directions(model, int(layout.body_ids[0]))
        self._changes = perturbation.push * velocities @ directions.T

    def at(self, step: int) -> NDArray[np.float64] | None:
        """What a push before a control step adds to the velocities (E, nv); None for no push.

        Args:
            step: Number of the control step, from 0.
        """
        number, rest = divmod(step, self._every)
        return None if rest or not number else self._changes[number - 1]


def push_directions(model: mujoco.MjModel, body: int) -> NDArray[np.float64]:
    """(nv, 3) change of the velocities when a push changes the velocity of a body by each axis.

    Args:
        model: The body in its world.
        body: Number of the MuJoCo body that is pushed.

    Examples:
        >>> body = "<body><freejoint/><geom size='1'/></body>"
        >>> model = mujoco.MjModel.from_xml_string(
        ...     f"<mujoco><worldbody>{body}</worldbody></mujoco>"
        ... )
        >>> push_directions(model, 1)[:3].tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    directions = np.zeros((model.nv, 3))
    first = model.body_jntadr[body]
    for joint in range(first, first + model.body_jntnum[body]):
        dof = model.jnt_dofadr[joint]
        if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE:
            directions[dof : dof + 3] = np.eye(3)
        elif model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_SLIDE:
            directions[dof] = model.jnt_axis[joint]
    return directions
