"""Controllers: a checkpoint in, a network for any body out.

    controller = Controller.load("flat-v2")                       # one of available(), or a file
    policy = controller.for_body(graph, task.model(graph))        # the body's own small network
    controls = policy.act(states, time=0.0)

``select_variant`` finds the variant of a controller that moves a body best, and
``TrainingDistribution`` says where a body lies outside what the controller was trained on.
Names are loaded on first use: ``available`` and ``ControllerError`` need no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hyperdistill_core.controller.checkpoints import ControllerError, available

if TYPE_CHECKING:
    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.controller.halving import select_variant
    from hyperdistill_core.controller.training_distribution import TrainingDistribution

__all__ = ["Controller", "ControllerError", "TrainingDistribution", "available", "select_variant"]

_LAZY = {
    "Controller": "controller",
    "TrainingDistribution": "training_distribution",
    "select_variant": "halving",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
