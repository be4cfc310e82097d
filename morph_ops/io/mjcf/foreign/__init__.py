"""Robots from elsewhere: any MJCF or URDF robot that can walk, with its own physics.

    file --loading--> compiled model --robot--> parts --tree--> nodes --physics_text--> MJCF text

The body that comes out has two sides. Its nodes are capsules on hinges, as a controller sees it.
Its physics (:class:`~morph_ops.graph.Physics`) is the robot's own: geoms, meshes, masses, contacts
and actuators, in frames that fit the nodes.
"""

from morph_ops.io.mjcf.foreign.reading import read_foreign

__all__ = ["read_foreign"]
