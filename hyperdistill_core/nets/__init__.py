"""Networks in pure torch and numpy, without bodies and without physics.

``hypernetwork`` generates the small network of a body from its context, and ``mlp`` runs that
network on numpy arrays. ``teachers`` holds all kinds of teachers behind one interface; they take
padded bodies, described by ``bodies``. ``trees`` is the packed layout of message passing.
``transformer`` has the layers of context encoders and of teachers, ``config`` what all settings
share, and ``cost`` counts the parameters and multiply-adds of the networks.
"""

from hyperdistill_core.nets.bodies import BodyTensors
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
from hyperdistill_core.nets.teachers import (
    TEACHERS,
    Generalist,
    GeneralistConfig,
    MessagePassing,
    MessagePassingConfig,
    ModuMorph,
    ModuMorphConfig,
    Specialists,
    SpecialistsConfig,
    Teacher,
    TeacherShape,
    TransformerTeacher,
    TransformerTeacherConfig,
    teacher_from_description,
)
from hyperdistill_core.nets.transformer import TransformerBlock
from hyperdistill_core.nets.trees import TreeBatch, Trees

__all__ = [
    "TEACHERS",
    "BodyMLP",
    "BodyTensors",
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
    "Specialists",
    "SpecialistsConfig",
    "Teacher",
    "TeacherShape",
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
    "teacher_from_description",
    "transformer_block_cost",
    "transformer_cost",
]
