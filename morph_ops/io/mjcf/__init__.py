"""MJCF files of bodies, and MuJoCo models of them.

    file --read--> body --to_model--> MjModel
                    |  ^----- from_xml -----
                    +--write / to_xml--> file

Everything here works on bare bodies: a sphere on a free joint, capsule limbs on hinges, and
one motor for each hinge. The world around a body belongs to a task, so reading drops it.
This is the only part of :mod:`morph_ops` that needs MuJoCo.

Examples:
    >>> import numpy as np
    >>> from morph_ops.identity import is_same
    >>> from morph_ops.sampling import sample_body
    >>> body = sample_body(np.random.default_rng(0))
    >>> is_same(from_xml(to_xml(body)), body)
    True
    >>> to_model(body).nbody == len(body) + 1
    True
"""

from morph_ops.errors import MjcfError
from morph_ops.io.mjcf.build import PHYSICS_STEP_S, compile_spec, to_model, to_spec
from morph_ops.io.mjcf.read import from_xml, read
from morph_ops.io.mjcf.write import to_xml, write

__all__ = [
    "PHYSICS_STEP_S",
    "MjcfError",
    "compile_spec",
    "from_xml",
    "read",
    "to_model",
    "to_spec",
    "to_xml",
    "write",
]
