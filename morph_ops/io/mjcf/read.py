"""Reading: from MJCF to a body of one free torso, capsule limbs on hinges, and motors.

What is no such body, number for number, is a robot from elsewhere
(:mod:`morph_ops.io.mjcf.foreign`).
"""

from __future__ import annotations

import math
import os
from contextlib import suppress

import mujoco
import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._messages import one_line
from morph_ops._text_file import read_text
from morph_ops.errors import BodyError, MjcfError
from morph_ops.graph import SLOTS, Slot
from morph_ops.io.mjcf.build import to_model
from morph_ops.io.mjcf.compare import differences
from morph_ops.io.mjcf.controls import spanned
from morph_ops.io.mjcf.foreign import read_foreign
from morph_ops.io.mjcf.place import placed
from morph_ops.io.mjcf.shape import Motors, motors_by_joint, require_limb, require_torso
from morph_ops.io.mjcf.source import CONTROLS_TEXT, MUJOCO_ERRORS, SLOT_TEXT, parse, quiet
from morph_ops.io.mjcf.values import Source, limb_of, torso_of

__all__ = ["from_xml", "read"]


def read(path: str | os.PathLike[str], *, root: str | None = None) -> nx.DiGraph[str]:
    """The body in an MJCF file.

    The function reads the robot and drops the world around it: floor, lights, cameras, sensors,
    sites, materials, and options. If torso and limbs are a sphere and capsules on hinges with
    motors, numbers stay as in the file, with angles in degrees. Two things change, and
    :func:`~morph_ops.graph.import_notes` says so: a motor of another program with a control range
    other than -1..1 gets this range with a gear of the same torques, and a robot that lies below
    the ground or more than 1 m above it is moved. Any other robot keeps its own physics beside
    nodes that stand for its parts (:class:`~morph_ops.graph.Physics`).

    Args:
        path: Path of the file. Files that it names must lie in its folder.
        root: Name of the robot's first body, where the file holds several robots.

    Returns:
        The body, with nodes and joints named as in the file.

    Raises:
        MjcfError: The file cannot be read.
        MjcfError: The file holds no robot that can walk.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from morph_ops.graph import Torso, new_body
        >>> from morph_ops.io import mjcf
        >>> file = Path(tempfile.mkdtemp()) / "ball.xml"
        >>> mjcf.write(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(mjcf.read(file))
        ['torso/0']
    """
    text = read_text(path, error=MjcfError)
    if root is None:
        with suppress(MjcfError):
            spec = parse(text)
            graph = _body(spec)
            kept = any(each.name == CONTROLS_TEXT for each in spec.texts)
            return placed(graph if kept else spanned(graph))
    try:
        return read_foreign(path, root=root)
    except BodyError as problem:
        raise MjcfError(f"{path}: {problem}") from None


def from_xml(text: str) -> nx.DiGraph[str]:
    """The body of a sphere and capsules in MJCF text; see :func:`read`.

    Args:
        text: An MJCF document.

    Raises:
        MjcfError: The text holds no body, or one with physics that a body cannot hold.

    Examples:
        >>> from_xml("<mujoco/>")
        Traceback (most recent call last):
        morph_ops.errors.MjcfError: expected one body below <worldbody>, the torso; \
got 0: none
    """
    return _body(parse(text))


def _body(spec: mujoco.MjSpec) -> nx.DiGraph[str]:
    torso = require_torso(spec)
    motors = motors_by_joint(spec)
    _require_limbs(spec, motors)
    model = _compile(spec)
    source = Source(model, motors, _degrees_per_unit(spec), _given_slots(spec))
    graph: nx.DiGraph[str] = nx.DiGraph()
    for body in spec.bodies[1:]:
        if body.name == torso.name:
            graph.add_node(body.name, node=torso_of(body, source))
        else:
            graph.add_node(body.name, node=limb_of(body, source))
            graph.add_edge(body.parent.name, body.name)
    pairs = ((pair.bodyname1, pair.bodyname2) for pair in spec.excludes)
    graph = body_graph.with_excludes(graph, pairs)
    _require_nothing_lost(model, graph)
    return graph


def _require_limbs(spec: mujoco.MjSpec, motors: Motors) -> None:
    limbs = spec.bodies[2:]
    for limb in limbs:
        require_limb(limb, motors)
    hinges = {joint.name for limb in limbs for joint in limb.joints}
    for joint_name, motor in motors.items():
        if joint_name not in hinges:
            raise MjcfError(
                f"motor {motor.name!r}: expected a limb's hinge to drive, got {joint_name!r}"
            )


def _compile(spec: mujoco.MjSpec) -> mujoco.MjModel:
    with quiet():
        try:
            return spec.compile()
        except MUJOCO_ERRORS as error:
            raise MjcfError(f"MuJoCo cannot compile it: {one_line(error)}") from None


def _degrees_per_unit(spec: mujoco.MjSpec) -> float:
    return 1.0 if spec.compiler.degree else 180.0 / math.pi


def _given_slots(spec: mujoco.MjSpec) -> dict[str, Slot]:
    """Slots that custom texts of the file give to joints."""
    return {
        text.name.removeprefix(SLOT_TEXT): slot
        for text in spec.texts
        for slot in SLOTS
        if text.data == slot
    }


def _require_nothing_lost(model: mujoco.MjModel, graph: nx.DiGraph[str]) -> None:
    try:
        rebuilt = to_model(graph)
    except BodyError as error:
        raise MjcfError(str(error)) from None
    lost = next(differences(model, rebuilt), None)
    if lost is not None:
        raise MjcfError(f"not supported yet: {lost}; remove it, or set it to what is expected")
