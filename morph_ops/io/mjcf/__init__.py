"""Bodies as MuJoCo sees them: MJCF files in and out, models to simulate.

    file --read--> body graph --to_model--> MjModel
                       |  ^----- from_xml -----
                       +--write / to_xml--> file

Everything here works on bare bodies: a sphere on a free joint, capsule limbs on hinges,
one motor a hinge. The world around them is a task's business, and dropped on reading.
This is the only package of bodies that needs MuJoCo.
"""

from morph_ops.io.mjcf.build import to_model, to_spec
from morph_ops.io.mjcf.read import from_xml, read
from morph_ops.io.mjcf.source import MjcfError
from morph_ops.io.mjcf.write import to_xml, write

__all__ = ["MjcfError", "from_xml", "read", "to_model", "to_spec", "to_xml", "write"]
