"""Simulate a design: python run_standalone.py DESIGN.xml. It needs nothing of codesign.

Beside DESIGN.xml lies DESIGN.npz, or DESIGN.onnx. The first needs mujoco and numpy, the second
onnxruntime, too; both give the same numbers. DESIGN.xml is flat ground. Where there is a
DESIGN.world.xml with a DESIGN.world.npz, that is the ground of the design's first episode, and
where the robot stands there; DESIGN.TASK.world.xml is the same for one of several tasks.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Act = Callable[[Array, Array, Array, float], Array]
#: Ground without an end at z = 0.
FLAT: dict[str, Any] = {
    "ground_m": 0.0,
    "world_y": False,
    "world_z": True,
    "edge": np.inf,
    "edge_margin": 0.0,
    "out": np.inf,
    "heights": np.zeros((1, 1)),
    "row": 0,
    "column": 0,
    "sign": 1,
    "lowest": -np.inf,
}
CELLS_PER_M, MOST_M = 10, 2.0


def cell(world: dict[str, Any], position: Array) -> tuple[int, int]:
    """Row and column of the ground's cell at a position."""
    x, y = np.floor(CELLS_PER_M * position[:2])
    return int(world["row"] + world["sign"] * y), int(world["column"] + x)


def heights_of(world: dict[str, Any], row: Any, column: Any) -> Array:
    """Heights (m) of cells; those beyond the outermost ones are as high as these."""
    rows, columns = world["heights"].shape
    inside = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
    return world["heights"][inside]


def ground_m(world: dict[str, Any], position: Array) -> float:
    """Height of the ground at a position (m), as falls count it."""
    return max(float(heights_of(world, *cell(world, position))), float(world["lowest"]))


def heading(data: mujoco.MjData) -> float:
    """Direction (rad) of the torso's x-axis from above."""
    w, x, y, z = data.xquat[1]
    return float(np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))


def target_of(data: mujoco.MjData, design: dict[str, Any]) -> Array:
    """What is seen where there is no object, and the goal lies far along the x-axis."""
    n, yaw = int(design["n_target"]), heading(data)
    return np.array([np.cos(-yaw), np.sin(-yaw), 0.0]) if n == 3 else np.zeros(n)


def height_samples(data: mujoco.MjData, design: dict[str, Any], world: dict[str, Any]) -> Array:
    """Height samples (m): of the ground around the torso, above the ground below it.

    The places turn with the heading of the torso, not with its tilt.
    """
    yaw = heading(data)
    ahead, left = np.rint(CELLS_PER_M * design["samples"]).reshape(-1, 2).T
    along = np.rint(np.cos(yaw) * ahead - np.sin(yaw) * left).astype(int)
    across = np.rint(world["sign"] * (np.sin(yaw) * ahead + np.cos(yaw) * left)).astype(int)
    row, column = cell(world, data.xpos[1])
    around = heights_of(world, row + across, column + along) - heights_of(world, row, column)
    return np.clip(around.astype(np.float64), -MOST_M, MOST_M)


def observe(
    model: mujoco.MjModel, data: mujoco.MjData, design: dict[str, Any], world: dict[str, Any]
) -> Array:
    """State of the robot, 17 numbers for each of its nodes.

    Position (3), linear velocity (3), angular velocity (3) and orientation (4) of the node, then
    angle and angular velocity of its two hinge slots. Angles are fractions of the hinge's range.
    Positions are relative to the torso's in x and y, and to the ground below it in z. Empty slots
    are 0.
    """
    mujoco.mj_comVel(model, data)  # mj_step leaves positions one step old, and velocities two
    n = int(design["n_nodes"])
    velocities, hinges = np.empty((n, 6)), np.zeros((2 * n, 2))
    for body, velocity in enumerate(velocities, start=1):
        mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, body, velocity, 0)
    share = (data.qpos[design["hinge_qpos"]] - design["hinge_low"]) / design["hinge_span"]
    hinges[design["hinge_slots"]] = np.stack([share, data.qvel[design["hinge_qvel"]]], axis=1)
    x, y, _ = data.xpos[1]
    below = 0.0 if world["world_z"] else ground_m(world, data.xpos[1])
    positions = data.xpos[1 : n + 1] - (x, 0.0 if world["world_y"] else y, below)
    linear, angular = velocities[:, 3:], velocities[:, :3]
    quats = data.xquat[1 : n + 1]
    return np.hstack([positions, linear, angular, quats, hinges.reshape(-1, 4)])


def layers_of(net: dict[str, Any], prefix: str) -> list[tuple[Array, Array]]:
    """Weights and biases of the layers whose names begin with a prefix."""
    depth = sum(name.startswith(f"{prefix}weight_") for name in net)
    return [(net[f"{prefix}weight_{i}"], net[f"{prefix}bias_{i}"]) for i in range(depth)]


