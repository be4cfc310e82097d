"""The assembly sheet of a design: what to build, and which motors it takes.

loads    torques and speeds of the joints in rollouts of the design
motors   classes of motors, and how a print scales what they must give
sheet    the rows of the sheet, as CSV
drawing  the body from the side and from the front, as SVG
page     the sheet with its picture, as one HTML page
"""

from codesign.exporting.assembly.loads import JointLoad, joint_loads
from codesign.exporting.assembly.motors import MotorClass, motor_class
from codesign.exporting.assembly.sheet import Sheet, assembly_sheet, write_sheet

__all__ = [
    "JointLoad",
    "MotorClass",
    "Sheet",
    "assembly_sheet",
    "joint_loads",
    "motor_class",
    "write_sheet",
]
