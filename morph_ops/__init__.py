"""Robot bodies as genomes: kinematic trees to sample, vary, compare, read and write.

A body is a plain networkx graph, a tree of frozen records in physical units; any script
can hold, copy and search such graphs without the rest of this project. The way through:

    sample or read a body -> vary it -> build the MuJoCo model -> compare, write

- :mod:`morph_ops.graph`: the vocabulary: ``Torso``, ``Limb``, ``Joint`` and the tree.
- :mod:`morph_ops.geometry`: rest pose, mirror twins, growth sites.
- :mod:`morph_ops.validity.contacts`: what touches in the rest pose, and the contact excludes.
- :mod:`morph_ops.space`: the UNIMAL space: ranges, grids, limits; starting bodies.
- :mod:`morph_ops.unimal`: what a limb is on the grids of that space.
- :mod:`morph_ops.validity.invariants`: named invariants, each with its message.
- :mod:`morph_ops.operators`: mutations and crossover, each graph in, new graph out.
- :mod:`morph_ops.identity`: canonical form, hash, and a distance between bodies.
- :mod:`morph_ops.io.json_file` and :mod:`morph_ops.io.graphml_file`: exact text forms of a body.
- :mod:`morph_ops.io.mjcf`: MJCF files and MuJoCo models; alone needs MuJoCo.
- :mod:`morph_ops.io.files`: reading and writing by a file's extension.

Example:
    >>> from morph_ops import BodyError, read_body
    >>> try:
    ...     read_body("dog.stl")
    ... except BodyError as error:
    ...     print(error)
    dog.stl: no body format has the extension '.stl'; extensions: .xml, .mjcf, .json, .graphml
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from morph_ops.errors import BodyError, OperatorError, UnknownNameError

if TYPE_CHECKING:
    from morph_ops.graph import Joint, Limb, Torso
    from morph_ops.io.files import read_body, write_body

__all__ = [
    "BodyError",
    "Joint",
    "Limb",
    "OperatorError",
    "Torso",
    "UnknownNameError",
    "read_body",
    "write_body",
]

# These names are imported at first use, so that the error classes alone do not load networkx.
_LAZY = {
    "Joint": "morph_ops.graph",
    "Limb": "morph_ops.graph",
    "Torso": "morph_ops.graph",
    "read_body": "morph_ops.io.files",
    "write_body": "morph_ops.io.files",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