def network_of_arrays(net: dict[str, Any]) -> Act:
    """The network from the arrays of DESIGN.npz."""
    offset, limit = net["offset"], net["limit"]
    layers, encoder = layers_of(net, ""), layers_of(net, "terrain_")

    def act(states: Array, heights: Array, target: Array, seconds: float) -> Array:
        x = np.clip(states.reshape(len(states), -1) - offset, -limit, limit)
        phase = 2.0 * np.pi * (seconds * np.arange(1, int(net["clock_harmonics"]) + 1))
        clock = np.concatenate([np.sin(phase), np.cos(phase)])
        code = np.hstack([heights, target])
        for weight, bias in encoder:
            code = np.maximum(code @ weight + bias, 0.0)
        x = np.hstack([x, np.tile(clock, (len(x), 1)), code])
        for index, (weight, bias) in enumerate(layers):
            x = (np.maximum(x, 0.0) if index else x) @ weight + bias
        return x.astype(np.float32)  # the last digits of the products depend on the processor

    return act


def network_of_onnx(path: Path) -> tuple[dict[str, Any], Act]:
    """What DESIGN.onnx says of the design, and its network."""
    onnxruntime: Any = import_module("onnxruntime")  # needed for this format only
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    known = json.loads(session.get_modelmeta().custom_metadata_map["design"])
    names = {each.name for each in session.get_inputs()}

    def act(states: Array, heights: Array, target: Array, seconds: float) -> Array:
        inputs = {"state": states, "heights": heights, "target": target}
        inputs["time"] = np.array([seconds])
        return session.run(["controls"], {name: inputs[name] for name in names})[0]

    return {name: np.array(value) for name, value in known.items()}, act


def design_stem(path: Path) -> Path:
    """DESIGN of DESIGN.xml, DESIGN.world.xml and DESIGN.TASK.world.xml."""
    stem = path.with_suffix("")
    if stem.suffix == ".world":
        stem = stem.with_suffix("")
        return stem if has_network(stem) else stem.with_suffix("")
    return stem


def has_network(stem: Path) -> bool:
    """Whether there is a network in a file of this name."""
    return any(Path(f"{stem}{suffix}").is_file() for suffix in (".npz", ".onnx"))


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any], Act]:
    """The arrays of a design, those of its ground, and the network that acts.

    Initial states and falls are those of the ground, or, where it is flat, those of the design.
    """
    stem, world = design_stem(path), FLAT
    if path.name.endswith(".world.xml"):
        world = dict(np.load(path.with_suffix(".npz"), allow_pickle=False))
    if Path(f"{stem}.npz").is_file():
        design = dict(np.load(f"{stem}.npz", allow_pickle=False))
        act = network_of_arrays(design)
    else:
        design, act = network_of_onnx(Path(f"{stem}.onnx"))
    return design, {name: design[name] for name in ("qpos", "qvel", "fall_height")} | world, act


def is_over(data: mujoco.MjData, world: dict[str, Any]) -> bool:
    """Whether the torso is too low, near a side edge of the ground, or out of the bowl."""
    x, y, z = data.xpos[1]
    fell = round(z - ground_m(world, data.xpos[1]), 3) <= world["fall_height"]
    return fell or world["edge"] - abs(y) <= world["edge_margin"] or np.hypot(x, y) >= world["out"]


def simulate(path: Path) -> tuple[Array, Array]:
    """Distance along x (m) and time until the end (s) of each episode."""
    model = mujoco.MjModel.from_xml_path(str(path))
    design, world, act = load(path)
    states = list(zip(world["qpos"], world["qvel"], strict=True))
    every: list[mujoco.MjData] = [mujoco.MjData(model) for _ in states]
    running: list[mujoco.MjData] = every
    physics_steps = int(design["physics_steps"])
    control_step = physics_steps * model.opt.timestep
    for data, (qpos, qvel) in zip(every, states, strict=True):
        data.qpos, data.qvel = qpos, qvel
        mujoco.mj_forward(model, data)
    start = np.array([data.xpos[1, 0] for data in every])
    while running and round(running[0].time, 3) < design["max_seconds"]:
        seconds = round(running[0].time / control_step) * control_step
        observed = np.array([observe(model, data, design, world) for data in running])
        heights = np.array([height_samples(data, design, world) for data in running])
        targets = np.array([target_of(data, design) for data in running])
        controls = act(observed, heights, targets, seconds)
        for data, data.ctrl in zip(running, controls, strict=True):
            mujoco.mj_step(model, data, physics_steps)
        running = [data for data in running if not is_over(data, world)]
    distance = np.array([data.xpos[1, 0] for data in every]) - start
    return distance, np.array([data.time for data in every])


def is_complete(path: Path) -> bool:
    """Whether all files are there that a simulation reads."""
    if path.name.endswith(".world.xml") and not path.with_suffix(".npz").is_file():
        return False
    return path.suffix == ".xml" and path.is_file() and has_network(design_stem(path))


if __name__ == "__main__":
    path = Path(sys.argv[-1])
    if len(sys.argv) != 2 or not is_complete(path):
        print(
            "usage: python run_standalone.py DESIGN.xml, with DESIGN.npz or DESIGN.onnx beside it; "
            "DESIGN.world.xml also needs DESIGN.world.npz, DESIGN.TASK.world.xml its own",
            file=sys.stderr,
        )
        sys.exit(2)
    distance, seconds = simulate(path)
    speed = (distance / seconds).mean()
    print(f"means: {distance.mean():.2f} m, {seconds.mean():.2f} s, {speed:.3f} m/s")
