"""Gait metrics: work, height, duty factors, and other numbers about how a body moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout.ground_contact import (
    Ground,
    capsules_on_ground,
    geoms_on_ground,
)

#: Gravitational acceleration (m/s^2).
GRAVITY = 9.81
#: Control steps at the beginning of an episode that no period is sought in.
_SETTLING = 50
#: Shortest period in control steps.
_LEAST_PERIOD = 5
#: Least autocorrelation after a period.
_REPEATS = 0.3
#: Share of the highest peak of an autocorrelation that the peak of a period reaches.
_NEAR_HIGHEST = 0.85
#: Least variance of a joint's angle that is a motion (rad^2).
_LEAST_MOTION = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class GaitMetrics:
    """Gait metrics of one body in E episodes, each until its end.

    Attributes:
        work: (E,) mechanical work of the motors; braking counts like driving (J). NaN for a robot
            with actuators that are no motors or servos of joints, such as muscles and tendons.
        height: (E,) mean height of the torso above the ground (m).
        duty_factors: (E, n) share of the control steps in which each node was on the ground, the
            torso first.
        contact: (E,) share of the control steps with any node on the ground.
        symmetry: (E,) 1 where the duty factors at both sides of the rest pose add up to the same,
            0 where only one side touched the ground; 1 for a body without sides.
        period: (E,) time after which the motion of the joint that moves most repeats (s); NaN where
            it does not.
        mass: Mass of the body (kg).

    Examples:
        >>> gait = GaitMetrics(
        ...     work=np.array([9.81]), height=np.array([0.7]), duty_factors=np.array([[0.0, 0.5]]),
        ...     contact=np.array([0.5]), symmetry=np.array([1.0]), period=np.array([0.4]),
        ...     mass=2.0,
        ... )
        >>> gait.cost_of_transport(np.array([1.0]))
        0.5
    """

    work: NDArray[np.float64]
    height: NDArray[np.float64]
    duty_factors: NDArray[np.float64]
    contact: NDArray[np.float64]
    symmetry: NDArray[np.float64]
    period: NDArray[np.float64]
    mass: float

    def cost_of_transport(self, distance: NDArray[np.float64]) -> float:
        """Work divided by weight and distance over all episodes (dimensionless).

        Args:
            distance: (E,) distance of each episode (m).

        Returns:
            The cost of transport; infinity if the sum of the distances is not positive, and NaN
            where the work is not known.
        """
        total_m = float(distance.sum())
        if not total_m > 0.0:
            return np.inf
        return float(self.work.sum()) / (self.mass * GRAVITY * total_m)

    def joined(self, other: GaitMetrics) -> GaitMetrics:
        """The metrics of these episodes, then those of other episodes of the same body."""
        both = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("work", "height", "duty_factors", "contact", "symmetry", "period")
        }
        return GaitMetrics(**both, mass=self.mass)


def gait_metrics(
    *,
    qpos: NDArray[np.float64],
    ctrl: NDArray[np.float64],
    xpos: NDArray[np.float64],
    xquat: NDArray[np.float64],
    lengths: NDArray[np.intp],
    layout: BodyLayout,
    model: mujoco.MjModel,
    ground: NDArray[np.float64],
    control_dt: float,
    ground_at: Ground | None = None,
) -> GaitMetrics:
    """Gait metrics of a recorded rollout of T control steps.

    Args:
        qpos: (T + 1, E, nq) positions, the initial ones first.
        ctrl: (T, E, nu) controls.
        xpos: (T, E, nbody, 3) positions of the MuJoCo body frames (m).
        xquat: (T, E, nbody, 4) orientations of the MuJoCo body frames.
        lengths: (E,) number of control steps of each episode.
        layout: Layout of the body in its model.
        model: The body in its world.
        ground: (T, E, nbody) height of the ground below the MuJoCo bodies (m).
        control_dt: Length of a control step (s).
        ground_at: Function that gives the heights of the ground, for a robot with its own physics:
            its geoms count then; None for a body that is what its nodes say.

    Examples:
        >>> from hyperdistill_core.rollout import rollout
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> n_controls = sum(1 for _ in joints(body))
        >>> class Rest:
        ...     def act(self, state):
        ...         return np.zeros((len(state), n_controls))
        >>> result = rollout(body, Rest(), task=get_task("flat"), episodes=2, measure_gait=True)
        >>> result.gait.duty_factors.shape == (2, len(body))
        True
    """
    running = np.arange(len(ctrl))[:, None] < lengths
    steps = np.maximum(lengths, 1)

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        trailing = [1] * (values.ndim - 2)
        mask = running.reshape(*running.shape, *trailing)
        return sum_over_steps(np.where(mask, values, 0.0)) / steps.reshape(-1, *trailing)

    work = np.full(len(lengths), np.nan)
    if _only_motors(model):
        each = np.abs(_work(qpos, ctrl, model, control_dt)).sum(axis=-1)
        work = sum_over_steps(np.where(running, each, 0.0))
    nodes = layout.body_ids
    of_nodes = (xpos[:, :, nodes], xquat[:, :, nodes], layout)
    if ground_at is None:
        touching = capsules_on_ground(*of_nodes, ground[:, :, nodes])
    else:
        touching = geoms_on_ground(*of_nodes, model, ground_at)
    duty_factors = mean(touching)
    return GaitMetrics(
        work=work,
        height=mean(xpos[:, :, nodes[0], 2] - ground[:, :, nodes[0]]),
        duty_factors=duty_factors,
        contact=mean(np.any(touching, axis=-1, keepdims=True))[:, 0],
        symmetry=_symmetry(duty_factors, qpos.shape[1], layout, model),
        period=_periods(qpos[:, :, _joint_addresses(model)], lengths, control_dt),
        mass=float(model.body_mass[nodes].sum()),
    )


def sum_over_steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the steps of (T, E, ...) values, in an order that does not depend on E.

    ``numpy.sum`` adds a single column in another order than a column among others.

    Args:
        values: (T, E, ...) values.

    Returns:
        (E, ...) sums.

    Examples:
        >>> sum_over_steps(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [4.0, 6.0]
    """
    return np.cumsum(values, axis=0)[-1]


