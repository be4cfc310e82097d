"""Small pieces of MJCF text: numbers with all digits, names, options."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import mujoco
import numpy as np
from numpy.typing import ArrayLike

__all__ = ["child", "geom_name", "numbers", "option_attributes", "site_name"]

_VECTORS = ("gravity", "wind", "magnetic", "o_solref", "o_solimp", "o_friction")
_SCALARS = (
    "impratio",
    "density",
    "viscosity",
    "o_margin",
    "iterations",
    "tolerance",
    "ls_iterations",
    "ls_tolerance",
    "noslip_iterations",
    "noslip_tolerance",
    "ccd_iterations",
    "ccd_tolerance",
)
_CHOICES = {
    "integrator": ("Euler", "RK4", "implicit", "implicitfast"),
    "cone": ("pyramidal", "elliptic"),
    "jacobian": ("dense", "sparse", "auto"),
    "solver": ("PGS", "CG", "Newton"),
}


def child(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    """A new element at the end of another one."""
    return ElementTree.SubElement(parent, tag, attributes)


def numbers(values: ArrayLike) -> str:
    """Numbers with all their digits, separated by spaces."""
    array = np.atleast_1d(np.asarray(values))
    return " ".join(repr(value) for value in array.ravel().tolist())


def geom_name(geom: int) -> str:
    """Name of a geom in the text of a robot: no world has such a one."""
    return f"geom/{geom}"


def site_name(site: int) -> str:
    """Name of a site in the text of a robot."""
    return f"site/{site}"


def option_attributes(
    model: mujoco.MjModel, *, timestep: float, into: ElementTree.Element
) -> dict[str, str]:
    """Attributes of <option> that set what the model has; flags go into an element of their own.

    Args:
        model: The compiled model.
        timestep: Length of a physics step (s).
        into: Element <mujoco>, which gets <option><flag/></option>.
    """
    option = model.opt
    attributes = {"timestep": numbers(timestep)}
    attributes |= {name: numbers(getattr(option, name)) for name in (*_SCALARS, *_VECTORS)}
    attributes |= {name: words[int(getattr(option, name))] for name, words in _CHOICES.items()}
    flags = dict(_flags(option))
    if flags:
        child(child(into, "option"), "flag", **flags)
    return attributes


def _flags(option: mujoco.MjOption) -> Iterator[tuple[str, str]]:
    for bits, prefix, word, kind in (
        (int(option.disableflags), "mjDSBL_", "disable", mujoco.mjtDisableBit),
        (int(option.enableflags), "mjENBL_", "enable", mujoco.mjtEnableBit),
    ):
        for name, member in kind.__members__.items():
            if name.startswith(prefix) and bits & int(member):
                yield name.removeprefix(prefix).lower(), word
