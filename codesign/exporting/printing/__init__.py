"""Printable parts: a closed mesh for each node of a design, with hinges for shafts or servos.

A hinge is a tongue between the two cheeks of a fork. The fork stands on the surface of the node
that a limb hangs on; a limb with two hinges has a third part between them, the *knuckle*.

    settings   what a user can choose, and the size of hinges that follows
    layout     where the hinges are
    shapes     convex shapes that parts consist of
    motion     free ranges of hinges, and the space that parts need to move
    spacing    capsules that keep apart in the rest pose
    engraving  names of nodes in a font of small boxes
    parts      the parts
    mesh       closed meshes, and STL and 3MF
    folder     the folder of the parts

All but ``settings`` and ``layout`` need manifold3d, whose boolean operations give closed solids.
"""

from codesign.exporting.printing.settings import PrintSettings, Servo

__all__ = ["PrintSettings", "Servo"]
