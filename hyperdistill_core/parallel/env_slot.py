"""One slot of a vector env: a body in several simulations, and its initial states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.features.batch_state import BodyArrays
from hyperdistill_core.parallel.env_batch import EnvBatch
from hyperdistill_core.rollout import unstable_simulations
from hyperdistill_core.tasks import Task
from hyperdistill_core.tasks.episodes import SimulatedArrays
from hyperdistill_core.tasks.task import start_pose
from hyperdistill_core.tasks.terrain import Worlds

# Number of worlds of a vector env whose task draws them, and number of the first one's episode.
_WORLDS, _FIRST_EPISODE = 64, 2_000_000
# Weight of the newest measurement in the running mean of a step's duration.
_NEWEST = 0.1


def training_worlds(task: Task, seed: int) -> Worlds:
    """The worlds of a vector env: one, or 64 if the task draws them.

    Their episodes come behind the million that a score may have, and behind those that select
    variants: no score of the same seed has a world that a training has seen.

    Args:
        task: The task.
        seed: Seed of the vector env.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> len(training_worlds(get_task("flat"), seed=0).worlds)
        1
    """
    return task.worlds(seed, _WORLDS, _FIRST_EPISODE)


class InitialStateSampler:
    """Draws the initial states of one body's episodes, one after the other.

    The states depend on the seed, the body's number and the number of the draw alone, so that
    they are the same on any worker.

    Args:
        task: Task that defines the reset noise.
        model: MuJoCo model of the body in the task's world.
        seed: Seed of the vector env.
        body_number: Number of the body, counted over all bodies that the vector env has had.

    Attributes:
        n_drawn: Number of states drawn so far.
    """

    def __init__(self, task: Task, model: mujoco.MjModel, *, seed: int, body_number: int) -> None:
        self._task, self._model = task, model
        self._root = [seed, body_number]
        self.n_drawn = 0

    def draw(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the next initial state: qpos (nq,) and qvel (nv,)."""
        self.n_drawn += 1
        qpos, qvel = self._task.reset_noise(self._rng(self.n_drawn), self._model)
        return start_pose(self._model) + qpos, qvel

    def stagger(self, n_envs: int) -> NDArray[np.int64]:
        """Return (E,) control steps by which the first episodes are shorter.

        The time limit then ends the episodes of a body at different steps.
        """
        return self._rng(0).integers(0, self._task.max_steps, size=n_envs)

    def _rng(self, number: int) -> np.random.Generator:
        return np.random.default_rng([*self._root, number])


