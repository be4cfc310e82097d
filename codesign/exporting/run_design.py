"""Simulate a design: python run_design.py DESIGN.xml; needs numpy, mujoco and DESIGN.npz beside."""

import sys
from pathlib import Path

import mujoco
import numpy as np

LANES = 16


def observe(model, data, slots):
    """17 numbers a body: place, velocity, spin, orientation; angle and rate of its two hinges."""
    mujoco.mj_comVel(model, data)  # mj_step leaves positions one step old, and velocities two
    motion, hinges = np.empty((model.nbody - 1, 6)), np.zeros((2 * model.nbody - 2, 2))
    for body, out in enumerate(motion, start=1):
        mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, body, out, 0)
    low, high = model.jnt_range[1:].T
    hinges[slots] = np.stack([(data.qpos[7:] - low) / (high - low), data.qvel[6:]], axis=1)
    place = data.xpos[1:] - data.xpos[1] * (1, 1, 0)
    parts = (place, motion[:, 3:], motion[:, :3], data.xquat[1:], hinges.reshape(-1, 4))
    return np.hstack(parts).ravel()


def clock(seconds, harmonics):
    """What the network hears of the time, if it hears anything: sines and cosines."""
    phase = 2.0 * np.pi * (seconds * np.arange(1, harmonics + 1))
    return np.concatenate([np.sin(phase), np.cos(phase)])


def act(layers, x):
    """Controls of some episodes, each in a lane: those of the score, to the last digit."""
    lanes = np.ones((x.shape[1], LANES), x.dtype)
    lanes[:, : len(x)] = x.T
    for index, layer in enumerate(layers):
        lanes = np.maximum(lanes, 0) if index else lanes
        lanes = layer @ np.vstack([lanes, np.ones_like(lanes[:1])])  # its last column is the bias
    return lanes.T[: len(x)]


def simulate(path):
    """Metres along x and seconds until the fall or the end, of every episode of the score."""
    model, net = mujoco.MjModel.from_xml_path(str(path)), np.load(path.with_suffix(".npz"))
    layers = [np.vstack([net[f"weight_{i}"], net[f"bias_{i}"]]).T for i in range(net["layers"])]
    layers = [np.ascontiguousarray(x if len(x) > 1 else np.vstack([x, x])) for x in layers]
    every = running = [mujoco.MjData(model) for _ in net["qpos"]]
    control_step = net["physics_steps"] * model.opt.timestep
    for data, data.qpos, data.qvel in zip(every, net["qpos"], net["qvel"], strict=True):
        mujoco.mj_forward(model, data)
    while running and round(running[0].time, 3) < net["seconds"]:
        x = np.array([observe(model, data, net["slots"]) for data in running]) - net["offset"]
        x = np.clip(x, -net["limit"], net["limit"])
        heard = clock(round(running[0].time / control_step) * control_step, net["clock_harmonics"])
        x = np.hstack([x, np.tile(heard, (len(x), 1))]).astype(layers[0].dtype)
        controls = [
            u for i in range(0, len(x), LANES) for u in act(layers, x[i : i + LANES])[:, : model.nu]
        ]
        for data, data.ctrl in zip(running, controls, strict=True):
            mujoco.mj_step(model, data, net["physics_steps"])
        running = [d for d in running if round(d.xpos[1, 2], 3) > net["fall_height"]]
    way = np.array([data.xpos[1, 0] for data in every]) - net["qpos"][:, 0]
    return way, np.array([data.time for data in every])


if __name__ == "__main__":
    path = Path(sys.argv[-1])
    beside = path.is_file() and path.with_suffix(".npz").is_file()
    if len(sys.argv) != 2 or path.suffix != ".xml" or not beside:
        print("usage: python run_design.py DESIGN.xml, with DESIGN.npz beside it", file=sys.stderr)
        sys.exit(2)
    way, seconds = simulate(path)
    print(f"means: {way.mean():.2f} m, {seconds.mean():.2f} s, {(way / seconds).mean():.3f} m/s")
