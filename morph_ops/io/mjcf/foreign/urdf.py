"""URDF files: changed so that MuJoCo reads a robot that stands free and has motors.

MuJoCo fixes the first link of a URDF to the world and makes no motors. Here the first link gets a
free joint, unless the file fixes it to a link "world", and links that only carry joints become
joints in a row.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops._messages import cut, noted, shown
from morph_ops._text_file import is_file
from morph_ops.errors import MjcfError
from morph_ops.io.mjcf.foreign.carriers import fold_carriers, tensor_of

__all__ = [
    "HIGHEST_PACKAGE",
    "MeshFolder",
    "compile_urdf",
    "free_the_base",
    "is_of_other_package",
    "mesh_folder",
    "mesh_paths",
    "package_folder",
    "prepare_urdf",
]

_PACKAGE = re.compile(r"^package:/+([^/]+)/")
HIGHEST_PACKAGE = 4
"""Most folders between the folder of a URDF and that of its package."""
#: Formats of meshes that MuJoCo decodes.
_MESHES = (".stl", ".obj", ".msh")
#: Armature of hinges: that of the small gear motors of walking robots (kg m^2).
ARMATURE = 0.01
#: Armature of sliding joints with a motor: that of the fingers of grippers (kg).
SLIDE_ARMATURE_KG = 0.1
#: What is read of a robot, of its links and of its joints, or has notes of its own.
_READ = {
    "robot": {"joint", "link", "material", "mujoco"},
    "link": {"collision", "inertial", "visual"},
    "joint": {"axis", "child", "dynamics", "limit", "mimic", "origin", "parent"},
}
#: Name of the link that MuJoCo and ROS take for the world.
_WORLD = "world"
#: What is read of MuJoCo's extension of URDF, or set here for all files.
_COMPILER = {"assetdir", "balanceinertia", "discardvisual", "fusestatic", "meshdir", "strippath"}
#: Share of a moment of inertia that MuJoCo may change without a note: rounding.
_SAME_INERTIA = 1e-3
_AXES = ("ixx", "iyy", "izz")
_OFF_AXES = ("ixy", "ixz", "iyz")


def package_folder(document: ElementTree.Element, path: Path) -> Path:
    """The folder that a URDF's files may come from: that of its package, else its own.

    A package is a folder at or above the file that holds ``package.xml``: the one that the meshes
    name, else the nearest. A name alone would let a file choose any folder of this machine above
    it.

    Args:
        document: Element <robot>.
        path: Path of the file.
    """
    folder = path.parent.resolve()
    names = {
        match.group(1)
        for mesh in document.iter("mesh")
        if (match := _PACKAGE.match(mesh.get("filename", "")))
    }
    near = (folder, *folder.parents[:HIGHEST_PACKAGE])
    packages = [above for above in near if is_file(above / "package.xml")]
    named = (package for package in packages if package.name in names)
    return next(named, packages[0] if packages else folder)


def is_of_other_package(name: str, folder: Path) -> bool:
    """Whether a mesh is said to lie in a package that is not the folder.

    Args:
        name: Attribute ``filename`` of the mesh.
        folder: The folder that files may come from.
    """
    match = _PACKAGE.match(name)
    return match is not None and match.group(1) != folder.name


class MeshFolder(NamedTuple):
    """Where MuJoCo's extension of URDF, <mujoco><compiler>, says that meshes lie.

    Attributes:
        name: The folder, from that of the file; empty for none.
        strips: Whether the folders in names of meshes do not count.
    """

    name: str
    strips: bool


def mesh_folder(document: ElementTree.Element) -> MeshFolder:
    """The folder of meshes that a URDF names for MuJoCo.

    Args:
        document: Element <robot>.
    """
    given: dict[str, str] = {}
    for compiler in document.findall("mujoco/compiler"):
        given |= compiler.attrib
    name = given.get("meshdir") or given.get("assetdir") or ""
    return MeshFolder(name, given.get("strippath", "true") != "false")


def mesh_paths(name: str, folder: MeshFolder) -> list[str]:
    """The paths that a mesh may have, from the folder of the file or of its package; best first.

    Args:
        name: Attribute ``filename`` of the mesh.
        folder: The folder of meshes that the file names.

    Examples:
        >>> mesh_paths("package://walker/meshes/foot.stl", MeshFolder("", strips=True))
        ['meshes/foot.stl']
        >>> mesh_paths("package://walker/meshes/foot.stl", MeshFolder("parts", strips=True))
        ['parts/foot.stl', 'meshes/foot.stl']
    """
    path = _PACKAGE.sub("", name).removeprefix("file://")
    if not folder.name:
        return [path]
    return [f"{folder.name}/{Path(path).name if folder.strips else path}", path]


def prepare_urdf(document: ElementTree.Element, notes: list[str]) -> None:
    """Drop looks, settings and an empty link above the robot, mend inertias, set the compiler.

    Args:
        document: Element <robot>, changed in place.
        notes: Gets notes on what was dropped or mended, and on what is not read.

    Raises:
        MjcfError: The file fixes the robot to the world.
        MjcfError: A mesh that the robot collides with has a format that MuJoCo does not read.
    """
    _note_settings(document, notes)
    _note_unread(document, notes)
    looks = 0
    for element in list(document):
        if element.tag not in ("link", "joint"):
            document.remove(element)
    for link in document.findall("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
            looks += 1
    if looks:
        notes.append(f"looks are left out: {looks} <visual>, and all colors and textures")
    _drop_impossible_products(document, notes)
    for mesh in document.iter("mesh"):
        name = mesh.get("filename", "")
        if Path(name).suffix.lower() not in _MESHES:
            raise MjcfError(
                f"<mesh filename={shown(name)}>: expected a mesh of {', '.join(_MESHES)} to "
                "collide with; convert it"
            )
    _drop_world(document)
    settings = ElementTree.SubElement(document, "mujoco")
    ElementTree.SubElement(
        settings,
        "compiler",
        strippath="false",
        balanceinertia="true",
        discardvisual="true",
        fusestatic="false",
    )


def free_the_base(spec: mujoco.MjSpec, notes: list[str]) -> None:
    """Give the first link of a URDF a free joint if it has none, and fold links that carry joints.

    Hinges get an armature, and sliding joints with an effort: they have motors.

    Args:
        spec: MuJoCo's description of the URDF.
        notes: Gets a note on each of these.
    """
    base = spec.worldbody.first_body()
    if base is not None and not base.joints:
        base.add_freejoint()
        notes.append(
            f"its first link moves freely, as no joint holds it to a link {_WORLD!r}: "
            f"{noted([base.name])}"
        )
    sliding: list[str] = []
    carriers = fold_carriers(spec)
    if carriers:
        notes.append(f"links without weight, read as joints of those below: {noted(carriers)}")
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    given = f"each hinge got an armature of {ARMATURE:g} kg m^2"
    for joint in spec.joints:
        if joint.type == mujoco.mjtJoint.mjJNT_HINGE:
            joint.armature = joint.armature or ARMATURE
        elif joint.type == mujoco.mjtJoint.mjJNT_SLIDE and np.any(joint.actfrcrange):
            joint.armature = joint.armature or SLIDE_ARMATURE_KG
            sliding.append(joint.name)
    if sliding:
        given += f", and each sliding joint with a motor one of {SLIDE_ARMATURE_KG:g} kg"
    notes.append(f"URDF knows no rotor inertia: {given}")
    notes.append("URDF names no integrator: implicitfast")


def compile_urdf(spec: mujoco.MjSpec, notes: list[str]) -> mujoco.MjModel:
    """The compiled model of a URDF.

    Args:
        spec: MuJoCo's description of the URDF.
        notes: Gets a note on links whose inertia is another than in the file, or not in it.
    """
    stated = {
        body.name: np.linalg.eigvalsh(tensor_of(body))
        for body in spec.bodies
        if body.explicitinertial and np.isfinite(tensor_of(body)).all()
    }
    shaped = [body.name for body in spec.bodies if body.geoms and not body.explicitinertial]
    model = spec.compile()
    changed: list[str] = []
    for name, moments in stated.items():
        found = np.sort(model.body(name).inertia)
        if not np.allclose(found, moments, rtol=_SAME_INERTIA, atol=0.0):
            changed.append(f"{name} from {_numbers(moments)} to {_numbers(found)} kg m^2")
    if changed:
        notes.append(f"moments of inertia that no solid has, made equal: {noted(changed)}")
    points = [
        name
        for name, moments in stated.items()
        if not moments.any() and model.body(name).mass[0] > 0.0
    ]
    if points:
        notes.append(f"links with a mass and moments of inertia of 0, kept so: {noted(points)}")
    weights = [f"{name} ({model.body(name).mass[0]:.3g} kg)" for name in shaped]
    if weights:
        notes.append(
            f"links without <inertial> weigh what their shapes do at 1000 kg/m^3: {noted(weights)}"
        )
    return model


def _note_settings(document: ElementTree.Element, notes: list[str]) -> None:
    """Note what of MuJoCo's extension of URDF is not read."""
    unread: list[str] = []
    for element in document.findall("mujoco/*"):
        if element.tag == "compiler":
            unread += [f"compiler {key}" for key in element.attrib if key not in _COMPILER]
        else:
            unread.append(element.tag)
    if unread:
        notes.append(f"not read of the element <mujoco>: {noted(unread)}")


