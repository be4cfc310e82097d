"""Classes of motors, and how a print scales what they must give."""

from __future__ import annotations

from typing import NamedTuple

from codesign.exporting.assembly.loads import JointLoad

#: A motor can give a share of its peak torque without end: a third, as a rule of thumb.
CONTINUOUS_SHARE = 1.0 / 3.0


class MotorClass(NamedTuple):
    """A class of motors.

    Attributes:
        name: What such motors are called.
        torque_nm: Largest peak torque (N m).
        speed_rad_s: Largest speed (rad/s).
    """

    name: str
    torque_nm: float
    speed_rad_s: float


#: The classes, weakest first.
MOTOR_CLASSES = (
    MotorClass("micro servo", 0.2, 10.0),
    MotorClass("standard servo", 1.5, 8.0),
    MotorClass("large servo or small geared BLDC", 6.0, 10.0),
    MotorClass("quasi-direct-drive BLDC", 30.0, 30.0),
)
#: What a joint needs that no class has.
NO_CLASS = "no hobby class"


def motor_class(load: JointLoad) -> str:
    """The first class that has the torque and the speed of a joint.

    Args:
        load: The load of the joint.

    Examples:
        >>> motor_class(JointLoad(peak_nm=0.9, rms_nm=0.3, speed_rad_s=4.0))
        'standard servo'
        >>> motor_class(JointLoad(peak_nm=0.9, rms_nm=0.3, speed_rad_s=20.0))
        'quasi-direct-drive BLDC'
        >>> motor_class(JointLoad(peak_nm=150.0, rms_nm=90.0, speed_rad_s=4.0))
        'no hobby class'
    """
    torque = max(load.peak_nm, load.rms_nm / CONTINUOUS_SHARE)
    for one in MOTOR_CLASSES:
        if torque <= one.torque_nm and load.speed_rad_s <= one.speed_rad_s:
            return one.name
    return NO_CLASS


def scaled(load: JointLoad, scale: float) -> JointLoad:
    """The load of a joint of a similar robot of another size and equal density, under gravity.

    Lengths scale by ``scale``, masses by its cube, torques by its fourth power, and speeds by one
    over its square root.

    Args:
        load: The load at full size.
        scale: Size as a share of the full one.

    Examples:
        >>> scaled(JointLoad(peak_nm=160.0, rms_nm=80.0, speed_rad_s=4.0), 0.25)
        JointLoad(peak_nm=0.625, rms_nm=0.3125, speed_rad_s=8.0)
    """
    return JointLoad(
        peak_nm=load.peak_nm * scale**4,
        rms_nm=load.rms_nm * scale**4,
        speed_rad_s=load.speed_rad_s / scale**0.5,
    )
