"""Limbs in terms of the UNIMAL space: direction, height, growth site, and hinge axes.

A graph stores physical values. The functions here find the grid values that physical values
stand for, and compute physical values from grid values. Between the two lies the rounding to
1 cm: a direction or a height counts as the nearest one of the space if that is near, and
stays as it is otherwise, as in many imported robots. All lengths are in meters.

- :mod:`~morph_ops.unimal.pose`: the rest pose with the directions of all limbs.
- :mod:`~morph_ops.unimal.dimensions`: height, hinge axes, and anchors of one limb.
- :mod:`~morph_ops.unimal.growth`: the sites where limbs grow.
- :mod:`~morph_ops.unimal.clearance`: the height at which a body rests.

Examples:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> body = sample_body(np.random.default_rng(11))
    >>> attachment(body, Pose.of(body), "limb/1")
    Site(parent='limb/0', place='end')
"""

from morph_ops.unimal.clearance import at_rest_height, rest_height
from morph_ops.unimal.dimensions import SNAP, anchor, axis_share, height, joint_axis, resized
from morph_ops.unimal.growth import (
    Place,
    Site,
    attachment,
    in_mirror_plane,
    limb_origin,
    runs_inside,
    site_position,
    sites,
)
from morph_ops.unimal.pose import SNAP_DIRECTION, Pose

__all__ = [
    "SNAP",
    "SNAP_DIRECTION",
    "Place",
    "Pose",
    "Site",
    "anchor",
    "at_rest_height",
    "attachment",
    "axis_share",
    "height",
    "in_mirror_plane",
    "joint_axis",
    "limb_origin",
    "resized",
    "rest_height",
    "runs_inside",
    "site_position",
    "sites",
]
