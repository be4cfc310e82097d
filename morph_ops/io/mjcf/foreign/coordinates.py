"""Old files with ``<compiler coordinate="global"/>``, which MuJoCo 2.3.3 was the last to read.

All positions are in the world there. Subtracting those of the body gives what MuJoCo reads today,
as long as no body is turned.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import MjcfError

__all__ = ["make_local"]

_ORIENTATIONS = ("quat", "euler", "axisangle", "xyaxes", "zaxis")
_PLACED = ("geom", "joint", "site", "inertial")


def make_local(document: ElementTree.Element) -> None:
    """Change world coordinates of a document into those of the bodies; others stay as they are.

    Args:
        document: Element <mujoco>.

    Raises:
        MjcfError: A body with world coordinates is turned, or a number is broken.
    """
    compilers = [each for each in document.iter("compiler") if "coordinate" in each.attrib]
    if [each.attrib.pop("coordinate") for each in compilers][-1:] != ["global"]:
        return
    for world in document.iter("worldbody"):
        for body in world.findall("body"):
            _convert(body, np.zeros(3))


def _convert(body: ElementTree.Element, parent: NDArray[np.float64]) -> None:
    name = body.get("name", "")
    turned = [key for key in _ORIENTATIONS if key in body.attrib]
    if turned:
        raise MjcfError(
            f'body {name!r}: {turned[0]} with coordinate="global" is not supported; save the file '
            "with MuJoCo 2.3.3, which writes local coordinates"
        )
    place = _numbers(body, "pos", 3) if "pos" in body.attrib else parent
    body.set("pos", _text(place - parent))
    for child in body:
        if child.tag in _PLACED:
            if "fromto" in child.attrib:
                child.set("fromto", _text(_numbers(child, "fromto", 6) - np.tile(place, 2)))
            elif "pos" in child.attrib:
                child.set("pos", _text(_numbers(child, "pos", 3) - place))
        elif child.tag == "body":
            _convert(child, place)


def _numbers(element: ElementTree.Element, key: str, count: int) -> NDArray[np.float64]:
    try:
        values = np.array([float(word) for word in element.get(key, "").split()])
    except ValueError:
        values = np.zeros(0)
    if len(values) != count:
        raise MjcfError(
            f"<{element.tag} {key}>: expected {count} numbers, got {element.get(key, '')!r}"
        )
    return values


def _text(values: NDArray[np.float64]) -> str:
    return " ".join(repr(value) for value in values.tolist())
