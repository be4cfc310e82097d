"""Weights and the state of optimizers go through checkpoint files unchanged."""

from __future__ import annotations

import torch

from hyperdistill_core.training.network_state import (
    network_arrays,
    optimizer_arrays,
    restore_network,
    restore_optimizer,
)


def _trained(steps: int) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(steps):
        network(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    return network, optimizer


def test_a_restored_network_and_optimizer_continue_alike():
    network, optimizer = _trained(3)
    arrays = network_arrays(network, prefix="network")
    arrays |= optimizer_arrays(optimizer, prefix="optimizer")
    arrays = {name: array.copy() for name, array in arrays.items()}
    again, its_optimizer = _trained(1)
    restore_network(again, arrays, prefix="network")
    restore_optimizer(its_optimizer, arrays, prefix="optimizer")
    for each, its in ((network, optimizer), (again, its_optimizer)):
        its.zero_grad()
        each(torch.ones(1, 2)).sum().backward()
        its.step()
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, again.get_parameter(name))
