"""Robot bodies as genomes: kinematic trees to sample, vary, compare, read, and write.

A body is a plain networkx graph: a tree of frozen records in physical units. Any script can
hold, copy, and search such graphs without the rest of this project.

    sample or read a body -> vary it -> compare it -> build the MuJoCo model, or write a file

- :mod:`morph_ops.graph`: the vocabulary: ``Torso``, ``Limb``, ``Joint``, and the tree.
- :mod:`morph_ops.space`: the UNIMAL space: ranges, grids, and limits.
- :mod:`morph_ops.sampling`: random starting bodies.
- :mod:`morph_ops.operators`: mutations and crossover; a graph in, a new graph out.
- :mod:`morph_ops.validity`: named invariants, each with its message; contacts.
- :mod:`morph_ops.identity`: canonical form, hash, distance, and diff.
- :mod:`morph_ops.locks`: nodes that no operator may change.
- :mod:`morph_ops.geometry`, :mod:`morph_ops.unimal`, and :mod:`morph_ops.grid`: rest pose,
  mirror images, and growth sites.
- :mod:`morph_ops.io`: files: MJCF, JSON, and GraphML. Only MJCF needs MuJoCo.
- :mod:`morph_ops.errors`: the errors that callers may catch.

Examples:
    >>> import numpy as np
    >>> from morph_ops import sample_body
    >>> from morph_ops.operators import mutate
    >>> rng = np.random.default_rng(0)
    >>> child, operator = mutate(sample_body(rng), rng)
    >>> operator
    'delete_limb'
"""

from typing import TYPE_CHECKING

from morph_ops._lazy_names import lazy_names
from morph_ops.errors import BodyError, MjcfError, OperatorError, UnknownNameError

if TYPE_CHECKING:
    from morph_ops.graph import Joint, Limb, Torso
    from morph_ops.io.files import read_body, write_body
    from morph_ops.sampling import sample_body

__all__ = [
    "BodyError",
    "Joint",
    "Limb",
    "MjcfError",
    "OperatorError",
    "Torso",
    "UnknownNameError",
    "read_body",
    "sample_body",
    "write_body",
]

# These names are imported at first use, so that importing the errors does not load networkx.
_MODULE_OF = {
    "Joint": "morph_ops.graph",
    "Limb": "morph_ops.graph",
    "Torso": "morph_ops.graph",
    "read_body": "morph_ops.io.files",
    "sample_body": "morph_ops.sampling",
    "write_body": "morph_ops.io.files",
}

__getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