def _note_unread(document: ElementTree.Element, notes: list[str]) -> None:
    """Note elements that are left out, and limits of the velocity, which MuJoCo does not know."""
    counts = Counter(
        element.tag
        for each in (document, *document.findall("link"), *document.findall("joint"))
        for element in each
        if element.tag not in _READ[each.tag]
    )
    if counts:
        found = [f"{count} <{cut(tag)}>" for tag, count in counts.items()]
        notes.append(f"left out, because it is not supported: {noted(found)}")
    fast = [
        joint.get("name", "")
        for joint in document.findall("joint")
        if joint.get("type") not in ("fixed", "floating")
        and any("velocity" in limit.attrib for limit in joint.findall("limit"))
    ]
    if fast:
        notes.append(f"limits of the velocity of joints have no effect: {noted(fast)}")


def _drop_impossible_products(document: ElementTree.Element, notes: list[str]) -> None:
    mended: list[str] = []
    for link in document.findall("link"):
        for tensor in link.findall("inertial/inertia"):
            if _is_positive(tensor):
                continue
            if any(float(tensor.get(name, "0")) for name in _OFF_AXES):
                mended.append(link.get("name", ""))
            for name in _OFF_AXES:
                tensor.set(name, "0")
    if mended:
        notes.append(f"products of inertia dropped where no body has such: {noted(mended)}")


