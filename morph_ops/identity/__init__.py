"""Identity of bodies: which bodies are equal, and how different two bodies are.

- :func:`canonical` and :func:`body_hash` describe a body itself, not the way it is written:
  names, the order of limbs, and float noise do not count.
- :func:`body_plan_hash` also leaves out densities, gears, and joint ranges.
- :func:`distance` is a metric between bodies, for novelty search and clustering.
- :func:`diff` lists what operators changed in a parent to make its child.
- :func:`is_same` is the strict comparison of names, order, and every digit; bodies that are
  written to a file and read again are the same.

Examples:
    >>> from morph_ops.graph import Torso, new_body
    >>> body = new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0))
    >>> other = new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0), name="trunk")
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
