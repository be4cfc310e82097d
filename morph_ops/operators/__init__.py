"""Operators: DERL's seven mutations of a body, one of robots from elsewhere, and a crossover.

An operator is a pure function: a body and a :class:`numpy.random.Generator` go in, and a new
body comes out. The input stays untouched, and the same generator state gives the same child.
Each operator keeps every invariant that the parent keeps (:mod:`morph_ops.validity`),
recomputes contact excludes and rest height, and raises :class:`OperatorError` if it finds no
valid child in 50 attempts.

| operator | change |
|---|---|
| grow_limb | adds one limb, or one mirrored pair |
| delete_limb | removes one outermost limb, with its twin |
| limb_params | changes height and radius of a limb and its twin |
| dof | changes which hinges one limb pair has, or all limbs |
| joint_angle | changes the ranges of the hinges of one limb pair, or of all |
| gear | changes the gears of the motors of one limb pair, or of all |
| density | changes the density of the torso, and the one that all limbs share |
| scale_own | changes size, torque or density of an own node of a robot from elsewhere |
| limb_length | makes a limb and its twin a little longer or shorter, in spaces with fine steps |

Operators change imported bodies like sampled ones: they derive all that they need from
physical values, and what they do not change keeps every digit. An imported robot that stands
at another height moves to its rest height with its first operator.

The first seven are those of Gupta 2021; the others and the crossover are part of this project.

Examples:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> rng = np.random.default_rng(1)
    >>> body = sample_body(rng)
    >>> child, name = mutate(body, rng, rates={"gear": 1.0})
    >>> name
    'gear'
"""

from morph_ops.errors import OperatorError
from morph_ops.operators.common import Operator
from morph_ops.operators.crossover import crossover
from morph_ops.operators.delete import delete_limb
from morph_ops.operators.density import density
from morph_ops.operators.grow import grow_limb
from morph_ops.operators.joint import dof, gear, joint_angle
from morph_ops.operators.limb import limb_length, limb_params
from morph_ops.operators.mutation import OPERATORS, mutate
from morph_ops.operators.scale import scale_own

__all__ = [
    "OPERATORS",
    "Operator",
    "OperatorError",
    "crossover",
    "delete_limb",
    "density",
    "dof",
    "gear",
    "grow_limb",
    "joint_angle",
    "limb_length",
    "limb_params",
    "mutate",
    "scale_own",
]
