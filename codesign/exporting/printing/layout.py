"""Where the hinges of a printed design are, and which part turns in which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.exporting.printing.settings import HingeSize, PrintSettings
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.geometry import canonical_frames, rest_frames

Array = NDArray[np.float64]
#: Millimeters of a meter.
MM = 1000.0
_KNUCKLE = " knuckle"


@dataclass(frozen=True, kw_only=True, eq=False)
class Hinge:
    """A hinge between two parts.

    Attributes:
        joint: Name of the joint.
        parent: Name of the part with the fork.
        child: Name of the part with the tongue.
        pivot: (3,) center of the hinge (mm).
        frame: (3, 3) axes of the hinge as columns: x along its axis, z out of the fork.
        range_deg: Lower and upper limit of the angle (deg).
        base: Distance from the pivot down to the bottom of the fork (mm).
        shift: Distance of the pivot from that of the design (mm).
    """

    joint: str
    parent: str
    child: str
    pivot: Array
    frame: Array
    range_deg: tuple[float, float]
    base: float
    shift: float


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeShape:
    """The sphere or capsule of a node in the rest pose.

    Attributes:
        start: (3,) start of its axis (mm).
        end: (3,) end of its axis (mm).
        radius: Its radius (mm).
        parent: Name of its parent; None for the torso.
        hinges: Its hinges, the one at the parent first.
    """

    start: Array
    end: Array
    radius: float
    parent: str | None
    hinges: tuple[Hinge, ...]

    @property
    def knuckle(self) -> str | None:
        """Name of the part between its two hinges; None for a limb with one."""
        return self.hinges[0].child if len(self.hinges) > 1 else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """All nodes and hinges of a printed design.

    Attributes:
        nodes: The nodes by name, depth first from the torso.
        size: Size of the hinges.
    """

    nodes: dict[str, NodeShape]
    size: HingeSize

    @property
    def hinges(self) -> Iterator[Hinge]:
        """All hinges, in the order of the joints."""
        for shape in self.nodes.values():
            yield from shape.hinges

    @property
    def parts(self) -> list[str]:
        """Names of all parts: the nodes, each after its knuckle."""
        both = ((shape.knuckle, name) for name, shape in self.nodes.items())
        return [part for pair in both for part in pair if part]

    def hinge_at(self, part: str) -> Hinge | None:
        """The hinge whose tongue is on a part; None for the torso."""
        return next((hinge for hinge in self.hinges if hinge.child == part), None)

    def forks(self, part: str) -> list[Hinge]:
        """The hinges whose fork is on a part."""
        return [hinge for hinge in self.hinges if hinge.parent == part]


def node_of(part: str) -> str:
    """Name of the node that a part is of.

    Args:
        part: Name of a node, or of the knuckle of a limb.

    Examples:
        >>> node_of("limb/3 knuckle"), node_of("limb/3")
        ('limb/3', 'limb/3')
    """
    return part.removesuffix(_KNUCKLE)


def layout(graph: nx.DiGraph[str], settings: PrintSettings) -> Layout:
    """Where the hinges of a printed design are.

    A hinge of a design is inside the node that its limb hangs on, often in one place with hinges of
    other limbs. In print it stands on the surface, in the direction of the limb.

    Args:
        graph: The body.
        settings: Settings of the print.

    Raises:
        BodyError: The body is a robot with shapes of its own, or a limb has no hinge.
        BodyError: A hinge does not fit.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> placed = layout(body, PrintSettings())
        >>> [(hinge.joint, hinge.parent, hinge.child) for hinge in placed.hinges][:2]
        [('limbx/0', 'torso/0', 'limb/0 knuckle'), ('limby/0', 'limb/0 knuckle', 'limb/0')]
        >>> [round(hinge.shift, 1) for hinge in placed.hinges][:2]
        [33.9, 47.5]
    """
    if body_graph.own_nodes(graph):
        raise BodyError(
            "expected a body of a sphere and capsules to print, got a robot with shapes of its own"
        )
    graph, size = canonical_frames(graph), HingeSize.of(settings)
    frames, factor = rest_frames(graph), MM * settings.scale_of(graph)
    nodes: dict[str, NodeShape] = {}
    for row, name in enumerate(frames.names):
        parent = body_graph.parent(graph, name)
        start, end = factor * frames.start[row], factor * frames.end[row]
        radius = factor * float(frames.radius[row])
        hinges: tuple[Hinge, ...] = ()
        if parent is not None:
            joints = body_graph.limb(graph, name).joints
            if not joints:
                raise BodyError(f"{name}: expected a limb with a hinge to print, got none")
            anchors = [factor * (frames.pos[row] + joint.pos) for joint in joints]
            hinges = _hinges(name, parent, nodes[parent], end, joints, anchors, size)
            _require_fit(name, hinges, end, min(radius, nodes[parent].radius), size)
        nodes[name] = NodeShape(start=start, end=end, radius=radius, parent=parent, hinges=hinges)
    return Layout(nodes=nodes, size=size)


def _hinges(
    name: str,
    parent: str,
    above: NodeShape,
    end: Array,
    joints: tuple[body_graph.Joint, ...],
    anchors: list[Array],
    size: HingeSize,
) -> tuple[Hinge, ...]:
    """The hinges of a limb, from its parent outward."""
    along = end - anchors[0]
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    double = len(joints) > 1
    pivot = anchors[0]
    for _ in range(2):  # how high the tongue must be depends on where it is
        out = pivot - _nearest_on_axis(pivot, above)
        height = size.height(np.asarray(joints[0].axis), out if out.any() else along, double)
        pivot = _outside(anchors[0], along, above, above.radius + height)
    hinges: list[Hinge] = []
    for number, (joint, anchor) in enumerate(zip(joints, anchors, strict=True)):
        knuckle = name + _KNUCKLE
        hinges.append(
            Hinge(
                joint=joint.name,
                parent=knuckle if number else parent,
                child=knuckle if double and not number else name,
                pivot=pivot,
                frame=_frame(np.asarray(joint.axis), along),
                range_deg=joint.range_deg,
                base=size.depth + size.wall if number else float(np.linalg.norm(pivot - anchor)),
                shift=float(np.linalg.norm(pivot - anchor)),
            )
        )
        pivot = pivot + size.knuckle * along
    return tuple(hinges)


def _outside(point: Array, along: Array, shape: NodeShape, distance: float) -> Array:
    """The first point along a ray that is as far from the axis of a node as it must be."""
    near, far = 0.0, 4.0 * distance + float(np.linalg.norm(shape.end - shape.start))
    for _ in range(60):
        middle = (near + far) / 2.0
        place = point + middle * along
        inside = float(np.linalg.norm(place - _nearest_on_axis(place, shape))) < distance
        near, far = (middle, far) if inside else (near, middle)
    return point + far * along


def _nearest_on_axis(point: Array, shape: NodeShape) -> Array:
    axis = shape.end - shape.start
    share = np.clip((point - shape.start) @ axis / max(float(axis @ axis), 1e-9), 0.0, 1.0)
    return shape.start + share * axis


def _frame(axis: Array, along: Array) -> Array:
    """Axes of a hinge as columns: x along its axis, z as far as possible along the limb."""
    x = axis / np.linalg.norm(axis)
    z = along - (along @ x) * x
    if np.linalg.norm(z) < 1e-6:  # a limb that turns about itself
        z = np.eye(3)[int(np.argmin(np.abs(x)))]
        z = z - (z @ x) * x
    z = z / np.linalg.norm(z)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _require_fit(
    name: str, hinges: tuple[Hinge, ...], end: Array, radius: float, size: HingeSize
) -> None:
    """Refuse hinges that are too large for their nodes."""
    room = float(np.linalg.norm(end - hinges[-1].pivot))
    ahead = float((end - hinges[-1].pivot) @ (hinges[-1].pivot - hinges[0].pivot))
    needs = "choose a larger scale, or a smaller shaft, wall or servo"
    if size.fork > radius:
        raise BodyError(
            f"{name}: a hinge {2 * size.fork:.1f} mm wide does not fit on nodes "
            f"{2 * radius:.1f} mm thick: {needs}"
        )
    if room < size.top or ahead < 0.0:
        raise BodyError(
            f"{name}: its hinges take {hinges[-1].shift + size.top:.1f} mm, more than its length: "
            f"{needs}"
        )
