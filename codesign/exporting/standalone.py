"""What programs without this project need of a design: its network, episodes and layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesign.exporting.design import SCENE_TASK, Design, DesignRollout
from codesign.exporting.world_file import world_stems
from morph_ops import graph as body_graph

if TYPE_CHECKING:
    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.nets.mlp import BodyMLP

#: Places in a world (m).
Goals: TypeAlias = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class StandaloneDesign:
    """A design with everything that its files say about its network.

    Attributes:
        name: Stem of the names of its files.
        network: The network that moves it.
        task: Name of the task of its episodes.
        seed: Seed of its episodes.
        folded: Number of numbers that the network saw before flat ground was folded in; 0 where
            nothing was.
        samples: (H, 2) places of its height samples around the torso (m), ahead and to the left.
        target: What it sees behind them: "goal", "object", or "" for neither.
        nodes: Names of the nodes, in the order of the states.
        actuators: Names of the actuators, in the order of the controls.
        control_range: (nu, 2) lowest and highest control of each actuator.
        control_dt: Length of a control step (s).
        controller: Name of the controller that the network comes from.
        controller_hash: Hash of that controller.
        goals: Goals of the first episode (m).
        worlds: Of a run on several tasks, the stem of the files of each world and the goals in it
            (m), by task.
        arrays: What ``run_standalone.py`` reads beside the network: initial states on flat ground,
            the layout of the hinges, and the end of an episode.
    """

    name: str
    network: BodyMLP
    task: str
    seed: int
    folded: int
    samples: NDArray[np.float64]
    target: str
    nodes: tuple[str, ...]
    actuators: tuple[str, ...]
    control_range: NDArray[np.float64]
    control_dt: float
    controller: str
    controller_hash: str
    goals: Goals
    worlds: dict[str, tuple[str, Goals]]
    arrays: dict[str, NDArray[Any]]


def standalone(design: Design, controller: Controller, rollout: DesignRollout) -> StandaloneDesign:
    """A design without this project.

    Args:
        design: The design.
        controller: Controller that generates its network where fine-tuning made none.
        rollout: Episodes that ``run_standalone.py`` simulates.
    """
    from hyperdistill_core.features import BodyLayout
    from hyperdistill_core.tasks import get_task
    from hyperdistill_core.tasks.sight import ahead, parts_of

    task, graph = get_task(rollout.task), design.graph
    model = task.model(graph)
    layout = BodyLayout.from_graph(graph, model)
    network = design.network or controller.for_body(graph, model, variant=design.variant)
    folded = network.terrain_dim if rollout.blind else 0
    network = network.on_flat_ground(ahead(folded)) if rollout.blind else network
    heights, target = parts_of(network.terrain_dim)
    samples = sample_places(heights)
    flat = get_task(SCENE_TASK)
    qpos, qvel = flat.initial_states(
        flat.model(graph), seed=rollout.seed, episodes=rollout.episodes
    )
    values = {
        "hinge_slots": layout.hinges,
        "hinge_qpos": layout.qpos,
        "hinge_qvel": layout.qvel,
        "hinge_low": layout.lower,
        "hinge_span": layout.span,
        "qpos": qpos,
        "qvel": qvel,
        "samples": samples,
        "n_target": network.terrain_dim - heights,
        "n_nodes": network.n_nodes,
        "fall_height": task.fall_height(graph),
        "physics_steps": task.steps_of(model),
        "max_seconds": task.max_steps * task.control_dt,
        "variant": design.variant,
    }
    unlimited = model.actuator_ctrllimited == 0
    control_range = np.where(unlimited[:, None], (-np.inf, np.inf), model.actuator_ctrlrange)
    return StandaloneDesign(
        name=design.name,
        network=network,
        task=task.name,
        seed=rollout.seed,
        folded=folded,
        samples=samples,
        target=target,
        nodes=tuple(body_graph.node_names(graph)),
        actuators=tuple(model.actuator(number).name for number in range(model.nu)),
        control_range=control_range,
        control_dt=task.control_dt,
        controller=controller.name,
        controller_hash=controller.hash,
        goals=task.world(rollout.seed).goals,
        worlds={
            name: (stem, get_task(name).world(rollout.seed).goals)
            for name, stem in world_stems(rollout, design.name).items()
            if rollout.tasks
        },
        arrays={name: np.asarray(value) for name, value in values.items()},
    )


def sample_places(samples: int) -> NDArray[np.float64]:
    """Places (H, 2) of height samples around a torso (m), ahead and to the left.

    Args:
        samples: Number of samples, H; 0 for none.

    Examples:
        >>> sample_places(195)[[0, 7]].tolist()
        [[-0.6, 2.0], [0.6, 2.0]]
    """
    from hyperdistill_core.tasks.terrain import sampling_pattern
    from hyperdistill_core.tasks.terrain.height_map import CELLS_PER_M

    if not samples:
        return np.zeros((0, 2))
    forward, right = sampling_pattern(samples)
    return np.stack([forward, -right], axis=1) / CELLS_PER_M
