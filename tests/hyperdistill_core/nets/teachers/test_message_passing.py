"""The message-passing network against a plain loop over nodes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.teachers.message_passing import MessagePassing, MessagePassingConfig
from tests.helpers.grouped_samples import (
    assert_samples_equal_single_ones,
    observations,
    padded_bodies,
)

PARENTS = [[0, 0, 1, 1, 0, 4], [0], [0, 0, 0, 2, 3, 4, 4]]


def _net(*, shared_trunk: bool = True) -> MessagePassing:
    torch.manual_seed(3)
    config = MessagePassingConfig(
        context_dim=5, state_dim=4, width=8, layers=3, shared_trunk=shared_trunk
    )
    net = MessagePassing(config).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net


def _inputs():
    padded = padded_bodies()
    bodies = BodyTensors(padded.context, padded.present, PARENTS)
    return bodies, observations(bodies)


def _plain_trunk(trunk, observation, context, parents):
    """One body at a time, one node at a time."""
    nodes = trunk.observe(observation) + trunk.context(context)
    for layer in trunk.layers:
        normed = layer.norm(nodes)
        to_self, to_children, to_parent = layer.send(normed).chunk(3, dim=1)
        of_body = layer.body(normed.mean(dim=0))
        rows = []
        for node in range(len(parents)):
            row = to_self[node] + of_body
            if node:
                row = row + to_children[parents[node]]
            for child in range(1, len(parents)):
                if parents[child] == node:
                    row = row + to_parent[child]
            rows.append(row)
        nodes = nodes + F.relu(torch.stack(rows))
    return trunk.norm(nodes)


def _plain(net, observation, bodies):
    means, values = [], []
    for body, parents in enumerate(bodies.parents):
        n = len(parents)
        context = bodies.context[body, :n]
        for rows in observation[body, :, :n]:
            of_nodes = net.action(_plain_trunk(net.actor, rows, context, parents))
            means.append(F.pad(of_nodes, (0, 0, 0, observation.shape[2] - n)))
            values.append(net.value(_plain_trunk(net.critic, rows, context, parents).mean(dim=0)))
    shape = observation.shape[:2]
    return torch.stack(means).unflatten(0, shape), torch.cat(values).unflatten(0, shape)


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_equals_a_loop_over_nodes(shared_trunk):
    net = _net(shared_trunk=shared_trunk)
    bodies, observation = _inputs()
    means, values = net(observation, bodies)
    plain_means, plain_values = _plain(net, observation, bodies)
    torch.testing.assert_close(means, plain_means, rtol=0, atol=1e-12)
    torch.testing.assert_close(values, plain_values, rtol=0, atol=1e-12)
    torch.testing.assert_close(net.means(observation, bodies), means, rtol=0, atol=0)


@pytest.mark.parametrize("shared_trunk", [True, False])
@pytest.mark.parametrize("slots", [slice(None), slice(1, 2)], ids=str)
def test_samples_equal_single_ones(shared_trunk, slots):
    assert_samples_equal_single_ones(_net(shared_trunk=shared_trunk), slots)


def test_gradients_equal_those_of_the_loop():
    net = _net()
    bodies, observation = _inputs()
    grads = []
    for run in (lambda rows: net(rows, bodies), lambda rows: _plain(net, rows, bodies)):
        rows = observation.clone().requires_grad_()
        means, values = run(rows)
        loss = means.pow(3).sum() + values.square().sum()
        grads.append(torch.autograd.grad(loss, [rows, *net.parameters()]))
    for fast, plain in zip(*grads, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-11)


def test_first_actions_are_small():
    torch.manual_seed(0)
    net = MessagePassing(MessagePassingConfig(context_dim=5, state_dim=4)).double()
    bodies, observation = _inputs()
    means, values = net(observation, bodies)
    assert means.abs().max() < 0.1 < values.abs().max()
