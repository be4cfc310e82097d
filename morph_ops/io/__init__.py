"""Files of bodies: MJCF, URDF, JSON, and GraphML in and out.

:func:`read_body` and :func:`write_body` choose the format by the file's extension. JSON and
GraphML keep every digit and every order of a body, and so does MJCF
(:mod:`morph_ops.io.mjcf`), which also reads the files of other programs. URDF
(:mod:`morph_ops.io.urdf`) is for other programs and keeps what it can. Files are written
atomically: a reader sees the old file or the new one, never a part.

Only MJCF and URDF need MuJoCo. This package imports it when such a file is read or written, and
not before.

Examples:
    >>> import numpy as np
    >>> from morph_ops.identity import is_same
    >>> from morph_ops.sampling import sample_body
    >>> body = sample_body(np.random.default_rng(0))
    >>> is_same(from_json(to_json(body)), body)
    True
"""

from morph_ops.io.files import ROBOT_EXTENSIONS, read_body, robot_files, write_body
from morph_ops.io.graphml_file import from_graphml, read_graphml, to_graphml, write_graphml
from morph_ops.io.json_file import from_json, read_json, to_json, write_json
from morph_ops.io.schema import from_dict, to_dict

__all__ = [
    "ROBOT_EXTENSIONS",
    "from_dict",
    "from_graphml",
    "from_json",
    "read_body",
    "read_graphml",
    "read_json",
    "robot_files",
    "to_dict",
    "to_graphml",
    "to_json",
    "write_body",
    "write_graphml",
    "write_json",
]
