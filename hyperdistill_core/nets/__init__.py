"""Networks, pure torch and numpy: they know features as numbers, no bodies and no physics.

``hypernetwork`` makes a body's own small network from its context; ``mlp`` runs that
network on numpy arrays. Teachers take and give the packed layout of ``trees``:
``message_passing`` along the limbs of a body, ``transformer_teacher`` as published,
``modumorph``, whose ends and attention the context decides, and ``generalist``, a
hypernetwork that learns without a teacher. ``transformer`` holds the layers that context
encoders and teachers are made of; ``cost`` counts parameters and multiply-adds of them all.
"""

from hyperdistill_core.nets.cost import (
    Cost,
    body_mlp_cost,
    generated_cost,
    hypernetwork_cost,
    message_passing_cost,
    modumorph_context_cost,
    modumorph_step_cost,
    transformer_block_cost,
    transformer_cost,
)
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import BodyMLP, Normalization
from hyperdistill_core.nets.teachers.generalist import Generalist, GeneralistConfig
from hyperdistill_core.nets.teachers.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.teachers.modumorph import ModuMorph, ModuMorphConfig
from hyperdistill_core.nets.teachers.transformer_teacher import (
    TransformerTeacher,
    TransformerTeacherConfig,
)
from hyperdistill_core.nets.transformer import TransformerBlock
from hyperdistill_core.nets.trees import TreeBatch, Trees

__all__ = [
    "BodyMLP",
    "Cost",
    "Generalist",
    "GeneralistConfig",
    "GeneratedWeights",
    "HypernetConfig",
    "Hypernetwork",
    "MessagePassing",
    "MessagePassingConfig",
    "ModuMorph",
    "ModuMorphConfig",
    "Normalization",
    "TransformerBlock",
    "TransformerTeacher",
    "TransformerTeacherConfig",
    "TreeBatch",
    "Trees",
    "body_mlp_cost",
    "generated_cost",
    "hypernetwork_cost",
    "message_passing_cost",
    "modumorph_context_cost",
    "modumorph_step_cost",
    "transformer_block_cost",
    "transformer_cost",
]
