"""Torques and speeds of the joints of a design, in rollouts under its own network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.errors import RunError
from codesign.exporting.design import Design, DesignRollout
from morph_ops import graph as body_graph

if TYPE_CHECKING:
    import mujoco

    from hyperdistill_core.controller.controller import Controller

#: Number of episodes that the loads are measured in.
EPISODES = 8


class JointLoad(NamedTuple):
    """What the motor of a joint gives in the episodes of a design.

    Attributes:
        peak_nm: Largest torque (N m).
        rms_nm: Root mean square of the torque (N m).
        speed_rad_s: Largest speed (rad/s).
    """

    peak_nm: float
    rms_nm: float
    speed_rad_s: float


def joint_loads(
    design: Design, controller: Controller, rollout: DesignRollout, *, episodes: int = EPISODES
) -> dict[str, JointLoad]:
    """Torques and speeds of the joints over all physics steps of some episodes.

    Args:
        design: The design.
        controller: Controller that generates its network where fine-tuning made none.
        rollout: The task and the seed of the episodes.
        episodes: Number of episodes.

    Returns:
        The loads by joint.

    Raises:
        RunError: The simulation became unstable.
    """
    from hyperdistill_core.rollout import rollout as run
    from hyperdistill_core.tasks import get_task

    task, graph = get_task(rollout.task), design.graph
    worlds = task.worlds(rollout.seed, episodes)
    models = task.models(graph, worlds.worlds)
    model = models[0]
    network = design.network or controller.for_body(graph, model, variant=design.variant)
    result = run(
        graph, network, task=task, episodes=episodes, seed=rollout.seed, record_trajectory=True
    )
    if result.unstable or result.ctrl is None:
        raise RunError(f"{design.name}: no loads of its joints: its simulation is unstable")
    names = [joint.name for _, joint in body_graph.joints(graph)]
    dofs = np.array([model.joint(name).dofadr[0] for name in names])
    states = zip(*task.initial_states(model, seed=rollout.seed, episodes=episodes), strict=True)
    parts = [
        replayed(
            models[episode % len(models)],
            *state,
            result.ctrl[:length, episode],
            task.steps_of(model),
            dofs,
        )
        for episode, (state, length) in enumerate(zip(states, result.lengths, strict=True))
    ]
    torque, speed = (np.concatenate(each) for each in zip(*parts, strict=True))
    peak, rms = np.abs(torque).max(axis=0), np.sqrt((torque**2).mean(axis=0))
    fastest = np.abs(speed).max(axis=0)
    rows = np.stack([peak, rms, fastest], axis=1).tolist()
    return {name: JointLoad(*row) for name, row in zip(names, rows, strict=True)}


def replayed(
    model: mujoco.MjModel,
    qpos: NDArray[np.float64],
    qvel: NDArray[np.float64],
    controls: NDArray[np.float64],
    n_steps: int,
    dofs: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Torques of the actuators and speeds in an episode whose controls are known.

    Args:
        model: The body in its world.
        qpos: (nq,) initial positions.
        qvel: (nv,) initial velocities.
        controls: (T, nu) controls.
        n_steps: Number of physics steps in a control step.
        dofs: (d,) degrees of freedom.

    Returns:
        (T n_steps, d) torques (N m), and as many speeds (rad/s).
    """
    import mujoco

    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = qpos, qvel
    mujoco.mj_forward(model, data)
    torque = np.empty((len(controls) * n_steps, len(dofs)))
    speed = np.empty_like(torque)
    for step in range(len(torque)):
        data.ctrl[:] = controls[step // n_steps]
        mujoco.mj_step(model, data)
        torque[step], speed[step] = data.qfrc_actuator[dofs], data.qvel[dofs]
    return torque, speed
