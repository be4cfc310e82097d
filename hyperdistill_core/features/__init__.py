"""Inputs of controllers: state, context, and the place of each number.

``layout`` maps the flat arrays of MuJoCo to one row for each node of a body, with two joint slots
in a row. ``state`` reads what changes at each control step, and ``context`` what is constant for
a body. ``privileged`` adds to the state what follows from it and from constants of the node, for
teachers. ``clock_phase`` computes an input that depends on time alone.

:data:`STATE`, :data:`CONTEXT` and :data:`PRIVILEGED` list every number of a node with its name
and its unit.
"""

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC, clock_phase
from hyperdistill_core.features.context import (
    CONTEXT,
    ContextKind,
    context_dim,
    context_features,
    context_kind,
)
from hyperdistill_core.features.layout import BodyLayout, Feature
from hyperdistill_core.features.privileged import (
    NODE_CONSTANTS_DIM,
    PRIVILEGED,
    PRIVILEGED_DIM,
    node_constants,
    privileged_observation,
    rotate,
)
from hyperdistill_core.features.state import STATE, STATE_DIM, StateReader

__all__ = [
    "CONTEXT",
    "NODE_CONSTANTS_DIM",
    "NUMBERS_PER_HARMONIC",
    "PRIVILEGED",
    "PRIVILEGED_DIM",
    "STATE",
    "STATE_DIM",
    "BodyLayout",
    "ContextKind",
    "Feature",
    "StateReader",
    "clock_phase",
    "context_dim",
    "context_features",
    "context_kind",
    "node_constants",
    "privileged_observation",
    "rotate",
]
