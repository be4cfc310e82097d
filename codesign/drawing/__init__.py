"""Pictures of robots as SVG: no graphics driver, no screen, a few kilobytes each.

A robot becomes solids (:func:`solids_of`): capsules and spheres as they are, other geoms as
ellipsoids and convex polyhedra. A camera without perspective looks at them (:class:`Camera`), and
:func:`draw` writes them from back to front, shaded, above their shadow on the floor or on uneven
ground (:class:`Relief`), with names beside them (:class:`Label`).
:func:`picture_of` does it all for a body in its rest pose.

>>> import numpy as np
>>> from codesign.drawing import picture_of
>>> from morph_ops.sampling import sample_body
>>> picture_of(sample_body(np.random.default_rng(0)))[:4]
'<svg'
"""

from codesign.drawing.camera import Camera
from codesign.drawing.labels import Label, node_labels
from codesign.drawing.palette import PALETTE, colors_of
from codesign.drawing.picture import picture_of, rest_state
from codesign.drawing.relief import Relief, ground_cells
from codesign.drawing.solids import Ellipsoid, Polyhedron, Solid, Swept, shown_geoms, solids_of
from codesign.drawing.svg import draw
from codesign.drawing.view import View, Window

__all__ = [
    "PALETTE",
    "Camera",
    "Ellipsoid",
    "Label",
    "Polyhedron",
    "Relief",
    "Solid",
    "Swept",
    "View",
    "Window",
    "colors_of",
    "draw",
    "ground_cells",
    "node_labels",
    "picture_of",
    "rest_state",
    "shown_geoms",
    "solids_of",
]
