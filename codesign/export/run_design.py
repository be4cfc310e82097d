"""Simulate a design: python run_design.py DESIGN.xml [EPISODE]; needs numpy and mujoco alone."""

import sys
from pathlib import Path

import mujoco
import numpy as np


def state(model, data, slots):
    """What the controller sees: 17 numbers a body, as mj_step leaves them."""
    seen, jacobian = np.zeros((model.nbody - 1, 17)), np.zeros((2, 3, model.nv))
    for row, body in zip(seen, range(1, model.nbody), strict=True):
        mujoco.mj_jacBody(model, data, *jacobian, body)
        row[:13] = *data.xpos[body], *(jacobian @ data.qvel).ravel(), *data.xquat[body]
    seen[:, 0] -= seen[0, 0]
    joints, limb, column = model.actuator_trnid[:, 0], slots // 2, 13 + 2 * (slots % 2)
    low, high = model.jnt_range[joints].T
    seen[limb, column] = (data.qpos[model.jnt_qposadr[joints]] - low) / (high - low)
    seen[limb, column + 1] = data.qvel[model.jnt_dofadr[joints]]
    return seen.ravel()


def act(net, x):
    """Motor controls: the design's own small network."""
    x = np.clip(x - net["offset"], -net["limit"], net["limit"])
    last = sum(name.startswith("weight_") for name in net) - 1
    for layer in range(last):
        x = np.maximum(x @ net[f"weight_{layer}"] + net[f"bias_{layer}"], 0.0)
    return x @ net[f"weight_{last}"] + net[f"bias_{last}"]


def simulate(path, episode=0, *, steps=1000):
    """Metres along x and seconds of one episode, which ends when the robot falls."""
    model, net = mujoco.MjModel.from_xml_path(str(path)), dict(np.load(path.with_suffix(".npz")))
    data = mujoco.MjData(model)
    rng = np.random.default_rng(np.random.SeedSequence(int(net["seed"]), spawn_key=(episode,)))
    for values, noise in zip((data.qpos, data.qvel), rng.spawn(2), strict=True):
        values += noise.uniform(-net["noise"], net["noise"], len(values))
    mujoco.mj_forward(model, data)
    start = data.xpos[1, 0]
    for _ in range(steps):
        data.ctrl[:] = act(net, state(model, data, net["slots"]))
        mujoco.mj_step(model, data, int(net["physics_steps"]))
        if np.round(data.xpos[1, 2], 3) <= net["fall_height"]:
            break
    return data.xpos[1, 0] - start, data.time


if __name__ == "__main__":
    way, seconds = simulate(Path(sys.argv[1]), int((*sys.argv[2:], 0)[0]))
    print(f"{way:.2f} m in {seconds:.2f} s: {way / seconds:.3f} m/s")