def _drop_world(document: ElementTree.Element) -> None:
    """Drop a first link without content, with the joint below it; refuse a fixed robot."""
    children = {child.get("link") for child in document.iter("child")}
    joints_of: dict[str | None, list[ElementTree.Element]] = {}
    for joint in document.findall("joint"):
        for parent in {each.get("link") for each in joint.findall("parent")}:
            joints_of.setdefault(parent, []).append(joint)
    for link in document.findall("link"):
        if link.get("name") in children:
            continue
        below = joints_of.get(link.get("name"), [])
        kinds = {joint.get("type") for joint in below}
        if link.get("name") == _WORLD and kinds == {"fixed"}:
            joint = shown(below[0].get("name", ""))
            raise MjcfError(
                f"joint {joint} fixes the robot to the world: the task has no use for a robot that "
                f"cannot move from its place; remove this joint and the link {_WORLD!r}, or give "
                'the joint type="floating"'
            )
        if not len(link) and len(below) == 1 and kinds <= {"fixed", "floating"}:
            document.remove(link)
            document.remove(below[0])


def _numbers(values: NDArray[np.floating]) -> str:
    return f"({', '.join(f'{value:.4g}' for value in values)})"


def _is_positive(tensor: ElementTree.Element) -> bool:
    try:
        xx, yy, zz = (float(tensor.get(name, "0")) for name in _AXES)
        xy, xz, yz = (float(tensor.get(name, "0")) for name in _OFF_AXES)
    except ValueError:
        return True  # MuJoCo names the number that is none
    matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    return bool(np.isfinite(matrix).all() and (np.linalg.eigvalsh(matrix) > 0.0).all())
