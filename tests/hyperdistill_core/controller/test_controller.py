"""Controllers: checkpoints, names, hashes, warnings, and what they do for a body."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hyperdistill_core.controller import checkpoints
from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.controller.familiarity import Familiarity
from hyperdistill_core.controller.training_distribution import TrainingDistribution
from hyperdistill_core.features import BodyLayout, context_dim, context_features
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.tasks import get_task
from morph_ops.graph import limb, limbs, with_nodes
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def graph():
    return sample_body(np.random.default_rng(4))


def _network(**options):
    torch.manual_seed(7)
    network = Hypernetwork(
        HypernetConfig(context_dim=25, hidden=8, embed=8, heads=2, feedforward=8, **options)
    )
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.to_numpy()


def _controller(**options):
    rng = np.random.default_rng(3)
    return Controller(
        **{
            "name": "small",
            "network": _network(),
            "normalization": Normalization(rng.normal(size=17), rng.uniform(0.1, 2.0, size=17)),
            "task": "flat",
            "context": "continuous",
            "training_distribution": TrainingDistribution({"gear": (150.0, 300.0)}),
            "provenance": {"seed": 3, "teacher": "none"},
            **options,
        }
    )


def test_round_trip_keeps_everything(tmp_path, graph):
    made = _controller()
    made.save(tmp_path / "small.safetensors")
    read = Controller.load(tmp_path / "small.safetensors")
    assert read.hash == made.hash
    assert (read.name, read.task, read.context) == ("small", "flat", "continuous")
    assert read.network.config == made.network.config
    assert dict(read.training_distribution.limits) == {"gear": (150.0, 300.0)}
    assert read.provenance == {"seed": 3, "teacher": "none"}
    model = get_task("flat").model(graph)
    states = np.random.default_rng(1).normal(size=(3, len(limbs(graph)) + 1, 17))
    expected = made.for_body(graph, model).act(states)
    np.testing.assert_array_equal(read.for_body(graph, model).act(states), expected)


def test_familiarity_is_kept_and_tells_near_from_far(tmp_path, graph):
    made = _controller()
    model = get_task("flat").model
    bodies = [sample_body(np.random.default_rng(seed)) for seed in range(40)]
    embeddings = np.array([made.embedding(body, model(body)) for body in bodies])
    known = replace(made, familiarity=Familiarity.over(embeddings))
    assert known.hash == made.hash
    known.save(tmp_path / "known.safetensors")
    read = Controller.load(tmp_path / "known.safetensors")
    assert made.unlikeness(graph, model(graph)) is None
    first = read.unlikeness(bodies[0], model(bodies[0]))
    assert first == pytest.approx(known.unlikeness(bodies[0], model(bodies[0])), abs=1e-3)
    assert first == pytest.approx(0.0, abs=1e-3)
    name = limbs(bodies[0])[0]
    record = limb(bodies[0], name)
    huge = with_nodes(bodies[0], [(name, replace(record, radius=0.8, density=9000.0))])
    assert read.unlikeness(huge, model(huge)) == 100.0


def test_half_precision_is_half_the_size_and_near(tmp_path, graph):
    made = _controller()
    made.save(tmp_path / "half.safetensors", half=True)
    made.save(tmp_path / "full.safetensors")
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.75 * sizes[1]
    read = Controller.load(tmp_path / "half.safetensors")
    assert {array.dtype for array in read.network.arrays.values()} == {np.dtype(np.float32)}
    model = get_task("flat").model(graph)
    states = np.random.default_rng(1).normal(size=(3, len(limbs(graph)) + 1, 17))
    controls = [one.for_body(graph, model).act(states) for one in (made, read)]
    np.testing.assert_allclose(*controls, rtol=0, atol=0.05)


def test_for_body_acts_as_the_hypernetwork_of_trainings(graph):
    made = _controller()
    network = Hypernetwork.from_numpy(made.network).double()
    model = get_task("flat").model(graph)
    layout = BodyLayout.from_graph(graph, model)
    states = np.random.default_rng(2).normal(scale=4.0, size=(5, layout.n_nodes, 17))
    context = torch.from_numpy(context_features(graph, model, kind="continuous"))[None]
    observation = torch.from_numpy(made.normalization.observe(states))[None]
    means = network(context, observation)[0].detach().reshape(5, -1)
    ctrl = made.for_body(graph, model).act(states)
    np.testing.assert_allclose(ctrl, means[:, layout.actions].numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("clock", [0, 2])
def test_a_controller_with_a_context_that_extends_its_own_acts_the_same(graph, clock):
    factors = np.stack([np.ones(25), np.full(25, 1.2)]).astype(np.float32)
    narrow = _controller(network=_network(clock_harmonics=clock), variants=factors)
    wide = narrow.with_context("extended")
    assert (wide.context, wide.network.config.context_dim) == ("extended", context_dim("extended"))
    assert wide.hash != narrow.hash
    assert wide.with_context("extended") is wide
    model = get_task("flat").model(graph)
    model.dof_damping[:] = 0.1  # a body that the wide context tells from a UNIMAL robot
    states = np.random.default_rng(2).normal(size=(5, len(graph), 17))
    for variant in range(2):
        one, other = (
            each.for_body(graph, model, variant=variant).act(states, time=0.3)
            for each in (narrow, wide)
        )
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_context_that_does_not_extend_the_present_one_is_refused():
    with pytest.raises(ControllerError, match="the context 'reference', got 'continuous'"):
        _controller().with_context("reference")
    with pytest.raises(ControllerError, match="the context 'continuous', got 'extended'"):
        _controller().with_context("extended").with_context("continuous")


def test_hash_tells_weights_statistics_and_settings_apart():
    other_mean = Normalization(np.full(17, 0.5), np.ones(17))
    nudged = _controller()
    nudged.network.arrays["output_head.bias.bias"][0] += 1e-3
    made = [_controller(), _controller(task="hills"), _controller(normalization=other_mean), nudged]
    assert len({one.hash for one in made}) == len(made)
    renamed = _controller(
        name="other", provenance={}, training_distribution=TrainingDistribution({})
    )
    assert renamed.hash == made[0].hash


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("flat-paper", "fac4f7faa359974a"),
        ("flat-v0", "332c997c86ed8c15"),
        ("flat-v1", "7e0f8efb9e5b15d9"),
        ("flat-v2", "d427f76fb6f137b9"),
        ("flat-v3", "baf44e696b261490"),
        ("flat-v4", "b85df9180909d4fa"),
    ],
)
def test_published_hashes_stay_the_same(name, published):
    assert Controller.load(name).hash == published


def test_names_need_no_torch():
    code = (
        "import sys; from hyperdistill_core.controller import ControllerError, available;"
        "import hyperdistill_core.controller as package;"
        "print(available(), sorted({'torch', 'mujoco'} & set(sys.modules)));"
        "print(package.Controller.__name__, package.select_variant.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert "'flat-v2'" in first
    assert first.endswith("[]")
    assert second == "Controller select_variant"


def _variants(number=3):
    factors = 1.0 + 0.3 * np.random.default_rng(5).normal(size=(number, 25))
    factors[0] = 1.0
    return factors.astype(np.float32)


def test_a_variant_is_the_network_of_another_context(tmp_path, graph):
    plain, made = _controller(), _controller(variants=_variants())
    assert (plain.n_variants, made.n_variants) == (1, 3)
    made.save(tmp_path / "read.safetensors", half=True)
    read = Controller.load(tmp_path / "read.safetensors")
    np.testing.assert_array_equal(read.variants, made.variants)
    model = get_task("flat").model(graph)
    layout = BodyLayout.from_graph(graph, model)
    states = np.random.default_rng(1).normal(size=(3, layout.n_nodes, 17))
    context = context_features(graph, model, kind="continuous")
    assert made.variants is not None
    for number, factors in enumerate(made.variants):
        control = made.for_body(graph, model, variant=number).act(states)
        expected = plain.body_mlp(context * factors, layout.actions).act(states)
        np.testing.assert_array_equal(control, expected)
    first, *others = [made.for_body(graph, model, variant=n).act(states) for n in range(3)]
    np.testing.assert_array_equal(first, plain.for_body(graph, model).act(states))
    assert all(np.abs(other - first).max() > 1e-3 for other in others)
    with pytest.raises(IndexError, match=r"variant: expected 0 \.\. 2, got 3"):
        made.for_body(graph, model, variant=3)


def test_variants_count_in_the_hash_and_must_begin_with_the_plain_one():
    hashes = {_controller(variants=rows).hash for rows in (None, _variants(2), _variants(3))}
    assert len(hashes) == 3
    for rows in (_variants()[1:], _variants()[:, :9], _variants()[0], _variants()[:0]):
        with pytest.raises(ValueError, match="expected rows of 25 factors, the first of them ones"):
            _controller(variants=rows)


def test_a_best_of_above_the_number_of_variants_is_refused():
    made = _controller(variants=_variants())
    made.require_variants(3)
    for best_of in (0, 4):
        with pytest.raises(ControllerError, match=rf"expected 1 \.\. 3, .*, got {best_of}$"):
            made.require_variants(best_of)


def test_names_are_looked_up_among_the_shipped(tmp_path, monkeypatch):
    path = tmp_path / "hills-v3.safetensors"
    _controller().save(path)
    monkeypatch.setattr(checkpoints.resources, "files", lambda package: tmp_path)
    assert checkpoints.available() == ["hills-v3"]
    assert Controller.load("hills-v3").name == "hills-v3"
    with pytest.raises(ControllerError, match=r"did you mean 'hills-v3'.*file$"):
        Controller.load("hill-v3")


def _write(path, meta, tensors=None):
    save_file(tensors or {"a": torch.zeros(1)}, path, metadata={"codesign": json.dumps(meta)})


def test_bad_files_get_one_line(tmp_path):
    path = tmp_path / "bad.safetensors"
    with pytest.raises(ControllerError, match=r"bad\.safetensors: no such file$"):
        Controller.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(ControllerError, match="not a safetensors file"):
        Controller.load(path)
    _write(path, {"kind": "teacher"})
    with pytest.raises(ControllerError, match="expected a checkpoint of kind 'controller'"):
        Controller.load(path)
    for version in (2, 99):
        _write(path, {"kind": "controller", "version": version})
        message = f"file of version 3, got version {version}; .*train or distill.* again$"
        with pytest.raises(ControllerError, match=message):
            Controller.load(path)
    _write(path, {"kind": "controller", "version": 3})
    with pytest.raises(ControllerError, match=r"damaged controller \(.*state_mean.*\)$"):
        Controller.load(path)


def test_missing_weights_are_one_line(tmp_path):
    from safetensors import safe_open

    whole, path = tmp_path / "whole.safetensors", tmp_path / "part.safetensors"
    _controller().save(whole)
    with safe_open(whole, framework="pt") as file:
        meta = json.loads(file.metadata()["codesign"])
        tensors = {key: file.get_tensor(key) for key in file.keys() if "output_head" not in key}  # noqa: SIM118  no mapping
    _write(path, meta, tensors)
    with pytest.raises(ControllerError, match=r"damaged controller \(.*output_head.*\)$") as caught:
        Controller.load(path)
    assert "\n" not in str(caught.value)


def test_context_layout_must_fit_the_network():
    with pytest.raises(ValueError, match="has 53 features, the network takes 25"):
        _controller(context="reference")


def test_warnings_name_what_lies_outside(graph):
    known = TrainingDistribution.over([graph, sample_body(np.random.default_rng(5))])
    controller = _controller(training_distribution=known)
    assert controller.warnings(graph) == []
    name = limbs(graph)[-1]
    longer = with_nodes(graph, [(name, replace(limb(graph, name), end=(0.0, 0.0, -0.9)))])
    lines = controller.warnings(longer)
    assert [line.split(" outside ")[0] for line in lines][:1] == ["limb length 0.9 m"]
    assert all(line.startswith("limb ") for line in lines)
    rubber, ice = (
        with_nodes(graph, [(name, replace(limb(graph, name), friction=(sliding, 0.1, 0.1)))])
        for sliding in (1.2, 0.1)
    )
    assert controller.warnings(rubber) == ["sliding friction 1.2 other than 0.7"]
    assert controller.warnings(ice) == [], "the floor's friction is larger"


def test_a_name_that_no_file_can_have_is_no_controller():
    with pytest.raises(ControllerError, match="no controller '9999"):
        Controller.load("9" * 5000)
