"""Geometry of a body in its rest pose: frames, mirror images, and masses.

A graph stores frames and capsules. This package derives the rest from them. It never reads
names, so imported bodies work like sampled ones. What a limb is in terms of the UNIMAL grid is
in :mod:`morph_ops.unimal`. All lengths are in meters.

- :mod:`~morph_ops.geometry.rotations`: quaternions and rotation matrices.
- :mod:`~morph_ops.geometry.frames`: forward kinematics, and canonical frames.
- :mod:`~morph_ops.geometry.mirror`: the mirror image of every limb.
- :mod:`~morph_ops.geometry.masses`: masses, center of mass, and size.

Examples:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> limb_groups(sample_body(np.random.default_rng(11)))
    [('limb/0',), ('limb/1', 'limb/2')]
"""

from morph_ops.geometry.frames import TOLERANCE, Frames, canonical_frames, rest_frames
from morph_ops.geometry.masses import center_of_mass, density, extent, mass, total_mass
from morph_ops.geometry.mirror import MIRROR, limb_groups, twins
from morph_ops.geometry.rotations import quaternion, rotation

__all__ = [
    "MIRROR",
    "TOLERANCE",
    "Frames",
    "canonical_frames",
    "center_of_mass",
    "density",
    "extent",
    "limb_groups",
    "mass",
    "quaternion",
    "rest_frames",
    "rotation",
    "total_mass",
    "twins",
]
