"""What every kind of teacher must do, whatever its architecture."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers import (
    TEACHERS,
    Teacher,
    TeacherShape,
    teacher_from_description,
)
from tests.helpers.grouped_samples import (
    CONTEXT_DIM,
    COUNTS,
    N_MAX,
    SAMPLES,
    STATE_DIM,
    grouped_samples,
)

CLOCKED = ("generalist", "specialists")
#: Tolerance of equal results in float64.
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}


def shape(*, clock_harmonics: int = 0) -> TeacherShape:
    return TeacherShape(
        context_dim=CONTEXT_DIM,
        state_dim=STATE_DIM,
        width=8,
        layers=1,
        heads=2,
        feedforward=12,
        shared_trunk=False,
        terrain_dim=0,
        clock_harmonics=clock_harmonics,
        n_bodies=len(COUNTS),
        n_max=N_MAX,
    )


@pytest.fixture(params=sorted(TEACHERS))
def teacher(request: pytest.FixtureRequest) -> Teacher:
    torch.manual_seed(0)
    return TEACHERS[request.param].from_shape(shape()).double()


@pytest.fixture(params=sorted(TEACHERS))
def acting(request: pytest.FixtureRequest) -> tuple[Teacher, dict[str, torch.Tensor]]:
    """A teacher whose weights are all random, and phases where it takes a clock."""
    kind = TEACHERS[request.param]
    torch.manual_seed(0)
    teacher = kind.from_shape(shape(clock_harmonics=1 if kind.takes_clock else 0)).double()
    for parameter in teacher.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    phase = torch.randn(len(COUNTS), SAMPLES, 2, dtype=torch.float64)
    return teacher, {"clock_phase": phase} if kind.takes_clock else {}


def test_it_acts_and_estimates_values(teacher):
    bodies, observation = grouped_samples()
    means, values = teacher(observation, bodies)
    assert means.shape == (len(COUNTS), SAMPLES, N_MAX, 2)
    assert values.shape == (len(COUNTS), SAMPLES)
    torch.testing.assert_close(teacher.means(observation, bodies), means, rtol=0, atol=0)


@pytest.mark.parametrize("slots", [slice(None), slice(2), slice(1, 3), slice(2, 3)], ids=str)
def test_what_acts_for_some_bodies_equals_the_teacher(acting, slots):
    teacher, clock = acting
    bodies, observation = grouped_samples()
    clock_of_slots = {name: phase[slots] for name, phase in clock.items()}
    act = teacher.for_bodies(bodies, slots)
    chosen = teacher.select(range(len(COUNTS))[slots])
    for factor in (1.0, -2.0):
        means, values = teacher(factor * observation, bodies, **clock)
        acted = act(factor * observation[slots], **clock_of_slots)
        torch.testing.assert_close(acted, (means[slots], values[slots]), **CLOSE)
        alone = chosen(factor * observation[slots], bodies[slots], **clock_of_slots)
        torch.testing.assert_close(acted, alone, **CLOSE)


def test_what_acts_takes_any_number_of_samples(acting):
    teacher, clock = acting
    bodies, observation = grouped_samples()
    act = teacher.for_bodies(bodies)
    means, values = teacher(observation, bodies, **clock)
    for some in (slice(1), slice(1, 3)):
        acted = act(observation[:, some], **{name: phase[:, some] for name, phase in clock.items()})
        torch.testing.assert_close(acted, (means[:, some], values[:, some]), **CLOSE)


def test_padding_does_not_matter(acting):
    teacher, clock = acting
    bodies, observation = grouped_samples()
    means, values = teacher(observation, bodies, **clock)
    # The first two bodies have at most six nodes.
    fewer = BodyTensors(bodies.context[:2, :6], bodies.present[:2, :6], bodies.parents[:2])
    clock = {name: phase[:2] for name, phase in clock.items()}
    others, other_values = teacher.select([0, 1])(observation[:2, :, :6], fewer, **clock)
    exist = fewer.present[:, None].expand(-1, SAMPLES, -1)
    torch.testing.assert_close(others[exist], means[:2, :, :6][exist], **CLOSE)
    torch.testing.assert_close(other_values, values[:2], **CLOSE)


def test_a_clock_phase_changes_actions_and_values(acting):
    teacher, clock = acting
    bodies, observation = grouped_samples()
    if not teacher.takes_clock:
        assert teacher.clock_harmonics == 0
        return
    before = teacher(observation, bodies, **clock)
    after = teacher(observation, bodies, clock_phase=-clock["clock_phase"])
    for old, new in zip(before, after, strict=True):
        assert ((old - new).abs() > 1e-6).flatten(1).any(dim=1).all()


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
    grouped, observation = grouped_samples()
    observation = observation.float()
    bodies = BodyTensors(grouped.context.float(), grouped.present, grouped.parents)
    of_bodies = bodies.context, bodies.present
    if "controller" not in teacher.sources:
        with pytest.raises(ValueError, match="cannot be initialized from a controller"):
            type(teacher).from_controller(network, *of_bodies)
        return
    initialized = type(teacher).from_controller(network, *of_bodies, clock_harmonics=0)
    expected = network.generate(*of_bodies).act(observation)
    torch.testing.assert_close(initialized.means(observation, bodies), expected)


def test_unknown_kinds_and_settings_are_refused(teacher):
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        teacher_from_description(teacher.describe() | {"depth": 3})
    with pytest.raises(KeyError, match="oracle"):
        teacher_from_description(teacher.describe() | {"kind": "oracle"})
