"""What a controller sees: state, context, and where each number lies.

``layout`` maps MuJoCo's flat arrays to one row a body with two joint slots a row;
``state`` reads what changes each control step; ``context`` what is constant for a body.
``view`` is what a teacher sees beside the state, ``clock`` what a network may hear of the time.
``STATE``, ``CONTEXT`` and ``VIEW`` list every number with its name and unit.
"""

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC, clock_features
from hyperdistill_core.features.context import CONTEXT, ContextKind, context_dim, context_features
from hyperdistill_core.features.layout import BodyLayout, Feature
from hyperdistill_core.features.privileged import (
    BUILD_DIM,
    VIEW,
    VIEW_DIM,
    limb_builds,
    limb_tips,
    limb_view,
    rotate,
)
from hyperdistill_core.features.state import STATE, STATE_DIM, StateReader

__all__ = [
    "BUILD_DIM",
    "CONTEXT",
    "NUMBERS_PER_HARMONIC",
    "STATE",
    "STATE_DIM",
    "VIEW",
    "VIEW_DIM",
    "BodyLayout",
    "ContextKind",
    "Feature",
    "StateReader",
    "clock_features",
    "context_dim",
    "context_features",
    "limb_builds",
    "limb_tips",
    "limb_view",
    "rotate",
]
