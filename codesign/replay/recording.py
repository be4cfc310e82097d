"""A recording: one episode of a body, with everything that a replay shows."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.errors import RunError, UsageError
from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import Policy, rollout
from hyperdistill_core.rollout.gait import delayed
from morph_ops import graph as body_graph

if TYPE_CHECKING:
    from hyperdistill_core.tasks import Task

Array = NDArray[np.float64]
#: The MuJoCo body of the world.
WORLD = 0
# Radius of the goals of tasks that do not say when one is reached (m).
_GOAL_RADIUS_M = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """One episode of one body: T control steps, n nodes.

    Attributes:
        name: What the replay calls it.
        note: What else the replay says of it, such as "candidate 12, made by grow"; may be empty.
        graph: The body.
        model: The body in its world.
        control_dt: Length of a control step (s).
        nodes: (n,) names of the nodes, the torso first.
        qpos: (T + 1, nq) positions, the initial ones first.
        rewards: (T,) reward of each control step.
        contacts: (T + 1, n) whether each node touches the ground.
        contact_points: (T + 1, n, 3) middle of the contacts of each node with the ground (m); not
            a number where there are none.
        efforts: (T, n) largest torque of the motors of each node, as a share of what they can
            give (0..1); 0 for a node without motors.
        torso: (T + 1, 3) place of the torso (m).
        fell: Whether the episode ended by a fall.
        max_steps: Most control steps of an episode of its task.
        ground_m: Height of the ground where the episode began (m).
        goals: Places to go to, or to bring an object to (m).
        goal_radius: Horizontal distance from which such a place counts as reached (m).

    Examples:
        >>> from codesign.scoring import load_controller
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> body, task = sample_body(np.random.default_rng(0)), get_task("flat")
        >>> policy = load_controller("flat-v0").for_body(body, task.model(body))
        >>> one = record(body, policy, task=task, name="walker")
        >>> one.contacts.shape == (one.steps + 1, len(body)), bool(one.efforts.max() <= 1.0)
        (True, True)
    """

    name: str
    graph: nx.DiGraph[str]
    model: mujoco.MjModel
    control_dt: float
    nodes: tuple[str, ...]
    qpos: Array
    rewards: Array
    contacts: NDArray[np.bool_]
    contact_points: Array
    efforts: Array
    torso: Array
    fell: bool
    max_steps: int
    ground_m: float = 0.0
    goals: tuple[tuple[float, float, float], ...] = ()
    goal_radius: float = 0.0
    note: str = ""

    @property
    def steps(self) -> int:
        """Number of control steps, T."""
        return len(self.rewards)

    @property
    def seconds(self) -> float:
        """Length of the episode (s)."""
        return self.steps * self.control_dt

    @property
    def score(self) -> float:
        """The return of the episode."""
        return float(self.rewards.sum())

    @property
    def distance(self) -> float:
        """How far the torso went along x (m)."""
        return float(self.torso[-1, 0] - self.torso[0, 0])

    @property
    def speed(self) -> float:
        """Distance divided by the length of the episode (m/s)."""
        return self.distance / max(self.seconds, self.control_dt)

    @property
    def ending(self) -> str:
        """How the episode ended, such as "fell at 7.3 s"."""
        return f"{'fell' if self.fell else 'ended'} at {self.seconds:.1f} s"

    def part(self, start: float, end: float) -> Recording:
        """A part of the episode, as an episode of its own: times, score and distance begin anew.

        Args:
            start: Beginning of the part (s).
            end: End of the part (s); the end of the episode if that is earlier.

        Raises:
            UsageError: The episode ends before the part begins, or the part has no length.
        """
        first, last = round(start / self.control_dt), min(round(end / self.control_dt), self.steps)
        if not 0 <= first < last:
            raise UsageError(
                f"seconds: expected a part of the {self.seconds:g} s of {self.name}, got "
                f"{start:g} to {end:g} s"
            )
        states, steps = slice(first, last + 1), slice(first, last)
        return replace(
            self,
            qpos=self.qpos[states],
            contacts=self.contacts[states],
            contact_points=self.contact_points[states],
            torso=self.torso[states],
            rewards=self.rewards[steps],
            efforts=self.efforts[steps],
            fell=self.fell and last == self.steps,
        )


def record(
    graph: nx.DiGraph[str],
    policy: Policy,
    *,
    task: Task,
    name: str,
    note: str = "",
    seed: int = 0,
) -> Recording:
    """Simulate one episode of a body, and keep what a replay shows.

    Args:
        graph: The body.
        policy: Policy of this body.
        task: World, reward, and end of the episode.
        name: What the replay calls it.
        note: What else the replay says of it.
        seed: Seed of the initial state; the episode is the first one of a score with this seed.

    Raises:
        RunError: The simulation became unstable.
        BodyError: The body cannot be simulated.
    """
    result = rollout(graph, policy, task=task, episodes=1, seed=seed, record_trajectory=True)
    if result.unstable or result.qpos is None or result.ctrl is None or result.rewards is None:
        raise RunError(f"{name}: no replay: its simulation is unstable")
    world, steps = task.world(seed), int(result.lengths[0])
    model = task.model(graph, world)
    qpos, controls = result.qpos[: steps + 1, 0], result.ctrl[:steps, 0]
    layout = BodyLayout.from_graph(graph, model)
    owners = node_of_bodies(model, layout)
    points, forces, torso = _watched(model, qpos, controls, owners, task.control_dt)
    return Recording(
        name=name,
        graph=graph,
        model=model,
        control_dt=task.control_dt,
        nodes=tuple(body_graph.node_names(graph)),
        qpos=qpos,
        rewards=result.rewards[:steps, 0],
        contacts=~np.isnan(points[..., 0]),
        contact_points=points,
        efforts=_efforts(model, forces, owners, layout.n_nodes),
        torso=torso,
        fell=bool(result.fell[0]),
        max_steps=task.max_steps,
        ground_m=task.ground_m,
        goals=world.goals,
        goal_radius=goal_radius(task),
        note=note,
    )


def goal_radius(task: Task) -> float:
    """Horizontal distance from which a goal of a task counts as reached (m).

    Args:
        task: The task.
    """
    return getattr(task, "margin_m", _GOAL_RADIUS_M)


def node_of_bodies(model: mujoco.MjModel, layout: BodyLayout) -> NDArray[np.intp]:
    """The row of the node that each MuJoCo body belongs to; -1 for the world and its objects.

    A robot from elsewhere may have several bodies in a node.

    Args:
        model: The body in its world.
        layout: Layout of the body in this model.

    Returns:
        (nbody,) rows.
    """
    owners = np.full(model.nbody, -1)
    owners[layout.body_ids] = np.arange(layout.n_nodes)
    for body in range(1, model.nbody):
        if owners[body] < 0:
            owners[body] = owners[model.body_parentid[body]]
    return owners


def _watched(
    model: mujoco.MjModel,
    qpos: Array,
    controls: Array,
    owners: NDArray[np.intp],
    control_dt: float,
) -> tuple[Array, Array, Array]:
    """Contact points (T + 1, n, 3), forces of the actuators (T, nu), places of the torso."""
    controls, model = delayed(controls, model, control_dt), copy.copy(model)
    model.actuator_delay[:] = 0.0
    data = mujoco.MjData(model)
    points = np.zeros((len(qpos), int(owners.max()) + 1, 3))
    counts = np.zeros(points.shape[:2])
    forces, torso = np.zeros_like(controls), np.empty((len(qpos), 3))
    root = int(np.flatnonzero(owners == 0)[0])
    for step, positions in enumerate(qpos):
        data.qpos[:] = positions
        if step < len(controls):
            mujoco.mj_differentiatePos(model, data.qvel, control_dt, positions, qpos[step + 1])
            data.ctrl[:] = controls[step]
        mujoco.mj_forward(model, data)
        for contact in data.contact:
            one, other = owners[model.geom_bodyid[contact.geom]]
            if (one < 0) != (other < 0):
                points[step, max(one, other)] += contact.pos
                counts[step, max(one, other)] += 1.0
        torso[step] = data.xpos[root]
        if step < len(controls):
            forces[step] = data.actuator_force
    return points / np.where(counts, counts, np.nan)[..., None], forces, torso


def _efforts(model: mujoco.MjModel, forces: Array, owners: NDArray[np.intp], n_nodes: int) -> Array:
    """(T, n) largest share of the forces that the actuators of each node can give."""
    efforts = np.zeros((len(forces), n_nodes))
    for actuator in range(model.nu):
        if model.actuator_trntype[actuator] != int(mujoco.mjtTrn.mjTRN_JOINT):
            continue
        node = owners[model.jnt_bodyid[model.actuator_trnid[actuator, 0]]]
        share = np.abs(forces[:, actuator]) / _most(model, forces, actuator)
        if node >= 0:
            efforts[:, node] = np.maximum(efforts[:, node], np.minimum(share, 1.0))
    return efforts


def _most(model: mujoco.MjModel, forces: Array, actuator: int) -> float:
    """The largest force that an actuator can give, or gives where it has no limit."""
    if model.actuator_forcelimited[actuator]:
        most = float(np.abs(model.actuator_forcerange[actuator]).max())
    elif model.actuator_ctrllimited[actuator] and not model.actuator_biasprm[actuator].any():
        control = float(np.abs(model.actuator_ctrlrange[actuator]).max())
        most = abs(float(model.actuator_gainprm[actuator, 0])) * control
    else:
        most = float(np.abs(forces[:, actuator]).max(initial=0.0))
    joint, gear = model.actuator_trnid[actuator, 0], abs(float(model.actuator_gear[actuator, 0]))
    if model.jnt_actfrclimited[joint] and gear:
        most = min(most, float(np.abs(model.jnt_actfrcrange[joint]).max()) / gear)
    return max(most, 1e-9)
