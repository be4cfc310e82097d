"""Loading an MJCF file that nobody here wrote, with what lies beside it in its folder.

Included files and meshes are read if they lie inside the robot's folder. What is only looks is
dropped before MuJoCo sees it: textures, materials, skins, lights, cameras, sensors, and geoms that
neither touch anything nor give a body its mass.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, NamedTuple

import mujoco
import numpy as np

from morph_ops._messages import noted
from morph_ops._text_file import read_text
from morph_ops.errors import MjcfError
from morph_ops.io._xml import drop_user_data, parse_document, require_harmless
from morph_ops.io.mjcf.foreign.beside import (
    REFUSED,
    asset_folder,
    drop_folders,
    include,
    inside,
)
from morph_ops.io.mjcf.foreign.coordinates import make_local
from morph_ops.io.mjcf.foreign.meshes import MeshFiles
from morph_ops.io.mjcf.foreign.remedies import explained
from morph_ops.io.mjcf.foreign.robot import free_name
from morph_ops.io.mjcf.foreign.urdf import (
    HIGHEST_PACKAGE,
    MeshFolder,
    compile_urdf,
    free_the_base,
    is_of_other_package,
    mesh_folder,
    mesh_paths,
    package_folder,
    prepare_urdf,
)
from morph_ops.io.mjcf.source import MUJOCO_ERRORS, quiet

__all__ = ["Loaded", "load_model"]

#: Elements that are only looks, or that measure: a rollout reads none of them.
_DROPPED = frozenset(
    {"camera", "hfield", "light", "material", "sensor", "skin", "statistic", "texture", "visual"}
)

_MOTORED = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)


class Loaded(NamedTuple):
    """A robot's file as MuJoCo compiles it.

    Attributes:
        model: The compiled model.
        notes: What was not read, or was added, a line each.
        is_urdf: Whether the file is a URDF.
        spec: What the model was compiled from.
        looks: Bodies of the geoms that were dropped, one for each.
    """

    model: mujoco.MjModel
    notes: list[str]
    is_urdf: bool
    spec: mujoco.MjSpec
    looks: list[Any]


def load_model(path: Path) -> Loaded:
    """The compiled model of a robot's file with its world, without looks and sensors.

    Args:
        path: Path of the MJCF or URDF file.

    Raises:
        MjcfError: The file, or one that it includes, cannot be read or is no MJCF.
        MjcfError: A file lies outside the robot's folder, or is missing.
        MjcfError: The file has a plugin, a soft body, or a number that is not finite.
        MjcfError: The file asks for more than a robot needs (:mod:`morph_ops.io._xml`).
    """
    notes: list[str] = []
    document = parse_document(read_text(path), roots=("mujoco", "robot"))
    is_urdf = document.tag == "robot"
    folder = package_folder(document, path) if is_urdf else path.parent.resolve()
    if is_urdf:
        meshes = mesh_folder(document)
        prepare_urdf(document, notes)
        files = _urdf_meshes(document, folder, path.parent, meshes)
    else:
        include(document, folder, path, notes=notes)
        _drop_looks(document)
        make_local(document)
        files = _meshes(document, folder)
    for element in document.iter():
        if element.tag in REFUSED:
            raise MjcfError(f"<{element.tag}> is not allowed: {REFUSED[element.tag]}")
    require_harmless(document)
    drop_user_data(document)
    text = ElementTree.tostring(document, encoding="unicode")
    with quiet():
        try:
            spec = mujoco.MjSpec.from_string(text, assets=files.contents)
            if is_urdf:
                free_the_base(spec, notes)
            looks = _drop_visual_geoms(spec)
            files.require(spec.meshes)
            _add_missing_motors(spec, notes)
            model = compile_urdf(spec, notes) if is_urdf else spec.compile()
            return Loaded(model, notes, is_urdf, spec, looks)
        except MUJOCO_ERRORS as error:
            raise MjcfError(explained(error, files.names, is_urdf=is_urdf)) from None


def _drop_looks(document: ElementTree.Element) -> None:
    for parent in list(document.iter()):
        for element in list(parent):
            if element.tag in _DROPPED or element.get("type") == "hfield":
                parent.remove(element)
        if parent.tag != "mujoco":
            parent.attrib.pop("material", None)


def _meshes(document: ElementTree.Element, folder: Path) -> MeshFiles:
    """The mesh files of an MJCF document, which gets their new names."""
    files = MeshFiles(folder, (folder / asset_folder(document), folder))
    used = {each.get("mesh") for each in document.iter("geom")}
    for group in document.iter("asset"):
        for mesh in group.findall("mesh"):
            name = mesh.get("file")
            if name is None:
                continue
            mesh.set("name", mesh.get("name") or Path(name).stem)
            if mesh.get("name") in used:
                mesh.set("file", files.add(name))
            else:
                group.remove(mesh)
    drop_folders(document)
    return files


def _urdf_meshes(
    document: ElementTree.Element, folder: Path, beside: Path, meshes: MeshFolder
) -> MeshFiles:
    """The mesh files of a URDF, which gets their new names."""
    bases = (beside, folder)
    files = MeshFiles(folder, bases)
    for mesh in document.iter("mesh"):
        name = mesh.get("filename", "")
        paths = mesh_paths(name, meshes)
        path = next((each for each in paths if _is_there(folder, bases, each)), paths[0])
        new = files.add(path)
        mesh.set("filename", new)
        if new in files.problems and not _is_there(folder, bases, path):
            remedy = _package_remedy(name, path, folder, beside)
            files.problems[new] = MjcfError(f"{files.problems[new]}{remedy}")
    return files


def _is_there(folder: Path, bases: tuple[Path, ...], name: str) -> bool:
    try:
        inside(folder, bases, name, "mesh")
    except MjcfError:
        return False
    return True


def _package_remedy(name: str, path: str, folder: Path, beside: Path) -> str:
    """What to do about a missing mesh, beyond what every file can do; may be empty."""
    if is_of_other_package(name, folder):
        return (
            "; a package is a folder above the file that has the package's name and holds "
            "package.xml"
        )
    if path.startswith("..") and folder == beside.resolve():
        return (
            f", or a package.xml into a folder above both, at most {HIGHEST_PACKAGE} above the URDF"
        )
    return ""


def _drop_visual_geoms(spec: mujoco.MjSpec) -> list[Any]:
    """Drop geoms that are only looks, whose meshes may be large, and meshes without a geom.

    Returns:
        The bodies of these geoms.
    """
    bodies: list[Any] = []
    around = {
        wrap.target.name
        for tendon in spec.tendons
        for wrap in tendon.path
        if wrap.type in (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER)
    }
    paired = {name for pair in spec.pairs for name in (pair.geomname1, pair.geomname2)}
    weightless = spec.compiler.inertiafromgeom == mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_FALSE
    by_geoms = spec.compiler.inertiafromgeom == mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_TRUE
    for geom in list(spec.geoms):
        touches = geom.contype or geom.conaffinity or geom.name in paired or geom.fluid_ellipsoid
        weighs_nothing = weightless or (geom.parent.explicitinertial and not by_geoms)
        weighs_nothing = weighs_nothing or geom.mass == 0.0 or geom.density == 0.0
        if not touches and weighs_nothing and geom.name not in around:
            bodies.append(geom.parent)
            spec.delete(geom)
    used = {geom.meshname for geom in spec.geoms}
    for mesh in list(spec.meshes):
        if mesh.name not in used:
            spec.delete(mesh)
    return bodies


def _add_missing_motors(spec: mujoco.MjSpec, notes: list[str]) -> None:
    """Give joints of a robot without actuators motors of the efforts that the joints allow.

    A joint that follows another one, as one with <mimic> of URDF does, has none.
    """
    if spec.actuators:
        return
    coupled = mujoco.mjtEq.mjEQ_JOINT
    followers = {each.name1 for each in spec.equalities if each.type == coupled and each.name2}
    idle: list[str] = []
    taken = {joint.name for joint in spec.joints}
    for number, joint in enumerate(spec.joints):
        if joint.type not in _MOTORED or not np.any(joint.actfrcrange):
            continue
        if joint.name in followers:
            idle.append(joint.name)
            continue
        joint.name = joint.name or free_name(f"joint{number}", taken)
        motor = spec.add_actuator(
            name=joint.name,
            target=joint.name,
            trntype=mujoco.mjtTrn.mjTRN_JOINT,
            ctrllimited=mujoco.mjtLimited.mjLIMITED_TRUE,
            ctrlrange=joint.actfrcrange,
        )
        motor.set_to_motor()
    if spec.actuators:
        notes.append(
            "the file has no actuators: joints whose torque or force it limits got motors of that"
        )
    if idle:
        notes.append(f"joints that follow others got no motor: {noted(idle)}")
