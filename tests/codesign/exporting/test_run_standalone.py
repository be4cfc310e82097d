"""The stand-alone script simulates what was scored."""

from __future__ import annotations

import runpy
import subprocess
import sys
from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from codesign.exporting import Design, DesignRollout, export_designs, run_standalone
from codesign.exporting.world_arrays import task_arrays
from codesign.scoring import score
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import TASKS, get_task
from hyperdistill_core.tasks.episodes import SimulatedArrays
from hyperdistill_core.tasks.sight import sight
from hyperdistill_core.tasks.terrain import Worlds
from tests.codesign.exporting.conftest import EPISODES, SEED

#: The tasks whose grounds take long to draw.
LARGE = ("escape",)
#: Tasks whose rewards depend on more than positions of the torso, or that have goals.
KEEPING = (
    *("exploration", "patrol", "point-nav", "goals", "mvt", "push-box-incline"),
    *("manipulation-ball", "exploration-reference", "patrol-reference", "mvt-reference"),
)


def test_the_runner_reaches_the_score(exported, body, tiny_controller):
    # Every operation is the engines' own, so that contacts have next to no noise to blow up.
    [record] = score([body], controller=tiny_controller, episodes=EPISODES, seed=SEED)
    distance, seconds, returns = run_standalone.simulate(exported / "it.xml")
    assert returns == pytest.approx(record.returns, rel=1e-6)
    assert seconds == pytest.approx(np.array(record.lengths) * 0.02)
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_reaches_the_score_of_a_robot_in_other_frames(
    body, in_other_frames, tiny_controller, tmp_path
):
    robot = in_other_frames(body)
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=robot)], tmp_path / "designs", rollout=rollout)
    [record] = score([robot], controller=tiny_controller, episodes=2, seed=SEED)
    distance, *_ = run_standalone.simulate(tmp_path / "designs" / "it" / "it.xml")
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_has_the_clock_phase_of_the_score(body, tiny_controller, tmp_path):
    clockless = Controller.load(tiny_controller)
    actor = Hypernetwork.from_numpy(clockless.network)
    network = Generalist.from_hypernetwork(actor, clock_harmonics=2).actor
    torch.nn.init.normal_(network.clock_head.bias, std=0.5)
    replace(clockless, network=network.to_numpy()).save(tmp_path / "c.safetensors")
    rollout = DesignRollout(controller=tmp_path / "c.safetensors", seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=body)], tmp_path / "designs", rollout=rollout)
    [record] = score([body], controller=rollout.controller, episodes=2, seed=SEED)
    [without] = score([body], controller=tiny_controller, episodes=2, seed=SEED)
    assert record.returns != pytest.approx(without.returns, abs=0.1)
    distance, *_ = run_standalone.simulate(tmp_path / "designs" / "it" / "it.xml")
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_runs_alone(exported):
    done = subprocess.run(
        [sys.executable, "run_standalone.py", "it.xml"],
        cwd=exported, capture_output=True, text=True, check=True,
    )  # fmt: skip
    means, returns = done.stdout.splitlines()
    _, distance, _, seconds, _, speed, unit = means.split()
    assert unit == "m/s"
    assert float(speed) == pytest.approx(float(distance) / float(seconds), abs=0.02)
    name, *each, _, mean = returns.replace(",", "").split()
    assert (name, len(each)) == ("returns:", EPISODES)
    assert np.mean([float(one) for one in each]) == pytest.approx(float(mean), rel=1e-4)
    assert float(mean) * 0.02 == pytest.approx(float(distance), abs=0.006)


@pytest.mark.parametrize("arguments", [[], ["it.json"], ["none.xml"], ["it.xml", "more"]])
def test_the_runner_says_how_it_is_used(exported, arguments, monkeypatch, capsys):
    monkeypatch.chdir(exported)
    monkeypatch.setattr(sys, "argv", ["run_standalone.py", *arguments])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path("run_standalone.py", run_name="__main__")
    usage = (
        "usage: python run_standalone.py DESIGN.xml, with DESIGN.npz or DESIGN.onnx beside it; "
        "DESIGN.world.xml also needs DESIGN.world.npz, DESIGN.TASK.world.xml its own\n"
    )
    assert capsys.readouterr().err == usage


def shortened(folder, steps):
    """Make the episodes of a design shorter, in control steps."""
    arrays = dict(np.load(folder / "it.npz"))
    np.savez(folder / "it.npz", **{**arrays, "max_seconds": np.array(steps * 0.02)})