def delayed(
    ctrl: NDArray[np.float64], model: mujoco.MjModel, control_dt: float
) -> NDArray[np.float64]:
    """The controls that act in each step, where actuators delay them by whole control steps.

    Args:
        ctrl: (T, ..., nu) controls.
        model: The body in its world.
        control_dt: Length of a control step (s).

    Returns:
        (T, ..., nu) controls; zero before the first one acts.
    """
    acting = ctrl.copy()
    for actuator, delay in enumerate(model.actuator_delay.tolist()):
        steps = min(round(delay / control_dt), len(ctrl))
        acting[steps:, ..., actuator] = ctrl[: len(ctrl) - steps, ..., actuator]
        acting[:steps, ..., actuator] = 0.0
    return acting


def _only_motors(model: mujoco.MjModel) -> bool:
    """Whether all actuators turn or slide one joint, with a force that follows from their control.

    Another force also depends on activations, on tendons, or on lengths, which rollouts do not
    record.
    """
    joints = (int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE))
    biases = (int(mujoco.mjtBias.mjBIAS_NONE), int(mujoco.mjtBias.mjBIAS_AFFINE))
    if np.any(model.actuator_trntype != int(mujoco.mjtTrn.mjTRN_JOINT)):
        return False
    return bool(
        np.all(np.isin(model.jnt_type[model.actuator_trnid[:, 0]], joints))
        and np.all(model.actuator_dyntype == int(mujoco.mjtDyn.mjDYN_NONE))
        and np.all(model.actuator_gaintype == int(mujoco.mjtGain.mjGAIN_FIXED))
        and np.all(np.isin(model.actuator_biastype, biases))
    )