class EnvSlot:
    """One body in E simulations.

    Args:
        graph: Body to simulate.
        task: Task that defines the world and the reset noise.
        n_envs: Number of simulations, E.
        seed: Seed of the vector env.
        body_number: Number of the body, counted over all bodies that the vector env has had.

    Attributes:
        layout: Layout of the body in its MuJoCo model.
        arrays: Live views of the simulations' MuJoCo arrays.
        worlds: (E,) number of the world of each simulation. A simulation keeps its world while
            the body has the slot.
        episodes: What the task keeps of the running episodes; None if it keeps nothing.
        fall_heights: (E,) height of the torso at which the body has fallen (m).
        elapsed: (E,) control steps since the running episodes began.
        checked_x: (E,) x positions of the torsos at the latest progress check (m).
        seconds: Running mean of a control step's duration (s), 0 while it is not measured.
    """

    def __init__(
        self, graph: nx.DiGraph[str], task: Task, *, n_envs: int, seed: int, body_number: int
    ) -> None:
        worlds = training_worlds(task, seed)
        self.worlds = worlds.of_slot(body_number, n_envs)
        self._worlds = worlds.of_numbers(self.worlds)
        models = task.models(graph, worlds.of_numbers(np.array(list(dict.fromkeys(self.worlds)))))
        model = models[0]
        self.layout = BodyLayout.from_graph(graph, model)
        self.fall_heights = task.fall_heights(graph, self._worlds)
        self.seconds = 0.0
        self._task = task
        self._sampler = InitialStateSampler(task, model, seed=seed, body_number=body_number)
        self._batch = EnvBatch(models, n_envs)
        arrays: dict[str, NDArray[Any]] = self._batch.arrays
        self._physics_steps = task.steps_of(model)
        self._ctrl, self._warning = arrays["ctrl"], arrays["warning"]
        self._qpos, self._qvel = arrays["qpos"], arrays["qvel"]
        # A row of MuJoCo's integration state holds the time first, then qpos and qvel.
        self._physics = arrays["state"]
        coordinates = self._physics[:, 1 : 1 + model.nq + self.layout.influence.shape[1]]
        self.arrays = BodyArrays(
            xpos=arrays["xpos"],
            xquat=arrays["xquat"],
            subtree_com=arrays["subtree_com"],
            cdof=arrays["cdof"],
            coordinates=coordinates,
        )
        self.episodes = task.episodes(
            graph,
            model,
            SimulatedArrays(arrays["xpos"], arrays["xquat"], self._qpos, self._qvel),
        )
        everything = np.arange(n_envs)
        self.draw_initial_states(everything)
        self.reset(everything)
        self.elapsed = self._sampler.stagger(n_envs)
        # A shortened first episode may meet its first check after a few steps: it must pass.
        self.checked_x = np.full(n_envs, -np.inf)

    def set_controls(self, actions: NDArray[np.float32]) -> None:
        """Set the controls of the coming step from (E, 2 N) actions by joint slot."""
        self._ctrl[...] = actions.take(self.layout.actions, axis=1)

    def step(self) -> None:
        """Advance all simulations by a control step."""
        self._batch.step(self._physics_steps)

    def note_duration(self, seconds: float) -> None:
        """Take a measured duration of a control step (s) into the running mean."""
        self.seconds += (_NEWEST if self.seconds else 1.0) * (seconds - self.seconds)

    def draw_initial_states(self, simulations: NDArray[np.intp]) -> None:
        """Set the coordinates of some simulations to new initial states.

        :meth:`reset` must follow: it computes everything that depends on them.
        """
        indices: list[int] = simulations.tolist()
        if self._task.has_object:
            # mjbatch ignores a number that equals the simulation's own, such as the place of an
            # object that has not moved, and would take the default: after this they are the same.
            self._batch.reset(simulations)
        for index in indices:
            self._qpos[index], self._qvel[index] = self._sampler.draw()
            self._worlds[index].put_object(self._qpos[index])
        self._warning[simulations] = 0

    def reset(self, simulations: NDArray[np.intp]) -> None:
        """Begin episodes of some simulations: compute what follows from their coordinates."""
        self._batch.reset(simulations)
        if self.episodes is not None:
            indices: list[int] = simulations.tolist()
            self.episodes.begin(simulations, [self._worlds[index] for index in indices])

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that determines how the simulations continue."""
        state = {name: array.copy() for name, array in self._state_arrays().items()}
        return state | {
            "elapsed": self.elapsed.copy(),
            "checked_x": self.checked_x.copy(),
            "n_drawn": np.array(self._sampler.n_drawn),
        }

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue where the slot was that :meth:`state_dict` describes."""
        for name, array in self._state_arrays().items():
            array[...] = state[name]
        self._batch.load()
        self.elapsed[...] = state["elapsed"]
        self.checked_x[...] = state["checked_x"]
        self._sampler.n_drawn = int(state["n_drawn"])

    def _state_arrays(self) -> dict[str, NDArray[Any]]:
        # The positions are those before the latest physics step: the integration state alone
        # does not determine them.
        arrays, kept = self.arrays, {} if self.episodes is None else self.episodes.kept
        return {f"episodes_{name}": array for name, array in kept.items()} | {
            "physics": self._physics,
            "warning": self._warning,
            "xpos": arrays.xpos,
            "xquat": arrays.xquat,
            "subtree_com": arrays.subtree_com,
            "cdof": arrays.cdof,
        }

    @property
    def has_warnings(self) -> bool:
        """Whether any simulation has raised a MuJoCo warning since its episode began."""
        return bool(np.count_nonzero(self._warning))

    def unstable(self) -> NDArray[np.bool_]:
        """Return (E,) whether each simulation became unstable."""
        return unstable_simulations(self._warning, self._qpos)
