"""URDF files of bodies, for tool chains that know no MJCF.

    body --to_model--> MjModel --links_of--> links with one joint each --to_urdf--> text and meshes

A link of URDF has one joint with one axis, so a node with several hinges becomes several links.
The numbers come from the compiled model: links have the true inertials of the nodes, also of a
robot from elsewhere. Reading is the business of :mod:`morph_ops.io.mjcf`, because MuJoCo parses
URDF.

    links   the links and joints of a model
    shapes  geoms as URDF geometry, and the meshes of those that URDF has no word for
    write   text and files

Examples:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> document = to_urdf(sample_body(np.random.default_rng(0)), name="walker")
    >>> document.text.splitlines()[1]
    '<robot name="walker">'
"""

from morph_ops.io.urdf.write import UrdfDocument, to_urdf, write

__all__ = ["UrdfDocument", "to_urdf", "write"]
