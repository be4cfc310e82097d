"""Which bodies are the same, and how far apart two bodies are.

:func:`canonical` and :func:`body_hash` see what a body is, not how it is written down:
names, the order of limbs and float noise do not count. :func:`distance` is a metric over
bodies for novelty and clustering. :func:`is_same` is the strict comparison, names,
order and every digit included, that round trips through files keep. :func:`diff` tells
what became of a parent in its child.

Example:
    >>> from morph_ops.graph import Torso, new_body
    >>> body = new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0))
    >>> other = new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0), name="head")
    >>> body_hash(body) == body_hash(other), is_same(body, other)
    (True, False)
    >>> distance(body, other)
    0.0
"""

from morph_ops.identity.body_diff import diff
from morph_ops.identity.body_distance import BodyFeatures, body_features, distance
from morph_ops.identity.body_plan import body_plan_hash
from morph_ops.identity.canonical_form import body_hash, canonical, is_same

__all__ = [
    "BodyFeatures",
    "body_features",
    "body_hash",
    "body_plan_hash",
    "canonical",
    "diff",
    "distance",
    "is_same",
]
