"""How a body moved, beside how far: work, height, and which parts were on the ground when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout, node_tips, rotate

GRAVITY = 9.81


@dataclass(frozen=True, kw_only=True, eq=False)
class GaitMetrics:
    """How one body moved in E episodes, each until it ended.

    Attributes:
        work: (E,) mechanical work of the motors, braking counted like driving (J).
        height: (E,) mean height of the torso (m).
        duty_factors: (E, n) share of the control steps that each part was on the ground, torso first.
        contact: (E,) share of the control steps with any part on the ground.
        symmetry: (E,) 1 where the parts at both sides of the rest pose were on the ground
            alike, 0 where only those of one side were; 1 for a body without sides.
        mass: of the body (kg).
    """

    work: NDArray[np.float64]
    height: NDArray[np.float64]
    duty_factors: NDArray[np.float64]
    contact: NDArray[np.float64]
    symmetry: NDArray[np.float64]
    mass: float

    def cost_of_transport(self, distance: NDArray[np.float64]) -> float:
        """Work per weight and way, over all episodes: dimensionless, infinite without a way.

        Args:
            distance: (E,) way of each episode (m).
        """
        way = float(distance.sum())
        return float(self.work.sum()) / (self.mass * GRAVITY * way) if way > 0.0 else np.inf

    def joined(self, other: GaitMetrics) -> GaitMetrics:
        """The episodes of both, of the same body."""
        both = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("work", "height", "duty_factors", "contact", "symmetry")
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
    ground_m: float,
) -> GaitMetrics:
    """Behaviour of a recorded rollout of T control steps.

    Args:
        qpos: (T + 1, E, nq) states, the start first.
        ctrl: (T, E, nu) controls.
        xpos: (T, E, nbody, 3) positions of body frames (m).
        xquat: (T, E, nbody, 4) orientations of body frames.
        lengths: (E,) control steps of each episode.
        layout: of the body in its model.
        model: the body in its world.
        ground_m: height of the ground (m).
    """
    going_on = np.arange(len(ctrl))[:, None] < lengths
    steps = np.maximum(lengths, 1)

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        mask = going_on.reshape(*going_on.shape, *[1] * (values.ndim - 2))
        return total(np.where(mask, values, 0.0)) / steps.reshape(-1, *[1] * (values.ndim - 2))

    joints = model.actuator_trnid[:, 0]
    turned = np.diff(qpos[:, :, model.jnt_qposadr[joints]], axis=0)
    low, high = model.actuator_ctrlrange.T
    torque = np.clip(ctrl, low, high) * model.actuator_gear[:, 0]
    work = total(np.where(going_on, np.abs(torque * turned).sum(axis=-1), 0.0))
    bodies = layout.body_ids
    # MuJoCo's contacts are soft: what is on the ground is a little below it.
    touching = _lowest(xpos[:, :, bodies], xquat[:, :, bodies], layout, model) < ground_m
    duty_factors = mean(touching)
    return GaitMetrics(
        work=work,
        height=mean(xpos[:, :, bodies[0], 2] - ground_m),
        duty_factors=duty_factors,
        contact=mean(np.any(touching, axis=-1, keepdims=True))[:, 0],
        symmetry=_symmetry(duty_factors, qpos.shape[1], layout, model),
        mass=float(model.body_mass[bodies].sum()),
    )


def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over steps of (T, E, ...), added one by one: the same whatever the number E.

    numpy's own sum adds a lone column in another order than one among others.
    """
    return np.cumsum(values, axis=0)[-1]


def _lowest(
    xpos: NDArray[np.float64],
    xquat: NDArray[np.float64],
    layout: BodyLayout,
    model: mujoco.MjModel,
) -> NDArray[np.float64]:
    """(T, E, n) height of the lowest point of every part (m)."""
    tips = np.broadcast_to(node_tips(layout, model), xpos.shape)
    tip_z = rotate(xquat[..., :1], xquat[..., 1:], tips)[..., 2]
    radius = model.geom_size[model.body_geomadr[layout.body_ids], 0]
    return xpos[..., 2] + np.minimum(tip_z, 0.0) - radius


def _symmetry(
    duty_factors: NDArray[np.float64], episodes: int, layout: BodyLayout, model: mujoco.MjModel
) -> NDArray[np.float64]:
    """(E,) likeness of the duties at both sides of the rest pose."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    side = data.xpos[layout.body_ids, 1] - data.xpos[layout.body_ids[0], 1]
    left, right = (duty_factors[:, np.sign(side.round(3)) == sign].sum(axis=1) for sign in (1.0, -1.0))
    both = left + right
    return np.where(both > 0.0, 1.0 - np.abs(left - right) / np.where(both > 0.0, both, 1.0), 1.0)
