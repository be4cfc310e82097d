"""Safe parsing of MJCF text: nothing is fetched, executed, or printed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Generator
from contextlib import contextmanager

import mujoco
import numpy as np

from morph_ops._messages import one_line, shown
from morph_ops.errors import MjcfError
from morph_ops.graph import SLOTS, Slot
from morph_ops.io._xml import (
    drop_user_data,
    parse_document,
    require_harmless,
    require_self_contained,
)

# Gravity of MuJoCo's models (m/s^2); some files have 9.8 or 9.80665.
_GRAVITY = (0.0, 0.0, -9.81)
_GRAVITY_TOLERANCE = 0.02
#: Physics steps of files that a body takes (s): that of UNIMAL, and MuJoCo's default.
_TIMESTEPS_S = (0.005, 0.002)
#: Options that a body has as MuJoCo has by default; others change no motion or are checked apart.
_OPTIONS = (
    "integrator",
    "cone",
    "solver",
    "impratio",
    "iterations",
    "tolerance",
    "ls_iterations",
    "ls_tolerance",
    "noslip_iterations",
    "disableactuator",
)
#: Numbers of a free joint in a pose, and angle (rad) that is none.
_FREE_NUMBERS, _ANGLE_TOLERANCE = 7, 1e-9

MUJOCO_ERRORS = (ValueError, mujoco.FatalError, mujoco.UnexpectedError)
"""The exceptions of MuJoCo for a model that it cannot load or compile."""

SLOT_TEXT = "slot/"
"""Prefix of the custom text that holds the slot of a joint whose name does not."""

CONTROLS_TEXT = "controls"
"""Custom text of a file whose control ranges and gears are kept as they are."""


def parse(text: str) -> mujoco.MjSpec:
    """MuJoCo's description of the robot in MJCF text, without the world around it.

    The function drops sensors, sites, cameras, lights, assets, keyframes, the geoms
    of the world, and contact excludes that name a body that is not in the file.

    Args:
        text: An MJCF document.

    Returns:
        The description, with default physics options.

    Raises:
        MjcfError: The text is broken XML, or no MJCF.
        MjcfError: The text refers to another file or a plugin.
        MjcfError: A number is not finite or too large, or a name would be read as a format.
        MjcfError: An option, a flag or a start pose in a keyframe differs from those of bodies.

    Examples:
        >>> parse('<mujoco><include file="robot.xml"/></mujoco>')
        Traceback (most recent call last):
        morph_ops.errors.MjcfError: <include> is not allowed: other files are not read; paste its \
content into this file
    """
    document = parse_document(text)
    require_self_contained(document)
    require_harmless(document)
    dropped = drop_user_data(document)
    if _order_motors(document) or dropped:
        text = ElementTree.tostring(document, encoding="unicode")
    with quiet():
        try:
            spec = mujoco.MjSpec.from_string(text)
        except MUJOCO_ERRORS as error:
            raise MjcfError(one_line(error)) from None
        _require_common_world(spec.option)
        _require_common_options(spec.option)
        _require_rest_start(spec)
        _strip(spec)
    return spec


@contextmanager
def quiet() -> Generator[None]:
    """Prevent MuJoCo from printing warnings, and from writing a log file into the folder."""
    before = mujoco.MjLogConfig.get()
    silent = mujoco.MjLogConfig.get()
    silent.logto_console = False
    silent.logto_file = False
    silent.set()
    try:
        yield
    finally:
        before.set()


def slot_of_name(joint: str) -> Slot | None:
    """The slot in a joint's name, which is ``limbx/...`` or ``limby/...``; None otherwise.

    Examples:
        >>> slot_of_name("limbx/3"), slot_of_name("knee")
        ('x', None)
    """
    return next((slot for slot in SLOTS if joint.startswith(f"limb{slot}/")), None)


def _order_motors(document: ElementTree.Element) -> bool:
    """Put motors into the order of their hinges; whether that moved any."""
    hinges = [
        joint.get("name") for world in document.iter("worldbody") for joint in world.iter("joint")
    ]
    places = {name: place for place, name in enumerate(hinges) if name is not None}
    groups = list(document.iter("actuator"))
    motors = [motor for group in groups for motor in group]
    ordered = sorted(motors, key=lambda motor: places.get(motor.get("joint", ""), len(hinges)))
    if ordered == motors:
        return False
    for group in groups:
        group[:] = []
    groups[0].extend(ordered)
    return True


def _require_common_world(option: mujoco.MjOption) -> None:
    """Refuse a world of its own, in which a body would move in another way."""
    fluid = option.density or option.viscosity or option.wind.any()
    if fluid or abs(option.gravity - _GRAVITY).max() > _GRAVITY_TOLERANCE:
        raise MjcfError("expected the gravity of the earth and no fluid, got a world of its own")


def _require_common_options(option: mujoco.MjOption) -> None:
    """Refuse options and flags with which a body would move in another way."""
    usual = mujoco.MjSpec().option
    if round(option.timestep, 9) not in _TIMESTEPS_S:
        raise MjcfError(
            f"<option timestep>: expected {' or '.join(map(str, _TIMESTEPS_S))} s, got "
            f"{option.timestep:g}"
        )
    for name in _OPTIONS:
        found, expected = np.asarray(getattr(option, name)), np.asarray(getattr(usual, name))
        if not np.array_equal(found, expected):
            raise MjcfError(f"<option {name}>: expected {expected}, got {found}")
    # Bodies exclude what may not touch, so this flag of UNIMAL's files says nothing more.
    if option.disableflags & ~int(mujoco.mjtDisableBit.mjDSBL_FILTERPARENT) or option.enableflags:
        raise MjcfError("<flag>: expected no flags but filterparent")


def _require_rest_start(spec: mujoco.MjSpec) -> None:
    """Refuse keyframes in which a hinge is not at zero: a body begins in its rest pose."""
    for key in spec.keys:
        angles = np.asarray(key.qpos)[_FREE_NUMBERS:]
        if np.abs(angles).max(initial=0.0) > _ANGLE_TOLERANCE:
            raise MjcfError(f"<key name={shown(key.name)}>: expected hinges at zero")


def _strip(spec: mujoco.MjSpec) -> None:
    for geom in spec.geoms:
        geom.material = ""
    # Sensors go before the sites and cameras that they refer to.
    for dropped in (
        spec.sensors,
        spec.sites,
        spec.cameras,
        spec.lights,
        spec.materials,
        spec.textures,
        spec.keys,
        spec.skins,
        spec.tuples,
        spec.numerics,
        spec.meshes,
        spec.hfields,
        spec.worldbody.geoms,
    ):
        for element in list(dropped):
            spec.delete(element)
    known = {body.name for body in spec.bodies} - {"world"}
    for pair in list(spec.excludes):
        if pair.bodyname1 not in known or pair.bodyname2 not in known:
            spec.delete(pair)
    spec.option = mujoco.MjSpec().option
