"""Simulate a design: python run_design.py DESIGN.xml [EPISODES]; needs numpy and mujoco alone."""

import sys
from pathlib import Path

import mujoco
import numpy as np


def observe(net, episodes):
    """What the controller sees: 17 numbers a body, as mj_step leaves them."""
    names = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
    xpos, xquat, com, cdof, qpos, qvel = (
        np.array([getattr(e, n) for e in episodes]) for n in names
    )
    motion = net["influence"] @ (cdof * qvel[:, :, None])
    spin, arm, after, before = motion[..., :3], xpos[:, 1:] - com[:, 1:2], [1, 2, 0], [2, 0, 1]
    velocity = motion[..., 3:] + spin[..., after] * arm[..., before]
    velocity -= spin[..., before] * arm[..., after]  # slide plus spin x arm, summed as in the score
    hinges = np.zeros((len(episodes), motion.shape[1] * 4))
    hinges[:, 2 * net["slots"]] = (qpos[:, 7:] - net["lower"]) / net["span"]
    hinges[:, 2 * net["slots"] + 1] = qvel[:, 6:]
    place = xpos[:, 1:] - xpos[:, 1:2] * (1, 0, 0)
    parts = (place, velocity, spin, xquat[:, 1:], hinges.reshape(*spin.shape[:2], 4))
    return np.concatenate(parts, axis=2).reshape(len(episodes), -1)


def act(net, x):
    """Motor controls: the design's own small network, biases as weights of a constant 1."""
    x = np.clip(x - net["offset"], -net["limit"], net["limit"]).astype(net["weight_0"].dtype)
    one = np.ones((len(x), 1), x.dtype)
    for layer in range(sum(name.startswith("weight_") for name in net)):
        x = np.maximum(x, 0) if layer else x
        x = np.hstack([x, one]) @ np.vstack([net[f"weight_{layer}"], net[f"bias_{layer}"]])
    return x


def simulate(path, episodes=None, *, steps=1000):
    """Metres along x and seconds until the fall or the end, of every episode."""
    model, net = mujoco.MjModel.from_xml_path(str(path)), dict(np.load(path.with_suffix(".npz")))
    every = [mujoco.MjData(model) for _ in range(episodes or net["episodes"])]
    for number, data in enumerate(every):
        rng = np.random.default_rng(np.random.SeedSequence(int(net["seed"]), spawn_key=(number,)))
        for values, stream in zip((data.qpos, data.qvel), rng.spawn(2), strict=True):
            values += stream.uniform(-net["noise"], net["noise"], len(values))
        mujoco.mj_forward(model, data)
    start, running = np.array([data.xpos[1, 0] for data in every]), every
    for _ in range(steps):
        for data, controls in zip(running, act(net, observe(net, running)), strict=True):
            data.ctrl = controls
            mujoco.mj_step(model, data, int(net["physics_steps"]))
        running = [d for d in running if np.round(d.xpos[1, 2], 3) > net["fall_height"]]
        if not running:
            break
    return np.array([data.xpos[1, 0] for data in every]) - start, np.array([d.time for d in every])


if __name__ == "__main__":
    way, seconds = simulate(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    print(f"{way.mean():.2f} m in {seconds.mean():.2f} s: {(way / seconds).mean():.3f} m/s")
