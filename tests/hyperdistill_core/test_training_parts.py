"""Pieces of training: moments, advantages, expert data, pools, crowds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import CheckpointError, TrainingError
from hyperdistill_core.evaluation.checkpoint_policies import SingleBodyPolicy
from hyperdistill_core.features import PRIVILEGED_DIM, STATE_DIM, context_dim
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyInputs, BodyBatch, StudentPolicy, TeacherPolicy
from hyperdistill_core.training.distillation import ExpertData
from hyperdistill_core.training.ppo.advantage import generalized_advantages
from hyperdistill_core.training.ppo import PPOSettings
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.ppo import new_teacher
from hyperdistill_core.training.training_sets.lineages import Lineages
from hyperdistill_core.training.training_sets import (
    TrainingSet,
    TrainingSetSettings,
    make_training_set,
    stands,
)
from morph_ops.errors import BodyError
from morph_ops.geometry import total_mass
from morph_ops.graph import limb, limbs, with_nodes
from morph_ops.identity import body_hash, body_plan_hash, is_same
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


@pytest.fixture
def normalization():
    rng = np.random.default_rng(5)
    return Normalization(rng.normal(size=STATE_DIM), rng.uniform(0.5, 2.0, STATE_DIM))


def test_moments_of_batches_are_those_of_all():
    samples = np.random.default_rng(0).normal(3.0, 2.0, (100, 4))
    moments = RunningMoments(4)
    for batch in (samples[:1], samples[1:60], samples[60:60], samples[60:]):
        moments.update(batch)
    np.testing.assert_allclose(moments.mean, samples.mean(0))
    np.testing.assert_allclose(moments.var, samples.var(0))
    again = RunningMoments.from_dict(json.loads(json.dumps(moments.to_dict())))
    np.testing.assert_array_equal(again.normalization().observe(samples).std(0).round(3), 1.0)


def test_advantages_sum_discounted_errors_within_an_episode():
    rewards = torch.tensor([1.0, 2.0, 4.0])[:, None]
    values = torch.tensor([0.5, 0.25, 1.0])[:, None]
    nothing = torch.zeros(3, 1, dtype=torch.bool)
    gamma, lam = 0.9, 0.8
    last = torch.tensor([3.0])
    deltas = [1 + 0.9 * 0.25 - 0.5, 2 + 0.9 * 1.0 - 0.25, 4 + 0.9 * 3.0 - 1.0]
    expected = [sum((gamma * lam) ** k * d for k, d in enumerate(deltas[t:])) for t in range(3)]
    result = generalized_advantages(rewards, values, last, nothing, nothing, gamma=gamma, lam=lam)
    np.testing.assert_allclose(result[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(("cut", "bootstrap"), [(False, 0.0), (True, 0.25)])
def test_an_end_cuts_the_sum_and_only_the_time_limit_bootstraps(cut, bootstrap):
    rewards = torch.tensor([1.0, 2.0, 4.0])[:, None]
    values = torch.tensor([0.5, 0.25, 1.0])[:, None]
    ended = torch.tensor([False, True, False])[:, None]
    result = generalized_advantages(
        rewards, values, torch.tensor([3.0]), ended, ended & cut, gamma=0.9, lam=0.8
    )
    at_end = 2.0 + 0.9 * bootstrap - 0.25
    expected = [1.0 + 0.9 * 0.25 - 0.5 + 0.72 * at_end, at_end]
    np.testing.assert_allclose(result[:2, 0], expected, rtol=1e-6)


def test_expert_data_comes_back_and_grows(bodies, tmp_path):
    rng = np.random.default_rng(0)
    data = ExpertData(tmp_path / "data")
    written = []
    for number, graph in enumerate(bodies[:3]):
        n = len(graph)
        states, means = rng.normal(size=(5, n, STATE_DIM)), rng.normal(size=(5, n, 2))
        elapsed = np.array([0, 3, 997, 999, number])
        data.append(
            graph, body=number, round_=number % 2, states=states, elapsed=elapsed, means=means
        )
        written.append((states, elapsed, means))
        data = ExpertData(tmp_path / "data")
    assert data.transitions == 15
    assert data.has(1, 1)
    assert not data.has(1, 0)
    read = data.reader()
    for segment, graph, (states, elapsed, means) in zip(
        data.segments, bodies, written, strict=False
    ):
        assert is_same(segment.graph, graph)
        np.testing.assert_array_equal(read(segment)[0], states.astype(np.float16))
        np.testing.assert_array_equal(read(segment)[1], elapsed)
        np.testing.assert_allclose(read(segment)[1] * 0.02, elapsed * 0.02, atol=1e-9)
        np.testing.assert_array_equal(read(segment)[2], means.astype(np.float16))
        some = read(segment, np.array([1, 4]))
        for part, whole in zip(some, read(segment), strict=True):
            np.testing.assert_array_equal(part, whole[[1, 4]])


def _append(data, graph, *, body, states):
    means, elapsed = states[..., :2], np.arange(len(states))
    data.append(graph, body=body, round_=0, states=states, elapsed=elapsed, means=means)


def test_data_of_another_version_is_refused(bodies, tmp_path):
    _append(ExpertData(tmp_path), bodies[0], body=0, states=np.ones((4, len(bodies[0]), STATE_DIM)))
    index = tmp_path / "index.jsonl"
    index.write_text(index.read_text().replace('"version":2', '"version":1'))
    with pytest.raises(CheckpointError, match="expected version 2, got 1"):
        ExpertData(tmp_path)


def test_rows_of_an_interrupted_segment_are_written_over(bodies, tmp_path):
    ones = np.ones((4, len(bodies[0]), STATE_DIM))
    data = ExpertData(tmp_path)
    _append(data, bodies[0], body=0, states=ones)
    for name in ("states.f16", "means.f16"):
        with (tmp_path / name).open("ab") as file:
            file.write(b"half a segment")
    data = ExpertData(tmp_path)
    assert data.reader()(data.segments[0])[0].shape == ones.shape
    _append(data, bodies[0], body=1, states=2 * ones)
    states, _, means = data.reader()(data.segments[1])
    assert states.min() == states.max() == means.min() == means.max() == 2.0


def test_a_line_that_was_cut_short_is_left_out(bodies, tmp_path):
    ones = np.ones((4, len(bodies[0]), STATE_DIM))
    for number in range(2):
        _append(ExpertData(tmp_path), bodies[0], body=number, states=number * ones)
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-9])
    data = ExpertData(tmp_path)
    assert [segment.body for segment in data.segments] == [0]
    _append(data, bodies[0], body=1, states=5 * ones)
    data = ExpertData(tmp_path)
    assert [segment.body for segment in data.segments] == [0, 1]
    assert data.reader()(data.segments[1])[0].min() == 5.0


def test_index_of_another_format_is_refused(tmp_path):
    (tmp_path / "index.jsonl").write_text('{"body": 1}\n')
    with pytest.raises(CheckpointError, match=r"index\.jsonl: not an index of expert data"):
        ExpertData(tmp_path)


def test_checkpoint_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, {"x": torch.ones(2)}, {"kind": "teacher"})
    assert load_checkpoint(path, kind="teacher")[0]["x"].tolist() == [1.0, 1.0]
    with pytest.raises(CheckpointError, match="kind 'student', got 'teacher'"):
        load_checkpoint(path, kind="student")
    path.write_bytes(b"nothing of the sort")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_checkpoint(path, kind="teacher")
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "b.safetensors", kind="teacher")


def test_pool_is_distinct_repeatable_and_comes_back(bodies, tmp_path):
    settings = TrainingSetSettings(sampled=3, children=2, mutants=4, stable_steps=5, seed=1)
    pool = make_training_set(settings, robots=[bodies[0], bodies[0], bodies[1]])
    assert pool.origins == (*["robot"] * 2, *["sampled"] * 3, *["child"] * 2, *["mutant"] * 4)
    assert len({body_hash(graph) for graph in pool.graphs}) == len(pool) == 11
    again = make_training_set(settings, robots=bodies[:2])
    assert all(map(is_same, pool.graphs, again.graphs))
    pool.write(tmp_path / "pool.jsonl")
    read = TrainingSet.read(tmp_path / "pool.jsonl")
    assert read.origins == pool.origins
    assert all(map(is_same, pool.graphs, read.graphs))
    weights = pool.weights(0.3)
    assert weights[:2].sum() == pytest.approx(0.3)
    assert weights.sum() == pytest.approx(1.0)


def _mass_trial(tried):
    """Heavy bodies are good ones; what was tried is noted."""

    def trial(graphs):
        tried.append(len(graphs))
        return [(total_mass(graph), 0.0) for graph in graphs]

    return trial


def test_a_tried_pool_takes_only_bodies_of_use(bodies):
    settings = TrainingSetSettings(
        sampled=3, mutants=2, evolved=70, stable_steps=0, min_score=6.0, seed=1
    )
    tried = []
    pool = make_training_set(settings, robots=bodies[:3], trial=_mass_trial(tried))
    assert pool.counts == {"evolved": 70, "mutant": 2, "robot": 3, "sampled": 3}
    assert all(
        total_mass(graph) >= 6.0
        for graph, origin in zip(pool.graphs, pool.origins, strict=True)
        if origin != "robot"
    )
    assert set(tried) == {3, 64}
    again = make_training_set(settings, robots=bodies[:3], trial=_mass_trial([]))
    assert all(map(is_same, pool.graphs, again.graphs))


def test_founders_are_the_best_of_sixteen_and_found_lines():
    settings = TrainingSetSettings(
        sampled=0, mutants=0, evolved=64, founders=3, stable_steps=0, min_score=6.0, seed=4
    )
    tried = []
    pool = make_training_set(settings, trial=_mass_trial(tried))
    assert pool.counts == {"evolved": 64}
    assert tried[:5] == [0, 16, 16, 16, 64]
    # A child of the best of sixteen is heavier than what comes up by chance.
    chance = make_training_set(
        TrainingSetSettings(sampled=64, mutants=0, stable_steps=0, min_score=6.0, seed=4),
        trial=_mass_trial([]),
    )
    heavy, usual = (np.mean([total_mass(g) for g in made.graphs]) for made in (pool, chance))
    assert heavy > usual


def test_a_body_that_stands_is_of_use_whatever_it_scores():
    settings = TrainingSetSettings(sampled=2, mutants=0, stable_steps=0, min_steps=100.0)
    pool = make_training_set(settings, trial=lambda graphs: [(-5.0, 100.0)] * len(graphs))
    assert len(pool) == 2


def test_a_pool_of_useless_bodies_is_given_up(monkeypatch):
    monkeypatch.setattr("hyperdistill_core.training.training_sets.training_set._PATIENCE", 128)
    settings = TrainingSetSettings(sampled=1, mutants=0, stable_steps=0, seed=2)
    with pytest.raises(TrainingError, match="none of 128 sampled bodies scored 40 or stood"):
        make_training_set(settings, trial=lambda graphs: [(39.9, 399.0)] * len(graphs))


def test_lines_climb_and_stay_apart(bodies):
    rng = np.random.default_rng(0)
    lines = Lineages([(graph, total_mass(graph)) for graph in bodies[:3]], rng)
    first = [lines.breed() for _ in range(60)]
    assert {child.line for child in first} == {0, 1, 2}
    for child in first:
        lines.tell(child, total_mass(child.graph))
    feeble = replace(first[0], graph=bodies[3])
    lines.tell(feeble, 0.39 * feeble.parent_score)
    later = [lines.breed().parent_score for _ in range(300)]
    assert np.mean(later) > np.mean([child.parent_score for child in first])
    assert max(later) == max(total_mass(child.graph) for child in first)
    assert 0.39 * feeble.parent_score not in later


def test_a_line_that_began_below_zero_takes_in_what_is_no_worse(bodies):
    lines = Lineages([(graph, -50.0) for graph in bodies[:2]], np.random.default_rng(0))
    first, second = lines.breed(), lines.breed()
    lines.tell(first, -50.0)
    lines.tell(replace(second, graph=bodies[3]), -81.0)
    known = [graph for line in lines._lines for graph, _ in line]
    assert any(graph is first.graph for graph in known)
    assert not any(graph is bodies[3] for graph in known)


def test_a_pool_needs_parents(bodies):
    with pytest.raises(TrainingError, match="at least 2 robots to cross, got 1"):
        make_training_set(TrainingSetSettings(children=1), robots=bodies[:1])
    with pytest.raises(TrainingError, match="needs robots or sampled bodies to mutate"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=1))
    with pytest.raises(TrainingError, match="at least 2 robots or founders to begin with, got 1"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=0, evolved=1), robots=bodies[:1])
    with pytest.raises(
        TrainingError, match="founders=2 found lines of evolved bodies, got evolved=0"
    ):
        make_training_set(TrainingSetSettings(founders=2), robots=bodies[:2])
    with pytest.raises(TrainingError, match="needs a controller that they are tried with"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=0, evolved=1), robots=bodies[:2])


def test_broken_pool_names_the_line(tmp_path):
    path = tmp_path / "pool.jsonl"
    path.write_text('{"origin": "robot"}\n')
    with pytest.raises(BodyError, match=r"pool\.jsonl, line 1: no body of a pool"):
        TrainingSet.read(path)


def test_held_out_plans_do_not_come_up():
    settings = TrainingSetSettings(sampled=2, mutants=0, stable_steps=0, seed=3)
    unwanted = make_training_set(settings).graphs
    plans = {body_plan_hash(graph) for graph in unwanted}
    assert plans.isdisjoint(body_plan_hash(g) for g in make_training_set(settings, held_out=unwanted).graphs)


def test_a_body_on_a_needle_does_not_stand(walker):
    assert stands(walker, task="flat", steps=20)
    # Without joints' stiffness and damping nothing holds the legs under the torso.
    limp = [(name, _without_springs(limb(walker, name))) for name in limbs(walker)]
    assert not stands(with_nodes(walker, limp), task="flat", steps=200)


def _without_springs(record):
    from dataclasses import replace

    joints = tuple(
        replace(joint, stiffness=0.0, damping=0.0, armature=0.0, range_deg=(-170.0, 170.0))
        for joint in record.joints
    )
    return replace(record, joints=joints)


def test_teacher_acts_for_a_crowd_as_for_each_body(bodies):
    task = get_task("flat")
    torch.manual_seed(0)
    network = new_teacher(PPOSettings(width=16, layers=2), n_max=12)
    torch.nn.init.normal_(network.action.weight)
    inputs = [BodyInputs.of(graph, task) for graph in bodies]
    n_max = max(map(len, bodies)) + 1
    states = np.random.default_rng(0).normal(size=(len(bodies), 3, n_max, STATE_DIM))
    normalization = Normalization(np.full(PRIVILEGED_DIM, 0.1), np.full(PRIVILEGED_DIM, 2.0))
    policy = TeacherPolicy(network, normalization, BodyBatch(inputs, n_max=n_max), 3)
    together = policy.means(states, np.zeros((len(bodies), 3)))
    for row, (body, graph) in enumerate(zip(inputs, bodies, strict=True)):
        control = SingleBodyPolicy(network, normalization, body)
        alone = control.act(states[row, :, : len(graph)])
        slots = np.zeros((n_max, 2), dtype=bool)
        slots[: len(graph)] = body.joint_mask
        np.testing.assert_allclose(together[row][:, slots], alone, atol=1e-5)
        assert np.abs(alone).max() > 0.1


@pytest.mark.parametrize("clock", [0, 2])
def test_a_crowd_acts_as_its_controllers_do(bodies, normalization, clock):
    task = get_task("flat")
    torch.manual_seed(0)
    config = HypernetConfig(context_dim=context_dim("continuous"), hidden=16, clock_harmonics=clock)
    network = Hypernetwork(config)
    for head in (network.input_head, network.output_head, *network.hidden_heads):
        torch.nn.init.normal_(head.weight.weight, std=0.05)
    if clock:
        torch.nn.init.normal_(network.clock_head.weight, std=0.3)
    controller = Controller(
        name="x", network=network, normalization=normalization, task="flat", context="continuous"
    )
    inputs = [BodyInputs.of(graph, task) for graph in bodies]
    n_max = max(map(len, bodies))
    states = np.random.default_rng(0).normal(size=(len(bodies), 3, n_max, STATE_DIM))
    crowd = BodyBatch(inputs, n_max=n_max)
    # Of the packed layout as well as of the padded one, a time for each body.
    times = np.linspace(0.02, 0.9, len(bodies))
    time = np.repeat(times[:, None], 3, axis=1)
    together = StudentPolicy(network, normalization, crowd).means(states, time)
    generalist = Generalist.from_hypernetwork(network)
    packed = TeacherPolicy(generalist, normalization, crowd, 3).means(states, time)
    for row, (body, graph) in enumerate(zip(inputs, bodies, strict=True)):
        seen, now = states[row, :, : len(graph)], times[row]
        control = controller.for_body(graph, task.model(graph))
        alone = control.act(seen, time=now)
        teacher = SingleBodyPolicy(generalist, normalization, body)
        assert teacher.clock_harmonics == control.clock_harmonics == clock
        np.testing.assert_allclose(teacher.act(seen, time=now), alone, atol=1e-4)
        if clock:
            assert np.abs(control.act(seen, time=now + 0.3) - alone).max() > 1e-2
        slots = np.zeros((n_max, 2), dtype=bool)
        slots[: len(graph)] = body.joint_mask
        np.testing.assert_allclose(together[row][:, slots], alone, atol=1e-4)
        np.testing.assert_allclose(packed[row][:, slots], alone, atol=1e-4)
