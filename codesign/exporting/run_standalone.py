"""Simulate a design: python run_standalone.py DESIGN.xml. It needs nothing of codesign.

Beside DESIGN.xml lies DESIGN.npz, or DESIGN.onnx. The first needs mujoco and numpy, the second
onnxruntime, too; both give the same numbers.
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
Act = Callable[[Array, float], Array]


def observe(model: mujoco.MjModel, data: mujoco.MjData, design: dict[str, Any]) -> Array:
    """State of the robot, 17 numbers for each of its nodes.

    Position (3), linear velocity (3), angular velocity (3) and orientation (4) of the node, then
    angle and angular velocity of its two hinge slots. Angles are fractions of the hinge's range.
    Positions are relative to the torso's in x and y. Empty slots are 0.
    """
    mujoco.mj_comVel(model, data)  # mj_step leaves positions one step old, and velocities two
    velocities, hinges = np.empty((model.nbody - 1, 6)), np.zeros((2 * model.nbody - 2, 2))
    for body, velocity in enumerate(velocities, start=1):
        mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, body, velocity, 0)
    share = (data.qpos[design["hinge_qpos"]] - design["hinge_low"]) / design["hinge_span"]
    hinges[design["hinge_slots"]] = np.stack([share, data.qvel[design["hinge_qvel"]]], axis=1)
    positions = data.xpos[1:] - data.xpos[1] * (1, 1, 0)
    linear, angular = velocities[:, 3:], velocities[:, :3]
    return np.hstack([positions, linear, angular, data.xquat[1:], hinges.reshape(-1, 4)])


def network_of_arrays(net: dict[str, Any]) -> Act:
    """The network from the arrays of DESIGN.npz."""
    offset, limit = net["offset"], net["limit"]
    layers = [(net[f"weight_{i}"], net[f"bias_{i}"]) for i in range(int(net["n_layers"]))]

    def act(states: Array, seconds: float) -> Array:
        x = np.clip(states.reshape(len(states), -1) - offset, -limit, limit)
        phase = 2.0 * np.pi * (seconds * np.arange(1, int(net["clock_harmonics"]) + 1))
        clock = np.concatenate([np.sin(phase), np.cos(phase)])
        x = np.hstack([x, np.tile(clock, (len(x), 1))])
        for index, (weight, bias) in enumerate(layers):
            x = (np.maximum(x, 0.0) if index else x) @ weight + bias
        return x.astype(np.float32)  # the last digits of the products depend on the processor

    return act


def network_of_onnx(path: Path) -> tuple[dict[str, Any], Act]:
    """What DESIGN.onnx says of the design, and its network."""
    onnxruntime: Any = import_module("onnxruntime")  # needed for this format only
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    known = json.loads(session.get_modelmeta().custom_metadata_map["design"])
    clocked = len(session.get_inputs()) > 1

    def act(states: Array, seconds: float) -> Array:
        time = {"time": np.array([seconds])} if clocked else {}
        return session.run(["controls"], {"state": states, **time})[0]

    return {name: np.array(value) for name, value in known.items()}, act


def load(path: Path) -> tuple[dict[str, Any], Act]:
    """The arrays of a design, and the network that acts."""
    if path.with_suffix(".npz").is_file():
        design = dict(np.load(path.with_suffix(".npz"), allow_pickle=False))
        return design, network_of_arrays(design)
    return network_of_onnx(path.with_suffix(".onnx"))


def simulate(path: Path) -> tuple[Array, Array]:
    """Distance along x (m) and time until the fall or the end (s) of each episode."""
    model = mujoco.MjModel.from_xml_path(str(path))
    design, act = load(path)
    every: list[mujoco.MjData] = [mujoco.MjData(model) for _ in design["qpos"]]
    running: list[mujoco.MjData] = every
    physics_steps = int(design["physics_steps"])
    control_step = physics_steps * model.opt.timestep
    for data, data.qpos, data.qvel in zip(every, design["qpos"], design["qvel"], strict=True):
        mujoco.mj_forward(model, data)
    start = np.array([data.xpos[1, 0] for data in every])
    while running and round(running[0].time, 3) < design["max_seconds"]:
        seconds = round(running[0].time / control_step) * control_step
        controls = act(np.array([observe(model, data, design) for data in running]), seconds)
        for data, data.ctrl in zip(running, controls, strict=True):
            mujoco.mj_step(model, data, physics_steps)
        running = [d for d in running if round(d.xpos[1, 2], 3) > design["fall_height"]]
    distance = np.array([data.xpos[1, 0] for data in every]) - start
    return distance, np.array([data.time for data in every])


if __name__ == "__main__":
    path = Path(sys.argv[-1])
    complete = any(path.with_suffix(suffix).is_file() for suffix in (".npz", ".onnx"))
    if len(sys.argv) != 2 or path.suffix != ".xml" or not path.is_file() or not complete:
        print(
            "usage: python run_standalone.py DESIGN.xml, with DESIGN.npz or DESIGN.onnx beside it",
            file=sys.stderr,
        )
        sys.exit(2)
    distance, seconds = simulate(path)
    speed = (distance / seconds).mean()
    print(f"means: {distance.mean():.2f} m, {seconds.mean():.2f} s, {speed:.3f} m/s")