def check_episodes(body, name, controller, out, *, steps):
    """Check the episodes that the script simulates against our own."""
    made = DesignRollout(controller=controller, task=name, seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=body)], out, formats=["mjcf", "npz"], rollout=made)
    shortened(out / "it", steps)
    task = replace(get_task(name), max_steps=steps)
    policy = Controller.load(controller).for_body(body, task.model(body))
    expected = rollout(body, policy, task=task, episodes=2, seed=SEED)
    file = "it.xml" if name == "flat" else "it.world.xml"
    distance, seconds, returns = run_standalone.simulate(out / "it" / file)
    np.testing.assert_allclose(returns, expected.returns, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(distance, expected.distance, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(seconds, expected.lengths * 0.02, atol=1e-9)
    assert returns[0] != returns[1] or name.startswith("exploration")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
        for name in TASKS
        if not name.endswith("-reference")
    ],
)
def test_the_runner_has_the_returns_of_every_task(name, walker, seeing_controller, tmp_path):
    """Each episode on its own ground, with its own goals and objects."""
    check_episodes(walker, name, seeing_controller, tmp_path / "out", steps=25)


@pytest.mark.parametrize(
    "name", ["patrol-reference", "point-nav-reference", "push-box-incline-reference"]
)
def test_the_runner_has_the_returns_of_published_forms(name, walker, tiny_controller, tmp_path):
    check_episodes(walker, name, tiny_controller, tmp_path / "out", steps=25)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("point-nav", 3), ("manipulation-ball", 12), ("push-box-incline-reference", 12), ("mvt", 3)],
)
def test_the_network_sees_goals_and_objects(name, numbers, walker, controller_that_sees, tmp_path):
    controller = controller_that_sees(numbers)
    check_episodes(walker, name, controller, tmp_path / "out", steps=25)


class Teleported:
    """A robot that jumps around its goals and its object, in our arrays and in the script's."""

    def __init__(self, name, body):
        self.task, self.rng = get_task(name), np.random.default_rng(0)
        self.world = self.task.world(SEED, 0)
        self.model = self.task.model(body, self.world)
        self.data = mujoco.MjData(self.model)
        self.arrays = task_arrays(body, self.task, self.model, seed=SEED, episodes=1)
        self.data.qpos = self.arrays["qpos"][0]
        mujoco.mj_kinematics(self.model, self.data)
        names = ("xpos", "xquat", "qpos", "qvel")
        live = SimulatedArrays(**{each: getattr(self.data, each)[None] for each in names})
        ours = self.task.begin(body, self.model, live, [self.world])
        assert ours is not None
        self.ours = ours
        own = self.arrays | {"goals": self.arrays.get("goals", [None])[0]}
        kind = run_standalone.TASKS[str(own["reward"])]
        self.theirs = kind(self.data, own, self.task.control_dt)

    def jump(self):
        """Go to a place near a goal or the object, or anywhere; the object moves, too."""
        data, rng = self.data, self.rng
        object_ = [self.data.qpos[-7:-4].copy()] if self.task.has_object else []
        places = [*self.world.goals, *object_, rng.uniform(-60.0, 60.0, 3)]
        where = np.array(places[rng.integers(len(places))])
        if object_:
            data.qpos[-7:-4] = where + rng.normal(scale=0.3, size=3)
            data.qpos[-4:] = rng.normal(size=4)
        data.qpos[:3] = where + rng.normal(scale=0.3, size=3)
        data.qpos[3:7] = rng.normal(size=4)
        data.qvel[:] = rng.normal(size=self.model.nv)
        mujoco.mj_normalizeQuat(self.model, data.qpos)
        mujoco.mj_kinematics(self.model, data)


@pytest.mark.parametrize("name", KEEPING)
def test_rewards_and_what_is_seen_are_those_of_the_task(name, walker):
    """Wherever robot, goal and object are, arrivals and late goals included."""
    robot = Teleported(name, walker)
    worlds, which = Worlds([robot.world]), np.zeros(1, int)
    found = []
    for _ in range(150):
        before = robot.data.xpos[1].copy()
        robot.jump()
        after = robot.data.xpos[1].copy()
        terms = robot.ours.terms(before[None], after[None])
        expected = sum(values[0] for values in terms.values())
        assert robot.theirs.reward(before, after) == pytest.approx(expected, rel=1e-9, abs=1e-9)
        found.append([name for name, values in terms.items() if values[0]])
        for numbers in (3, 12):
            seen = sight(worlds, which, after[None], robot.data.xquat[1][None], numbers, robot.ours)
            target = run_standalone.target_of(robot.theirs, numbers)
            np.testing.assert_allclose(target, seen[0], rtol=0, atol=1e-9)
    seldom = {"arrive", "touch", "deliver"} & set(terms)
    assert all(any(name in each for each in found) for name in seldom)