def _work(
    qpos: NDArray[np.float64], ctrl: NDArray[np.float64], model: mujoco.MjModel, control_dt: float
) -> NDArray[np.float64]:
    """(T, E, nu) work of each actuator in each step (J): torque times rotation.

    The force of an actuator is ``gain * control + bias``; motors have no bias, servos do.
    A joint may limit the sum of the torques of its actuators.
    """
    joints = model.actuator_trnid[:, 0]
    gear = model.actuator_gear[:, 0]
    angle = qpos[:, :, model.jnt_qposadr[joints]]
    rotation = np.diff(angle, axis=0)
    ctrl = delayed(ctrl, model, control_dt)
    low, high = model.actuator_ctrlrange.T
    bias = model.actuator_biasprm
    force = model.actuator_gainprm[:, 0] * np.clip(ctrl, low, high)
    if bias.any():
        force += bias[:, 0] + gear * (bias[:, 1] * angle[:-1] + bias[:, 2] * rotation / control_dt)
    limited = model.actuator_forcelimited > 0
    least, most = np.where(limited, model.actuator_forcerange.T, [[-np.inf], [np.inf]])
    torque = _within_limits(np.clip(force, least, most) * gear, joints, model)
    return torque * rotation


def _within_limits(
    torque: NDArray[np.float64], joints: NDArray[np.integer], model: mujoco.MjModel
) -> NDArray[np.float64]:
    """The torques (T, E, nu) of actuators, within what their joints take from all of them."""
    for joint in np.unique(joints[model.jnt_actfrclimited[joints] > 0]):
        own = np.flatnonzero(joints == joint)
        total = torque[..., own].sum(axis=-1, keepdims=True)
        taken = np.clip(total, *model.jnt_actfrcrange[joint])
        torque[..., own] *= np.divide(taken, total, out=np.ones_like(total), where=total != 0.0)
    return torque


def _symmetry(
    duty_factors: NDArray[np.float64], episodes: int, layout: BodyLayout, model: mujoco.MjModel
) -> NDArray[np.float64]:
    """(E,) similarity of the duty factors at both sides of the rest pose, 0..1."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    side = data.xpos[layout.body_ids, 1] - data.xpos[layout.body_ids[0], 1]
    signs = np.sign(side.round(3))
    left, right = (duty_factors[:, signs == sign].sum(axis=1) for sign in (1.0, -1.0))
    both = left + right
    return np.where(both > 0.0, 1.0 - np.abs(left - right) / np.where(both > 0.0, both, 1.0), 1.0)


def _joint_addresses(model: mujoco.MjModel) -> NDArray[np.intp]:
    """Addresses in qpos of the hinges and slides that an actuator drives."""
    driven = model.actuator_trnid[model.actuator_trntype == int(mujoco.mjtTrn.mjTRN_JOINT), 0]
    return model.jnt_qposadr[np.unique(driven)]


def _periods(
    angles: NDArray[np.float64], lengths: NDArray[np.intp], control_dt: float
) -> NDArray[np.float64]:
    """(E,) periods of the motion of the joints (T + 1, E, k) in each episode (s)."""
    periods = np.full(len(lengths), np.nan)
    if not angles.shape[2]:
        return periods
    for episode, length in enumerate(lengths):
        moved = angles[min(_SETTLING, length) : length + 1, episode]
        if len(moved) >= 2 * _LEAST_PERIOD:
            most = moved[:, np.argmax(moved.var(axis=0))]
            periods[episode] = _period(most) * control_dt
    return periods


def _period(values: NDArray[np.float64]) -> float:
    """Lag of the first high peak of the autocorrelation of (n,) values; NaN without one."""
    centered = values - values.mean()
    size = 2 * len(values)
    power = np.abs(np.fft.rfft(centered, size)) ** 2
    # Sums over fewer pairs at longer lags are scaled to the same number of pairs.
    pairs = np.arange(len(values), 0, -1)
    correlation = np.fft.irfft(power, size)[: len(values)] / pairs
    if not correlation[0] > _LEAST_MOTION:
        return np.nan
    inner = correlation[1 : len(values) // 2] / correlation[0]
    peaks = np.flatnonzero((inner[1:-1] > inner[:-2]) & (inner[1:-1] >= inner[2:])) + 1
    peaks = peaks[(peaks + 1 >= _LEAST_PERIOD) & (inner[peaks] >= _REPEATS)]
    if not len(peaks):
        return np.nan
    # Multiples of the period have peaks that are as high: take the first of the high ones.
    high = inner[peaks] >= _NEAR_HIGHEST * inner[peaks].max()
    return float(peaks[high][0] + 1)
