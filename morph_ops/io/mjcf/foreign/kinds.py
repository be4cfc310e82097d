"""Kinds of geoms that have a volume, as MuJoCo's numbers."""

from __future__ import annotations

import mujoco

__all__ = ["BOX", "CAPSULE", "CYLINDER", "ELLIPSOID", "MESH", "SPHERE"]

SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH = (
    int(kind)
    for kind in (
        mujoco.mjtGeom.mjGEOM_SPHERE,
        mujoco.mjtGeom.mjGEOM_CAPSULE,
        mujoco.mjtGeom.mjGEOM_ELLIPSOID,
        mujoco.mjtGeom.mjGEOM_CYLINDER,
        mujoco.mjtGeom.mjGEOM_BOX,
        mujoco.mjtGeom.mjGEOM_MESH,
    )
)
