"""Notes on what of a robot's file its text does not keep: looks, and what is unknown here.

MuJoCo gets new attributes with each version. So all attributes of a file that differ from their
defaults are compared with those that are known, and nothing is lost without a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import mujoco
import numpy as np

from morph_ops._messages import noted
from morph_ops.io.mjcf.foreign.robot import ForeignRobot

__all__ = ["unkept_lines"]

#: Attributes of each kind of element that the text of a robot keeps, or that are names, looks, or
#: ways to give what it keeps. Those that only actuators have which no action drives count, too.
_KNOWN: Mapping[str, frozenset[str]] = {
    kind: frozenset(f"{names} id name info signature group rgba material".split())
    for kind, names in {
        "option": "timestep integrator cone jacobian solver gravity wind magnetic density viscosity"
        " impratio iterations tolerance ls_iterations ls_tolerance noslip_iterations"
        " noslip_tolerance ccd_iterations ccd_tolerance o_margin o_solref o_solimp"
        " o_friction disableflags enableflags disableactuator sdf_initpoints sdf_iterations",
        "body": "pos quat mass inertia ipos iquat fullinertia explicitinertial gravcomp childclass"
        " mocap simple",
        "joint": "type pos axis range limited margin ref springref springdamper stiffness damping"
        " armature frictionloss solref_limit solimp_limit solref_friction solimp_friction align"
        " actfrcrange actfrclimited actgravcomp",
        "geom": "type pos quat size fromto contype conaffinity condim priority friction solmix"
        " solref solimp margin gap adhesion surfacevel fluid_ellipsoid fluid_coefs mass density"
        " typeinertia meshname hfieldname fitscale",
        "actuator": "trntype target refsite slidersite cranklength gear gaintype gainprm biastype"
        " biasprm dyntype dynprm actdim actearly actlimited actrange ctrllimited ctrlrange ctrlspec"
        " velrange ffrange forcelimited forcerange lengthrange inheritrange damping armature delay"
        " nsample interp",
        "tendon": "limited range margin stiffness damping frictionloss armature springlength width"
        " solref_limit solimp_limit solref_friction solimp_friction actfrcrange actfrclimited",
        "equality": "type name1 name2 objtype data active solref solimp",
        "pair": "geomname1 geomname2 condim friction solref solreffriction solimp margin gap"
        " adhesion",
        "exclude": "bodyname1 bodyname2",
    }.items()
}


def unkept_lines(robot: ForeignRobot, spec: mujoco.MjSpec, looks: list[Any]) -> Iterator[str]:
    """A line for each kind of thing in a robot's file that its text does not keep.

    Args:
        robot: The robot.
        spec: What its model was compiled from.
        looks: Bodies of the geoms that were dropped before, as they are only looks.

    Yields:
        Lines of the import report.
    """
    dropped = sum(body.id in robot.own for body in looks)
    count = dropped + len(
        {geom for part in robot.parts for geom in part.geoms} - robot.written_geoms
    )
    if count:
        yield f"looks are left out: {count} geoms that touch nothing, and all colors and textures"
    unknown: dict[str, list[str]] = {}
    for what, name in _unknown(robot, spec):
        unknown.setdefault(what, []).append(name)
    for what, names in unknown.items():
        yield f"left out, because it is not supported: {what} of {noted(names)}"


def _unknown(robot: ForeignRobot, spec: mujoco.MjSpec) -> Iterator[tuple[str, str]]:
    """Unknown attributes that differ from their defaults, and what has them."""
    for kind, elements, usual in _kinds(spec):
        for element in elements:
            if not _is_own(robot, kind, element):
                continue
            for attribute in dir(usual):
                if attribute in _KNOWN[kind] or attribute.startswith("_"):
                    continue
                if not _is_same(getattr(element, attribute), getattr(usual, attribute)):
                    name = getattr(element, "name", "")
                    yield f"{kind} {attribute}", name or str(getattr(element, "id", "the model"))


def _is_own(robot: ForeignRobot, kind: str, element: Any) -> bool:
    """Whether an element is no part of the world or of another robot."""
    model = robot.model
    if kind == "body":
        body = int(element.id)
    elif kind in ("joint", "geom"):
        owners = model.jnt_bodyid if kind == "joint" else model.geom_bodyid
        body = int(owners[element.id])
    else:
        return True
    return body in robot.own


def _kinds(spec: mujoco.MjSpec) -> Iterator[tuple[str, list[Any], Any]]:
    """Kinds of elements, the elements of a file, and one that has only defaults."""
    usual = mujoco.MjSpec()
    body = usual.worldbody.add_body()
    yield "option", [spec.option], usual.option
    yield "body", list(spec.bodies[1:]), body
    makers: Mapping[str, tuple[list[Any], Callable[[], Any]]] = {
        "joint": (spec.joints, body.add_joint),
        "geom": (spec.geoms, body.add_geom),
        "actuator": (spec.actuators, usual.add_actuator),
        "tendon": (spec.tendons, usual.add_tendon),
        "equality": (spec.equalities, usual.add_equality),
        "pair": (spec.pairs, usual.add_pair),
        "exclude": (spec.excludes, usual.add_exclude),
    }
    for kind, (elements, make) in makers.items():
        yield kind, list(elements), make()


def _is_same(value: Any, usual: Any) -> bool:
    """Whether an attribute has its default; links to other elements and methods always do."""
    if isinstance(value, str):
        return value == usual
    try:
        numbers = np.asarray(value, np.float64), np.asarray(usual, np.float64)
    except (TypeError, ValueError):
        return True
    return bool(np.array_equal(*numbers, equal_nan=True))