def test_the_axes_turn_as_in_our_rollouts():
    from hyperdistill_core.features.goal_axes import turned

    rng = np.random.default_rng(0)
    for angle in rng.uniform(-np.pi, np.pi, 20):
        state = rng.normal(size=(4, 17))
        expected = turned(state[None], np.array([angle]))[0]
        np.testing.assert_allclose(run_standalone.turned(state, angle), expected, atol=1e-12)


def test_the_runner_counts_the_costs_of_actions_with_onnx(body, tiny_controller, tmp_path):
    """They count before the controls are clipped."""
    pytest.importorskip("onnx", reason="needs codesign[onnx]")
    pytest.importorskip("onnxruntime", reason="needs codesign[onnx]")
    made = DesignRollout(controller=tiny_controller, task="patrol", seed=SEED, episodes=2)
    folder = tmp_path / "out" / "it"
    formats = ["mjcf", "npz", "onnx"]
    export_designs([Design(name="it", graph=body)], folder.parent, formats=formats, rollout=made)
    *_, expected = run_standalone.simulate(folder / "it.world.xml")
    (folder / "it.npz").unlink()
    *_, returns = run_standalone.simulate(folder / "it.world.xml")
    np.testing.assert_allclose(returns, expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["flat", "csr", "obstacle", "patrol", "escape"])
def test_an_episode_ends_where_the_task_ends_it(name, walker):
    """Falls, side edges and the rim of the bowl, right at their bounds."""
    task = get_task(name)
    world = task.world(SEED, 0)
    model = task.model(walker, world)
    data = mujoco.MjData(model)
    arrays = task_arrays(walker, task, model, seed=SEED, episodes=1)
    worlds, which = Worlds([world]), np.zeros(1, int)
    [fall_height], ended = task.fall_heights(walker, [world]), []
    rng = np.random.default_rng(0)
    places = [(5.0, y) for y in (18.98, 19.0, 19.02, -18.98, -19.02)]
    places += [(x, 0.0) for x in (41.98, 42.0, 42.02)]
    for x, y in [*places, *rng.uniform(-15.0, 15.0, (20, 2))]:
        ground = worlds.ground(which, np.array([[x, y, 0.0]]))
        level = 0.0 if ground is None else ground[0]
        for above in (fall_height - 0.01, fall_height + 0.01, 5.0):
            position = np.array([[x, y, level + above]])
            data.xpos[1] = position[0]
            over = task.fell(position, fall_height, ground) | task.left(position)
            assert run_standalone.is_over(data, arrays) == over[0], (x, y, above)
            ended.append(bool(over[0]))
    assert {True, False} == set(ended)
    far = [(x, y) for x, y in places if task.left(np.array([x, y, 0.0]))]
    assert len(far) == {"csr": 3, "obstacle": 3, "escape": 2}.get(name, 0)


def test_an_unstable_simulation_is_no_score(exported, tmp_path):
    arrays = dict(np.load(exported / "it.npz"))
    np.savez(tmp_path / "it.npz", **{**arrays, "qvel": arrays["qvel"] + 1e11})
    (tmp_path / "it.xml").write_text((exported / "it.xml").read_text())
    with pytest.raises(SystemExit, match="the simulation became unstable"):
        run_standalone.simulate(tmp_path / "it.xml")


def test_episodes_that_are_left_out_are_named(
    walker, tiny_controller, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("codesign.exporting.world_arrays.MOST_GROUNDS", 2)
    made = DesignRollout(controller=tiny_controller, task="csr", seed=SEED, episodes=3)
    out = tmp_path / "out"
    export_designs([Design(name="it", graph=walker)], out, formats=["mjcf", "npz"], rollout=made)
    shortened(out / "it", 2)
    monkeypatch.setattr(sys, "argv", ["run_standalone.py", str(out / "it" / "it.world.xml")])
    runpy.run_path(str(out / "it" / "run_standalone.py"), run_name="__main__")
    *_, last = capsys.readouterr().out.splitlines()
    assert last == "these are the first 2 of the 3 episodes of the score"
