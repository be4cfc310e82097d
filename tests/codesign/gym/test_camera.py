import os
import subprocess
import sys

import pytest

from codesign.errors import RunError
from morph_ops.io import write_body

pytest.importorskip("gymnasium", reason="pip install 'codesign[rl]'")
from codesign.gym import LocomotionEnv

SCRIPT = """
import sys
import codesign
import codesign.gym
body = codesign.read_body(sys.argv[1])
options = {"render_mode": "rgb_array", "width": 160, "height": 120}
for task in sys.argv[2:]:
    env = codesign.gym.LocomotionEnv(body, task=task, **options)
    env.reset(seed=0)
    first = env.render()
    for _ in range(40):
        env.step(env.action_space.sample())
    second = env.render()
    env.close()
    print(first.shape, first.dtype, first.std() > 5.0, (first != second).any())
envs = codesign.gym.LocomotionVectorEnv(2, body, render_mode="rgb_array", width=64, height=64)
envs.reset(seed=0)
print(*(picture.shape for picture in envs.render()))
envs.close()
options |= {"task": "csr"}
envs = codesign.gym.LocomotionVectorEnv(2, body, **options)
envs.reset(seed=0)
one, two = envs.render()
print((one != two).any())
envs.close()
"""
TASKS = ("flat", "flat-reference", "csr", "manipulation-ball", "point-nav")


def test_pictures_show_the_robot_in_its_world(tmp_path, body):
    write_body(body, tmp_path / "robot.json")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "robot.json"), *TASKS],
        capture_output=True, text=True, check=False, env={**os.environ, "MUJOCO_GL": "egl"},
    )  # fmt: skip
    if "Cannot initialize a EGL" in done.stderr or "No module named 'OpenGL" in done.stderr:
        pytest.skip("no EGL on this machine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *["(120, 160, 3) uint8 True True"] * len(TASKS),
        "(64, 64, 3) (64, 64, 3)",
        "True",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a window system")
def test_without_a_display_it_says_what_to_set(monkeypatch, body):
    for name in ("MUJOCO_GL", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    env = LocomotionEnv(body, render_mode="rgb_array")
    env.reset(seed=0)
    with pytest.raises(RunError, match="set the environment variable MUJOCO_GL to egl or osmesa"):
        env.render()


def test_without_a_render_mode_there_are_no_pictures(body):
    env = LocomotionEnv(body)
    env.reset(seed=0)
    assert env.render() is None
    env.close()
