"""Simulate a design: python run_design.py DESIGN.xml; needs numpy, mujoco and DESIGN.npz."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
LANES = 16


def observe(model: mujoco.MjModel, data: mujoco.MjData, net: Mapping[str, NDArray[Any]]) -> Array:
    """State of the robot, 17 numbers for each of its nodes.

    Position (3), linear velocity (3), angular velocity (3) and orientation (4) of the node, then
    angle and angular velocity of its two hinge slots. Angles are fractions of the hinge's range.
    Positions are relative to the torso's in x and y. Empty slots are 0.
    """
    mujoco.mj_comVel(model, data)  # mj_step leaves positions one step old, and velocities two
    velocities, hinges = np.empty((model.nbody - 1, 6)), np.zeros((2 * model.nbody - 2, 2))
    for body, velocity in enumerate(velocities, start=1):
        mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, body, velocity, 0)
    share = (data.qpos[net["hinge_qpos"]] - net["hinge_low"]) / net["hinge_span"]
    hinges[net["hinge_slots"]] = np.stack([share, data.qvel[net["hinge_qvel"]]], axis=1)
    positions = data.xpos[1:] - data.xpos[1] * (1, 1, 0)
    linear, angular = velocities[:, 3:], velocities[:, :3]
    return np.hstack([positions, linear, angular, data.xquat[1:], hinges.reshape(-1, 4)]).ravel()


def clock_phase(seconds: float, harmonics: int) -> Array:
    """Sines and cosines of the time, an input of some networks; empty without harmonics."""
    phase = 2.0 * np.pi * (seconds * np.arange(1, harmonics + 1))
    return np.concatenate([np.sin(phase), np.cos(phase)])


def act(layers: list[Array], x: Array) -> Array:
    """Controls of a batch of at most 16 episodes.

    Controls are rounded to float32: the last digits of the products depend on the processor.
    """
    lanes: Array = np.ones((x.shape[1], LANES), x.dtype)
    lanes[:, : len(x)] = x.T
    for index, layer in enumerate(layers):
        lanes = np.maximum(lanes, 0) if index else lanes
        lanes = layer @ np.vstack([lanes, np.ones_like(lanes[:1])])  # the last column is the bias
    return lanes.T[: len(x)].astype(np.float32)


def simulate(path: Path) -> tuple[Array, Array]:
    """Distance along x (m) and time until the fall or the end (s) of each episode."""
    model, net = mujoco.MjModel.from_xml_path(str(path)), dict(np.load(path.with_suffix(".npz")))
    layers = [np.vstack([net[f"weight_{i}"], net[f"bias_{i}"]]).T for i in range(net["n_layers"])]
    layers = [np.ascontiguousarray(x if len(x) > 1 else np.vstack([x, x])) for x in layers]
    every: list[mujoco.MjData] = [mujoco.MjData(model) for _ in net["qpos"]]
    running: list[mujoco.MjData] = every
    control_step = net["physics_steps"] * model.opt.timestep
    for data, data.qpos, data.qvel in zip(every, net["qpos"], net["qvel"], strict=True):
        mujoco.mj_forward(model, data)
    start = np.array([data.xpos[1, 0] for data in every])
    while running and round(running[0].time, 3) < net["max_seconds"]:
        x = np.array([observe(model, data, net) for data in running])
        x = np.clip(x - net["offset"], -net["limit"], net["limit"])
        seconds = round(running[0].time / control_step) * control_step
        phase = clock_phase(seconds, net["clock_harmonics"])
        x = np.hstack([x, np.tile(phase, (len(x), 1))]).astype(layers[0].dtype)
        controls = [
            u for i in range(0, len(x), LANES) for u in act(layers, x[i : i + LANES])[:, : model.nu]
        ]
        for data, data.ctrl in zip(running, controls, strict=True):
            mujoco.mj_step(model, data, net["physics_steps"])
        running = [d for d in running if round(d.xpos[1, 2], 3) > net["fall_height"]]
    distance = np.array([data.xpos[1, 0] for data in every]) - start
    return distance, np.array([data.time for data in every])


if __name__ == "__main__":
    path = Path(sys.argv[-1])
    complete = path.is_file() and path.with_suffix(".npz").is_file()
    if len(sys.argv) != 2 or path.suffix != ".xml" or not complete:
        print("usage: python run_design.py DESIGN.xml, with DESIGN.npz beside it", file=sys.stderr)
        sys.exit(2)
    distance, seconds = simulate(path)
    speed = (distance / seconds).mean()
    print(f"means: {distance.mean():.2f} m, {seconds.mean():.2f} s, {speed:.3f} m/s")
