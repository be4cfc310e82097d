"""The packed message-passing network against a plain loop over nodes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from hyperdistill_core.nets.teachers.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.trees import Trees

PARENTS = [[0, 0, 1, 1, 0, 4], [0], [0, 0, 0, 2, 3, 4, 4]]
BODY = torch.tensor([2, 0, 1, 0, 2])


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
    trees = Trees(PARENTS)
    generator = torch.Generator().manual_seed(5)
    batch = trees.batch(BODY)
    observation = torch.randn(len(batch.sample), 4, dtype=torch.float64, generator=generator)
    context = torch.randn(trees.total, 5, dtype=torch.float64, generator=generator)
    return trees, batch, observation, context


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


def _plain(net, observation, context, body):
    starts = [sum(len(tree) for tree in PARENTS[:index]) for index in range(len(PARENTS))]
    means, values, row = [], [], 0
    for index in body.tolist():
        parents = PARENTS[index]
        n = len(parents)
        own = context[starts[index] : starts[index] + n]
        rows = observation[row : row + n]
        means.append(net.action(_plain_trunk(net.actor, rows, own, parents)))
        values.append(net.value(_plain_trunk(net.critic, rows, own, parents).mean(dim=0)))
        row += n
    return torch.cat(means), torch.cat(values)


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_equals_a_loop_over_nodes(shared_trunk):
    net = _net(shared_trunk=shared_trunk)
    _, batch, observation, context = _inputs()
    means, values = net(observation, context, batch)
    plain_means, plain_values = _plain(net, observation, context, BODY)
    torch.testing.assert_close(means, plain_means, rtol=0, atol=1e-12)
    torch.testing.assert_close(values, plain_values, rtol=0, atol=1e-12)
    torch.testing.assert_close(net.means(observation, context, batch), means, rtol=0, atol=0)


def test_gradients_equal_those_of_the_loop():
    net = _net()
    _, batch, observation, context = _inputs()
    grads = []
    for run in (
        lambda rows: net(rows, context, batch),
        lambda rows: _plain(net, rows, context, BODY),
    ):
        rows = observation.clone().requires_grad_()
        means, values = run(rows)
        loss = means.pow(3).sum() + values.square().sum()
        grads.append(torch.autograd.grad(loss, [rows, *net.parameters()]))
    for fast, plain in zip(*grads, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-11)


def test_first_actions_are_small():
    torch.manual_seed(0)
    net = MessagePassing(MessagePassingConfig(context_dim=5, state_dim=4))
    _, batch, observation, context = _inputs()
    means, values = net(observation.float(), context.float(), batch)
    assert means.abs().max() < 0.1 < values.abs().max()
