"""Networks, pure torch and numpy: they know features as numbers, no bodies and no physics.

``hypernetwork`` makes a body's own small network from its context; ``mlp`` runs that
network on numpy arrays; ``message_passing`` is a teacher that shares its weights over
limbs, in the packed layout of ``trees``; ``transformer`` is the layer that context encoders
are made of; ``cost`` counts parameters and multiply-adds of them all.
"""

from hyperdistill_core.nets.cost import (
    Cost,
    body_mlp_cost,
    generated_cost,
    hypernetwork_cost,
    message_passing_cost,
    transformer_block_cost,
    transformer_cost,
)
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, HypernetConfig, Hypernetwork
from hyperdistill_core.nets.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.mlp import BodyMLP, Normalisation
from hyperdistill_core.nets.transformer import TransformerBlock
from hyperdistill_core.nets.trees import TreeBatch, Trees

__all__ = [
    "BodyMLP",
    "Cost",
    "GeneratedWeights",
    "HypernetConfig",
    "Hypernetwork",
    "MessagePassing",
    "MessagePassingConfig",
    "Normalisation",
    "TransformerBlock",
    "TreeBatch",
    "Trees",
    "body_mlp_cost",
    "generated_cost",
    "hypernetwork_cost",
    "message_passing_cost",
    "transformer_block_cost",
    "transformer_cost",
]
