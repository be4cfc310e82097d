"""Validity of bodies: what every body must satisfy, and what the UNIMAL space adds.

:func:`require_well_formed` refuses a graph that is no body at all. The *invariants* are the
stricter rules of a design space; :data:`CHECKS` names them, and :func:`violations` says in
words which of them a body breaks. Contacts in the rest pose, and the contact excludes that
follow from them, are in :mod:`morph_ops.validity.contacts`.

Examples:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> body = sample_body(np.random.default_rng(0))
    >>> violations(body)
    []
    >>> is_valid(body)
    True
"""

from morph_ops.validity.checks import Check, Violation
from morph_ops.validity.contacts import exclude_touching, touching
from morph_ops.validity.invariants import (
    CHECKS,
    find_violations,
    is_valid,
    new_violations,
    violations,
)
from morph_ops.validity.own_physics import keeps_own_nodes
from morph_ops.validity.suspicions import suspicions
from morph_ops.validity.wellformed import require_well_formed

__all__ = [
    "CHECKS",
    "Check",
    "Violation",
    "exclude_touching",
    "find_violations",
    "is_valid",
    "keeps_own_nodes",
    "new_violations",
    "require_well_formed",
    "suspicions",
    "touching",
    "violations",
]
