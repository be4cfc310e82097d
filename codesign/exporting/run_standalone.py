"""Simulate a design: python run_standalone.py DESIGN.xml. It needs nothing of codesign.

Beside DESIGN.xml lies DESIGN.npz, or DESIGN.onnx. The first needs mujoco and numpy, the second
onnxruntime, too; both give the same numbers. DESIGN.xml is flat ground. Where there is a
DESIGN.world.xml with a DESIGN.world.npz, that is the ground of the design's first episode, and
where the robot stands there. The second also has the ground of the other episodes, where it
differs, and what the rewards of the task need. DESIGN.TASK.world.xml is the same for one of
several tasks.
"""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Act = Callable[[Array, Array, Array, float], Array]
#: Ground without an end at z = 0, and a reward for running along x.
FLAT: dict[str, Any] = {
    "reward": "forward",
    "slope": 0.0,
    "control_cost": 0.0,
    "faces_goal": False,
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
#: Warnings of MuJoCo after which it begins anew from the rest position.
BAD = ("QPOS", "QVEL", "QACC", "CTRL")
UNSTABLE = [int(getattr(mujoco.mjtWarning, f"mjWARN_BAD{name}")) for name in BAD]
#: Points for a meter nearer to a goal or an object, for being there, and for leaving the bowl.
PER_METER, ARRIVAL, OUT = 100.0, 10.0, 100.0


class Forward:
    """Running along x, or uphill; a point is 1 m/s in a control step. Other tasks derive from it.

    A task keeps what the rewards of one episode depend on beside the physics.
    """

    def __init__(self, data: mujoco.MjData, world: dict[str, Any], control_s: float) -> None:
        self.data, self.world, self.control_s = data, world, control_s

    def reward(self, before: Array, after: Array) -> float:
        """Points of a control step, from the torso's positions before and after it (m)."""
        return (after[0] - before[0]) / self.control_s / np.cos(self.world["slope"])

    def to_goal(self) -> Array | None:
        """From the torso to the next goal (m); None without a goal."""
        return None

    def object_seen(self) -> Array:
        """Four vectors (4, 3) to and of an object, in the torso's frame; zeros without one."""
        return np.zeros((4, 3))


class Escape(Forward):
    """Getting away from the center of a bowl, and out of it."""

    def reward(self, before: Array, after: Array) -> float:
        """A point for each meter away from the center."""
        away = np.hypot(*after[:2])
        return away - np.hypot(*before[:2]) + OUT * (away >= self.world["out"])


class Exploration(Forward):
    """Being above squares of 1 m x 1 m for the first time."""

    def __init__(self, data: mujoco.MjData, world: dict[str, Any], control_s: float) -> None:
        super().__init__(data, world, control_s)
        self.visited: set[tuple[int, int]] = set()

    def reward(self, before: Array, after: Array) -> float:
        """A point for a new square."""
        place = np.floor(after[:2] - self.world["corner"])
        column, row = np.clip(place, 0, int(self.world["squares"]) - 1).astype(int).tolist()
        known = len(self.visited)
        self.visited.add((row, column))
        return len(self.visited) - known


class Goals(Forward):
    """Going to one goal after the other; behind the last one comes the first."""

    def __init__(self, data: mujoco.MjData, world: dict[str, Any], control_s: float) -> None:
        super().__init__(data, world, control_s)
        self.next = self.shown = self.stayed = 0

    def reward(self, before: Array, after: Array) -> float:
        """Points for coming nearer, and for being there."""
        world = self.world
        goal = world["goals"][self.next]
        left = np.hypot(*(after - goal)[:2])
        there = left <= world["margin"]
        shown_late = self.next
        self.stayed += int(there)
        if self.stayed >= world["stay"]:
            self.next, self.stayed = (self.next + 1) % len(world["goals"]), 0
        self.shown = shown_late if world["late"] else self.next
        return PER_METER * (np.hypot(*(before - goal)[:2]) - left) + ARRIVAL * there

    def to_goal(self) -> Array | None:
        """From the torso to the goal that the network is shown (m)."""
        return self.world["goals"][self.shown] - self.data.xpos[1]


class Delivery(Forward):
    """Coming to an object, then pushing it to a goal.

    The object's free joint is the last one of the model, and its body the last of ``owners``.
    """

    def __init__(self, data: mujoco.MjData, world: dict[str, Any], control_s: float) -> None:
        super().__init__(data, world, control_s)
        self.reached, self.distances = False, self.measured()

    def measured(self) -> tuple[float, float]:
        """Meters from the robot's nearest point to the object's, and from there to the goal."""
        owners, own = self.world["owners"], int(self.world["own_points"])
        turns = self.data.xmat[owners].reshape(-1, 3, 3)
        places = self.data.xpos[owners] + (turns @ self.world["points"][:, :, None])[:, :, 0]
        between = np.linalg.norm(places[:own, None] - places[own:], axis=-1)
        to_goal = self.data.xpos[owners[-1]] - self.world["goals"][0]
        return float(between.min()), float(np.hypot(*to_goal[:2]))

    def reward(self, before: Array, after: Array) -> float:
        """Points for coming nearer to the object; once there, also for the object's way."""
        (to_object, to_goal), margin = self.measured(), self.world["margin"]
        points = PER_METER * (self.distances[0] - to_object)
        if not self.reached and to_object <= margin:
            self.reached = True
            points += ARRIVAL
        if self.reached:
            points += PER_METER * (self.distances[1] - to_goal) + ARRIVAL * (to_goal <= margin)
        self.distances = to_object, to_goal
        return points

    def object_seen(self) -> Array:
        """Its place, its velocity and its spin beside the torso, and the place of the goal."""
        data, torso, first = self.data, self.data.xpos[1], int(self.world["torso_dof"])
        velocity, spin = data.qvel[-6:-3], data.qvel[-3:].copy()
        if first >= 0:
            velocity = velocity - data.qvel[first : first + 3]
        if not self.world["spin_as_given"]:
            mujoco.mju_rotVecQuat(spin, data.qvel[-3:], data.qpos[-4:])
        goal = self.world["goals"][0] - torso
        vectors = np.array([data.qpos[-7:-4] - torso, velocity, spin, goal])
        return vectors @ data.xmat[1].reshape(3, 3)


TASKS: dict[str, type[Forward]] = {
    "forward": Forward,
    "escape": Escape,
    "exploration": Exploration,
    "goals": Goals,
    "delivery": Delivery,
}


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


def target_of(task: Forward, n: int) -> Array:
    """The goal (3 numbers), which lies far along x where there is none, or the object (12)."""
    if n == 3:
        goal, angle, closeness = task.to_goal(), -heading(task.data), 0.0
        if goal is not None:
            angle += np.arctan2(goal[1], goal[0])
            closeness = 1.0 / (1.0 + np.hypot(goal[0], goal[1]))
        return np.array([np.cos(angle), np.sin(angle), closeness])
    vectors = task.object_seen()
    return (vectors / (1.0 + np.linalg.norm(vectors, axis=1, keepdims=True))).ravel()[:n]


def turned(state: Array, angle: float) -> Array:
    """A state in axes turned about z (rad); the torso's quaternion has no negative real part."""
    result = state.copy()
    for x, y in ((0, 1), (3, 4), (6, 7), (9, 12), (10, 11)):
        cos, sin = (f(angle if x < 9 else angle / 2) for f in (np.cos, np.sin))
        result[:, x] = cos * state[:, x] + sin * state[:, y]
        result[:, y] = cos * state[:, y] - sin * state[:, x]
    if result[0, 9] < 0.0:
        result[:, 9:13] *= -1.0
    return result


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
        return session.run(["actions"], {name: inputs[name] for name in names})[0]

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


def worlds_of(path: Path, world: dict[str, Any]) -> Iterator[tuple[mujoco.MjModel, dict[str, Any]]]:
    """Model and arrays of each episode; what it lacks is as in the first one."""
    first = mujoco.MjModel.from_xml_path(str(path))
    for number in range(len(world["qpos"])):
        prefix = f"episode-{number + 1}."
        own = {name[len(prefix) :]: world[name] for name in world if name.startswith(prefix)}
        files = {name: own[name].tobytes() for name in own if name.endswith((".xml", ".hfield"))}
        model = first
        if files:
            model = mujoco.MjModel.from_xml_string(files["world.xml"].decode(), files)
        rows = {name: world[name][number] for name in ("qpos", "qvel", "goals") if name in world}
        yield model, world | own | rows


def simulate_episode(
    model: mujoco.MjModel, design: dict[str, Any], world: dict[str, Any], act: Act
) -> tuple[float, float, float]:
    """Distance along x (m), time until the end (s) and return of an episode."""
    data = mujoco.MjData(model)
    data.qpos, data.qvel = world["qpos"], world["qvel"]
    mujoco.mj_forward(model, data)
    physics_steps = int(design["physics_steps"])
    control_s, n_target = physics_steps * model.opt.timestep, int(design["n_target"])
    task = TASKS[str(world["reward"])](data, world, control_s)
    start, total, over = data.xpos[1, 0], 0.0, False
    while not over and round(data.time, 3) < design["max_seconds"]:
        seconds = round(data.time / control_s) * control_s
        state, goal = observe(model, data, design, world), task.to_goal()
        if world["faces_goal"] and goal is not None:
            state = turned(state, np.arctan2(goal[1], goal[0]))
        heights, target = height_samples(data, design, world), target_of(task, n_target)
        [action] = act(state[None], heights[None], target[None], seconds)
        data.ctrl, before = action, data.xpos[1].copy()
        mujoco.mj_step(model, data, physics_steps)
        if any(data.warning[kind].number for kind in UNSTABLE) or not np.isfinite(data.qpos).all():
            raise SystemExit("the simulation became unstable, and so has no score")
        cost = world["control_cost"] * np.square(data.ctrl).sum()
        total += task.reward(before, data.xpos[1]) - cost
        over = is_over(data, world)
    return data.xpos[1, 0] - start, data.time, total


def simulate(path: Path) -> tuple[Array, Array, Array]:
    """Distance along x (m), time until the end (s) and return of each episode."""
    design, world, act = load(path)
    episodes = [simulate_episode(model, design, own, act) for model, own in worlds_of(path, world)]
    distance, seconds, returns = np.array(episodes).T
    return distance, seconds, returns


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
    distance, seconds, returns = simulate(path)
    speed = (distance / seconds).mean()
    print(f"means: {distance.mean():.2f} m, {seconds.mean():.2f} s, {speed:.3f} m/s")
    print(f"returns: {' '.join(f'{each:.6g}' for each in returns)}, mean {returns.mean():.6g}")
    scored = len(load(path)[0]["qpos"])
    if len(returns) < scored:
        print(f"these are the first {len(returns)} of the {scored} episodes of the score")
