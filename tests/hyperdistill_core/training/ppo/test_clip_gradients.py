"""Gradients are clipped for each body where bodies share no weights."""

from __future__ import annotations

import torch

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.training.ppo.losses import clip_gradients


def _learn(network, inputs, target):
    """Ten steps towards given means; the loss is a mean over bodies, as in PPO."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-5)
    observation, bodies = inputs
    for _ in range(10):
        loss = (network.means(observation, bodies) - target).square().mean()
        optimizer.zero_grad(set_to_none=True)
        (1e-4 * loss).backward()
        clip_gradients(network, 0.5)
        optimizer.step()
    return [weight.detach() for layer in network.layers(0) for weight in layer]


def test_a_body_learns_as_much_among_others_as_alone():
    torch.manual_seed(0)
    alone = Specialists(SpecialistsConfig(bodies=1, n_max=3, state_dim=4, hidden=8))
    many = Specialists(SpecialistsConfig(bodies=60, n_max=3, state_dim=4, hidden=8))
    with torch.no_grad():
        for one, each in zip(alone.parameters(), many.parameters(), strict=True):
            each.copy_(one.expand_as(each))
    learned = []
    for network, bodies in ((alone, 1), (many, 60)):
        generator = torch.Generator().manual_seed(1)
        observation = torch.randn(1, 1, 3, 4, generator=generator).repeat(bodies, 1, 1, 1)
        target = torch.randn(1, 1, 3, 2, generator=generator).repeat(bodies, 1, 1, 1)
        present = torch.ones(bodies, 3, dtype=torch.bool)
        tensors = BodyTensors(torch.zeros(bodies, 3, 1), present, [[0, 0, 1]] * bodies)
        learned.append(_learn(network, (observation, tensors), target))
    for one, among in zip(*learned, strict=True):
        torch.testing.assert_close(one, among, rtol=1e-4, atol=1e-6)
