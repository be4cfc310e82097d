"""URDF files: changed so that MuJoCo reads a robot that stands free and has motors.

MuJoCo fixes the first link of a URDF to the world and makes no motors. Here the first link gets a
free joint, and each hinge with an effort a motor of that torque.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np

from morph_ops._messages import listed, shown
from morph_ops._text_file import is_file
from morph_ops.errors import MjcfError

__all__ = ["free_the_base", "is_of_other_package", "mesh_path", "package_folder", "prepare_urdf"]

_PACKAGE = re.compile(r"^package:/+([^/]+)/")
#: Most folders between the folder of a URDF and that of its package.
_HIGHEST_PACKAGE = 4
#: Formats of meshes that MuJoCo decodes.
_MESHES = (".stl", ".obj", ".msh")
#: Armature of hinges: that of the small gear motors of walking robots (kg m^2).
ARMATURE = 0.01
_AXES = ("ixx", "iyy", "izz")
_OFF_AXES = ("ixy", "ixz", "iyz")


def package_folder(document: ElementTree.Element, path: Path) -> Path:
    """The folder that a URDF's files may come from: its own, or that of its package above it.

    A folder is a package if it holds ``package.xml``: the name of a folder alone would let a file
    choose any folder of this machine above it.

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
    near = (folder, *folder.parents[:_HIGHEST_PACKAGE])
    packages = (above for above in near if above.name in names and is_file(above / "package.xml"))
    return next(packages, folder)


def is_of_other_package(name: str, folder: Path) -> bool:
    """Whether a mesh is said to lie in a package that is not the folder.

    Args:
        name: Attribute ``filename`` of the mesh.
        folder: The folder that files may come from.
    """
    match = _PACKAGE.match(name)
    return match is not None and match.group(1) != folder.name


def mesh_path(name: str) -> str:
    """The path of a mesh from the folder of its package, or as the URDF gives it without one.

    Args:
        name: Attribute ``filename`` of the mesh.

    Examples:
        >>> mesh_path("package://walker/meshes/foot.stl")
        'meshes/foot.stl'
    """
    return _PACKAGE.sub("", name).removeprefix("file://")


def prepare_urdf(document: ElementTree.Element, notes: list[str]) -> None:
    """Drop looks and the fixed world, mend inertias, and set the compiler.

    Args:
        document: Element <robot>, changed in place.
        notes: Gets notes on what was dropped or mended.

    Raises:
        MjcfError: A mesh that the robot collides with has a format that MuJoCo does not read.
    """
    mended: list[str] = []
    looks = 0
    for element in list(document):
        if element.tag not in ("link", "joint"):  # materials, transmissions, simulators' settings
            document.remove(element)
    for link in document.findall("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
            looks += 1
        for inertial in link.findall("inertial"):
            tensor = inertial.find("inertia")
            if tensor is not None and not _is_positive(tensor):
                for name in _OFF_AXES:
                    tensor.set(name, "0")
                mended.append(link.get("name", ""))
    if looks:
        notes.append(f"looks are left out: {looks} <visual>, and all colors and textures")
    if mended:
        notes.append(f"products of inertia dropped where no body has such: {listed(mended)}")
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
    """Give the first link of a URDF a free joint, if it has no joint, and its hinges an armature.

    Args:
        spec: MuJoCo's description of the URDF.
        notes: Gets a note on the armature.
    """
    base = spec.worldbody.first_body()
    if base is not None and not base.joints:
        base.add_freejoint()
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    for joint in spec.joints:
        if joint.type == mujoco.mjtJoint.mjJNT_HINGE and not joint.armature:
            joint.armature = ARMATURE
    notes.append(f"URDF knows no rotor inertia: each hinge got an armature of {ARMATURE:g} kg m^2")


def _drop_world(document: ElementTree.Element) -> None:
    """Drop a first link that is only the world, with the joint below it."""
    children = {child.get("link") for child in document.iter("child")}
    for link in document.findall("link"):
        is_world = link.get("name") not in children and not len(link)
        below = [
            joint
            for joint in document.findall("joint")
            if any(each.get("link") == link.get("name") for each in joint.findall("parent"))
        ]
        if is_world and len(below) == 1 and below[0].get("type") in ("fixed", "floating"):
            document.remove(link)
            document.remove(below[0])


def _is_positive(tensor: ElementTree.Element) -> bool:
    try:
        xx, yy, zz = (float(tensor.get(name, "0")) for name in _AXES)
        xy, xz, yz = (float(tensor.get(name, "0")) for name in _OFF_AXES)
    except ValueError:
        return True  # MuJoCo names the number that is none
    matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    return bool(np.isfinite(matrix).all() and (np.linalg.eigvalsh(matrix) > 0.0).all())
