"""What a controller sees: state, context, and where each number lies.

``layout`` maps MuJoCo's flat arrays to one row a body with two joint slots a row;
``state`` reads what changes each control step; ``context`` what is constant for a body.
``view`` is what a teacher sees beside the state, ``clock`` what a network may hear of the time.
``STATE``, ``CONTEXT`` and ``PRIVILEGED`` list every number with its name and unit.
"""

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC, clock_phase
from hyperdistill_core.features.context import CONTEXT, ContextKind, context_dim, context_features
from hyperdistill_core.features.layout import BodyLayout, Feature
from hyperdistill_core.features.privileged import (
    LIMB_CONSTANTS_DIM,
    PRIVILEGED,
    PRIVILEGED_DIM,
    limb_constants,
    node_tips,
    privileged_observation,
    rotate,
)
from hyperdistill_core.features.state import STATE, STATE_DIM, StateReader

__all__ = [
    "LIMB_CONSTANTS_DIM",
    "CONTEXT",
    "NUMBERS_PER_HARMONIC",
    "STATE",
    "STATE_DIM",
    "PRIVILEGED",
    "PRIVILEGED_DIM",
    "BodyLayout",
    "ContextKind",
    "Feature",
    "StateReader",
    "clock_phase",
    "context_dim",
    "context_features",
    "limb_constants",
    "node_tips",
    "privileged_observation",
    "rotate",
]
