"""The weights of networks and the state of optimizers, as arrays for checkpoint files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray


def network_arrays(network: torch.nn.Module, *, prefix: str) -> dict[str, NDArray[Any]]:
    """Parameters of a network by ``prefix.name``. A shared parameter occurs once.

    On the CPU the arrays are the parameters themselves, not copies.

    Args:
        network: The network.
        prefix: First part of each name.

    Examples:
        >>> list(network_arrays(torch.nn.Linear(2, 1), prefix="network"))
        ['network.weight', 'network.bias']
    """
    return {f"{prefix}.{name}": _array(weight) for name, weight in network.named_parameters()}


def restore_network(
    network: torch.nn.Module, arrays: Mapping[str, NDArray[Any]], *, prefix: str
) -> None:
    """Restore the parameters that :func:`network_arrays` returned.

    Args:
        network: Network of the same shape.
        arrays: Arrays of a checkpoint.
        prefix: First part of the names.

    Examples:
        >>> old, new = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
        >>> restore_network(new, network_arrays(old, prefix="network"), prefix="network")
        >>> bool((new.weight == old.weight).all())
        True
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.tensor(arrays[f"{prefix}.{name}"]))


def optimizer_arrays(optimizer: torch.optim.Optimizer, *, prefix: str) -> dict[str, NDArray[Any]]:
    """State of an optimizer by ``prefix.number.name``, with the number of the parameter.

    Args:
        optimizer: The optimizer.
        prefix: First part of each name.
    """
    return {
        f"{prefix}.{number}.{name}": _array(torch.as_tensor(value))
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, arrays: Mapping[str, NDArray[Any]], *, prefix: str
) -> None:
    """Restore the state that :func:`optimizer_arrays` returned.

    Args:
        optimizer: Optimizer of the same parameters.
        arrays: Arrays of a checkpoint.
        prefix: First part of the names.
    """
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, array in arrays.items():
        if key.startswith(prefix + "."):
            number, name = key[len(prefix) + 1 :].split(".")
            state.setdefault(int(number), {})[name] = torch.tensor(array)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    return tensor.detach().cpu().numpy()
