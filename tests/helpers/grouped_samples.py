"""Samples of bodies of different sizes, padded and grouped by body, for the tests of teachers."""

from __future__ import annotations

import torch
from torch import Tensor

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.teachers import Teacher

#: Number of nodes of the three bodies.
COUNTS = (6, 1, 7)
N_MAX = max(COUNTS)
SAMPLES = 3
STATE_DIM, CONTEXT_DIM = 4, 5


def padded_bodies() -> BodyTensors:
    """The three bodies in float64, padded to 7 nodes."""
    present = torch.arange(N_MAX) < torch.tensor(COUNTS)[:, None]
    generator = torch.Generator().manual_seed(5)
    shape = (len(COUNTS), N_MAX, CONTEXT_DIM)
    context = torch.randn(shape, dtype=torch.float64, generator=generator) * present[..., None]
    return BodyTensors(context, present, [[0] * n for n in COUNTS])


def observations(
    bodies: BodyTensors, samples: int = SAMPLES, *, state_dim: int = STATE_DIM
) -> Tensor:
    """Observations (A, samples, n, state_dim), zero where a body has no node."""
    generator = torch.Generator().manual_seed(6)
    shape = (len(bodies), samples, bodies.present.shape[1], state_dim)
    rows = torch.randn(shape, dtype=bodies.context.dtype, generator=generator)
    return rows * bodies.present[:, None, :, None]


def grouped_samples(slots: slice = slice(None)) -> tuple[BodyTensors, Tensor]:
    """Some of the bodies and their observations (A, 3, 7, 4)."""
    bodies = padded_bodies()[slots]
    return bodies, observations(bodies)


def single_body(bodies: BodyTensors, body: int) -> BodyTensors:
    """One of the bodies without padding."""
    one, n = slice(body, body + 1), len(bodies.parents[body])
    return BodyTensors(bodies.context[one, :n], bodies.present[one, :n], bodies.parents[one])


def random_context(bodies: BodyTensors, *, seed: int) -> BodyTensors:
    """The bodies with other contexts."""
    generator = torch.Generator().manual_seed(seed)
    context = torch.randn(bodies.context.shape, generator=generator).to(bodies.context.dtype)
    return BodyTensors(context * bodies.present[..., None], bodies.present, bodies.parents)


def reordered(bodies: BodyTensors, order: Tensor) -> BodyTensors:
    """Bodies whose root is the parent of all nodes, with their nodes in another order."""
    return BodyTensors(bodies.context[:, order], bodies.present[:, order], bodies.parents)


def assert_samples_equal_single_ones(net: Teacher, slots: slice = slice(None)) -> None:
    """A sample gets the same means and value in a padded batch as alone, without padding."""
    bodies, observation = grouped_samples(slots)
    generator = torch.Generator().manual_seed(7)
    phase = torch.randn(
        (*observation.shape[:2], 2 * net.clock_harmonics), dtype=torch.float64, generator=generator
    )
    clock = {"clock_phase": phase} if net.clock_harmonics else {}
    means, values = net(observation, bodies, **clock)
    for body in range(len(bodies)):
        alone = single_body(bodies, body)
        n = len(alone.parents[0])
        for sample in range(observation.shape[1]):
            one = slice(body, body + 1), slice(sample, sample + 1)
            of_one = {name: phases[one] for name, phases in clock.items()}
            own = net(observation[one][:, :, :n], alone, **of_one)
            torch.testing.assert_close(means[one][:, :, :n], own[0], rtol=0, atol=1e-12)
            torch.testing.assert_close(values[one], own[1], rtol=0, atol=1e-12)
    alike = net.means(observation, bodies, **clock)
    torch.testing.assert_close(alike, means, rtol=0, atol=0)
