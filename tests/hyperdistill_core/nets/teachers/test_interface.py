"""What every kind of teacher must do, whatever its architecture."""

from __future__ import annotations

import json

import pytest
import torch

from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.teachers import (
    TEACHERS,
    Teacher,
    TeacherShape,
    teacher_from_description,
)
from hyperdistill_core.nets.trees import TreeBatch
from tests.helpers.packed_samples import (
    CONTEXT_DIM,
    COUNTS,
    MIXED_BODY,
    STATE_DIM,
    packed_samples,
)

CLOCKED = ("generalist", "specialists")


def shape(*, clock_harmonics: int = 0) -> TeacherShape:
    return TeacherShape(
        context_dim=CONTEXT_DIM,
        state_dim=STATE_DIM,
        width=8,
        layers=1,
        heads=2,
        feedforward=12,
        shared_trunk=False,
        clock_harmonics=clock_harmonics,
        n_bodies=len(COUNTS),
        n_max=max(COUNTS),
    )


@pytest.fixture(params=sorted(TEACHERS))
def teacher(request: pytest.FixtureRequest) -> Teacher:
    torch.manual_seed(0)
    return TEACHERS[request.param].from_shape(shape()).double()


@pytest.fixture
def samples() -> tuple[TreeBatch, torch.Tensor, torch.Tensor]:
    _, tree, observation, context = packed_samples(MIXED_BODY)
    return tree, observation, context


def test_it_acts_and_estimates_values(teacher, samples):
    tree, observation, context = samples
    means, values = teacher(observation, context, tree)
    assert means.shape == (len(observation), 2)
    assert values.shape == (len(MIXED_BODY),)
    torch.testing.assert_close(teacher.means(observation, context, tree), means, rtol=0, atol=0)


def test_what_acts_for_a_batch_equals_the_teacher(teacher, samples):
    tree, observation, context = samples
    act = teacher.for_bodies(context, tree)
    for factor in (1.0, -2.0):
        expected = teacher(factor * observation, context, tree)
        torch.testing.assert_close(act(factor * observation), expected, rtol=0, atol=0)


def test_its_description_can_be_stored(teacher):
    description = json.loads(json.dumps(teacher.describe()))
    assert description["kind"] == teacher.kind
    again = teacher_from_description(description)
    assert type(again) is type(teacher)
    assert again.describe() == teacher.describe()
    assert (again.state_dim, again.clock_harmonics) == (STATE_DIM, 0)
    again.double().load_state_dict(teacher.state_dict())


def test_a_description_is_a_copy(teacher):
    teacher.describe().clear()
    assert teacher.describe()


def test_only_some_kinds_get_a_clock_phase_input(teacher):
    again = teacher_from_description(teacher.describe(), clock_harmonics=2)
    assert teacher.takes_clock == (teacher.kind in CLOCKED)
    assert again.clock_harmonics == (2 if teacher.takes_clock else 0)


def test_an_existing_clock_phase_input_stays():
    for kind in CLOCKED:
        teacher = TEACHERS[kind].from_shape(shape(clock_harmonics=1))
        again = teacher_from_description(teacher.describe(), clock_harmonics=2)
        assert again.clock_harmonics == teacher.clock_harmonics == 1


def test_a_description_without_a_clock_phase_input_is_completed():
    """Checkpoints can be older than this input."""
    description = TEACHERS["generalist"].from_shape(shape()).describe()
    del description["clock_harmonics"]
    assert teacher_from_description(description).describe()["clock_harmonics"] == 0


def test_bodies_share_weights_or_have_their_own(teacher):
    if teacher.separate_bodies is None:
        assert teacher.select([1, 0]) is teacher
    else:
        assert teacher.separate_bodies == len(COUNTS)
        assert all(len(parameter) == len(COUNTS) for parameter in teacher.parameters())
        assert teacher.select([2, 0]).separate_bodies == 2


def test_only_separate_bodies_have_layers(teacher):
    if teacher.separate_bodies is None:
        with pytest.raises(ValueError, match="bodies share weights"):
            teacher.layers(0)
    else:
        assert [len(weight) for weight, _ in teacher.layers(0, 2)] == [2 * STATE_DIM, 8, 8]


def test_only_the_generalist_has_a_hypernetwork(teacher):
    assert (teacher.hypernetwork is not None) == (teacher.kind == "generalist")


def test_initialization_from_a_controller(teacher):
    torch.manual_seed(0)
    config = HypernetConfig(
        context_dim=CONTEXT_DIM, state_dim=STATE_DIM, hidden=8, embed=8, feedforward=12
    )
    network = Hypernetwork(config)
    torch.nn.init.normal_(network.output_head.weight.weight, std=0.4)
    _, tree, observation, context = packed_samples(torch.arange(len(COUNTS)))
    observation, context = observation.float(), context.float()
    contexts, present = tree.of_bodies(context), tree.present
    if "controller" not in teacher.sources:
        with pytest.raises(ValueError, match="cannot be initialized from a controller"):
            type(teacher).from_controller(network, contexts, present)
        return
    initialized = type(teacher).from_controller(network, contexts, present, clock_harmonics=0)
    expected = network.generate(contexts, present).act(tree.by_bodies(observation))
    means = initialized.means(observation, context, tree)
    torch.testing.assert_close(means, tree.from_bodies(expected))


def test_unknown_kinds_and_settings_are_refused(teacher):
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        teacher_from_description(teacher.describe() | {"depth": 3})
    with pytest.raises(KeyError, match="oracle"):
        teacher_from_description(teacher.describe() | {"kind": "oracle"})
