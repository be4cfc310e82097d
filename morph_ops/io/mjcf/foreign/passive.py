"""Damping and armature of joints and tendons, with what their actuators add to them.

MuJoCo multiplies those of an actuator by the square of its gear and adds them to its joint or
tendon, whether the actuator is switched off or not. So the text of a robot has the sums: an
actuator that no action drives keeps them, and the controller sees them at the joint.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.foreign.robot import gear_of

__all__ = ["joint_passive", "tendon_passive"]

_ON_JOINTS = (int(mujoco.mjtTrn.mjTRN_JOINT), int(mujoco.mjtTrn.mjTRN_JOINTINPARENT))
_ON_TENDONS = (int(mujoco.mjtTrn.mjTRN_TENDON),)


def joint_passive(model: mujoco.MjModel, joint: int) -> tuple[NDArray[np.float64], float]:
    """Damping and armature of a joint.

    Args:
        model: The compiled model.
        joint: Id of the joint.

    Returns:
        (3,) coefficients of the damping for the first, second and third power of the velocity (the
        first one in N m s/rad for a hinge), and the armature (kg m^2 for a hinge).
    """
    dof = int(model.jnt_dofadr[joint])
    own = np.array([model.dof_damping[dof], *model.dof_dampingpoly[dof]])
    damping, armature = _added(model, joint, _ON_JOINTS)
    return own + damping, float(model.dof_armature[dof]) + armature


def tendon_passive(model: mujoco.MjModel, tendon: int) -> tuple[NDArray[np.float64], float]:
    """Damping and armature of a tendon.

    Args:
        model: The compiled model.
        tendon: Id of the tendon.

    Returns:
        (3,) coefficients of the damping for the first, second and third power of the velocity (the
        first one in N s/m for a spatial tendon), and the armature (kg for a spatial tendon).
    """
    own = np.array([model.tendon_damping[tendon], *model.tendon_dampingpoly[tendon]])
    damping, armature = _added(model, tendon, _ON_TENDONS)
    return own + damping, float(model.tendon_armature[tendon]) + armature


def _added(
    model: mujoco.MjModel, target: int, transmissions: tuple[int, ...]
) -> tuple[NDArray[np.float64], float]:
    damping, armature = np.zeros(3), 0.0
    for actuator, kind in enumerate(model.actuator_trntype.tolist()):
        if kind in transmissions and int(model.actuator_trnid[actuator, 0]) == target:
            square = float(gear_of(model, actuator)[0]) ** 2
            own = [model.actuator_damping[actuator], *model.actuator_dampingpoly[actuator]]
            damping += square * np.array(own)
            armature += square * float(model.actuator_armature[actuator])
    return damping, armature
