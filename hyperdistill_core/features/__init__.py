"""What a controller sees: state, context, and where each number lies.

``layout`` maps MuJoCo's flat arrays to one row a body with two joint slots a row;
``state`` reads what changes each control step; ``context`` what is constant for a body.
``STATE`` and ``CONTEXT`` list every number with its name and unit.
"""

from hyperdistill_core.features.context import CONTEXT, ContextKind, context_dim, context_features
from hyperdistill_core.features.layout import BodyLayout, Feature
from hyperdistill_core.features.state import STATE, STATE_DIM, StateReader

__all__ = [
    "CONTEXT",
    "STATE",
    "STATE_DIM",
    "BodyLayout",
    "ContextKind",
    "Feature",
    "StateReader",
    "context_dim",
    "context_features",
]
