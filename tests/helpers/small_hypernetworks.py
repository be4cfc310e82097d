"""Small hypernetworks with random weights, and their inputs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork

SMALL: dict[str, Any] = {"context_dim": 6, "state_dim": 5, "embed": 8, "feedforward": 12}
#: Settings of a height field.
TERRAIN: dict[str, Any] = {"hidden": 9, "terrain_dim": 6, "terrain_embed": 4}


def small_hypernetwork(**options: Any) -> Hypernetwork:
    """A hypernetwork in float64 whose weights are all random."""
    torch.manual_seed(1)
    net = Hypernetwork(HypernetConfig(**SMALL, **options)).double().eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net


def small_inputs(bodies: int = 3, nodes: int = 4) -> tuple[Tensor, Tensor]:
    """Contexts (bodies, nodes, 6) and states (bodies, 7, nodes, 5)."""
    generator = torch.Generator().manual_seed(2)
    context = torch.randn(bodies, nodes, 6, dtype=torch.float64, generator=generator)
    states = torch.randn(bodies, 7, nodes, 5, dtype=torch.float64, generator=generator)
    return context, states
