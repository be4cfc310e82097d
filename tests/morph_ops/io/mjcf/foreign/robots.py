"""Small robots that no UNIMAL is, as MJCF text."""

from __future__ import annotations

LEG = """
<body name="thigh_{name}" pos="{x} {y} 0" euler="0 {tilt} 10">
  <joint name="hip_{name}" axis="1 0 0" range="-40 40" damping="0.4" armature="0.02"/>
  <joint name="lift_{name}" axis="0 1 0" range="-50 60" frictionloss="0.1"/>
  <geom type="box" size="0.03 0.04 0.1" pos="0 0 -0.1"/>
  <body name="shin_{name}" pos="0 0 -0.2" euler="0 20 0">
    <joint name="knee_{name}" axis="0 1 0" range="-80 5" stiffness="3" springref="-10"/>
    <geom type="cylinder" fromto="0 0 0 0 0 -0.2" size="0.02"/>
    <body name="foot_{name}" pos="0 0 -0.2"><geom type="sphere" size="0.03"/></body>
  </body>
</body>"""

MOTORS = """
<motor joint="hip_{name}" gear="20" ctrlrange="-2 2"/>
<position joint="lift_{name}" kp="60" ctrlrange="-0.5 0.9" forcerange="-30 30"/>
<motor joint="knee_{name}" gear="-15" ctrlrange="0 1"/>"""

CORNERS = {"fl": (0.2, 0.1), "fr": (0.2, -0.1), "bl": (-0.2, 0.1), "br": (-0.2, -0.1)}


def quadruped(*, torso: str = '<geom type="box" size="0.25 0.1 0.05"/>', more: str = "") -> str:
    """A quadruped of boxes and cylinders, with servos and turned frames.

    Args:
        torso: What its torso is made of.
        more: Elements at the end of the document.
    """
    legs = "".join(
        LEG.format(name=name, x=x, y=y, tilt=15 if x > 0 else -15)
        for name, (x, y) in CORNERS.items()
    )
    motors = "".join(MOTORS.format(name=name) for name in CORNERS)
    return f"""<mujoco><compiler angle="degree" autolimits="true"/>
<option timestep="0.002" integrator="implicitfast"/>
<worldbody><geom type="plane" size="5 5 1"/><light pos="0 0 3"/>
<body name="trunk" pos="0 0 0.7" euler="0 0 30"><freejoint/>{torso}{legs}</body>
</worldbody><actuator>{motors}</actuator>{more}</mujoco>"""


BIPED = """<mujoco><compiler angle="radian" autolimits="true"/><worldbody>
<body name="pelvis" pos="0 0 1"><freejoint/><geom type="ellipsoid" size="0.1 0.15 0.1"/>
<body name="leg" pos="0 0.1 -0.05" quat="0.9 0.1 0.3 0.2">
  <joint name="a" axis="1 0 0" range="-1 1"/><joint name="b" axis="0 1 0" range="-1 1"/>
  <joint name="c" axis="0 0 1" range="-1 1"/>
  <geom type="capsule" fromto="0 0 0 0.1 0 -0.4" size="0.05"/>
  <inertial pos="0.05 0 -0.2" mass="2" diaginertia="0.03 0.03 0.004"/>
  <body name="foot" pos="0.1 0 -0.4"><joint name="spring" type="slide" axis="0 0 1" range="0 0.1"
    stiffness="900" damping="3"/><geom type="box" size="0.1 0.05 0.02"/></body>
</body></body></worldbody>
<actuator><general joint="a" gear="10" ctrlrange="-1 1" gainprm="3"/>
<velocity joint="b" kv="5" ctrlrange="-2 4"/><motor joint="c" gear="8" ctrlrange="-1 1"/></actuator>
</mujoco>"""

PLANAR = """<mujoco><compiler angle="degree" autolimits="true"/>
<default><joint damping="0.5" armature="0.05"/></default><worldbody>
<body name="torso" pos="0 0 0.8">
  <joint name="rootx" type="slide" axis="1 0 0" damping="0" armature="0"/>
  <joint name="rootz" type="slide" axis="0 0 1" damping="0" armature="0" ref="0.8"/>
  <joint name="rooty" axis="0 1 0" damping="0" armature="0"/>
  <geom type="capsule" fromto="-0.3 0 0 0.3 0 0" size="0.05"/>
  <body name="leg" pos="0.3 0 0"><joint name="hip" axis="0 1 0" range="-60 60"/>
    <geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04"/>
    <body name="shin" pos="0 0 -0.4"><joint name="knee" axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.04"/></body></body>
</body></worldbody><actuator><motor joint="hip" gear="50" ctrlrange="-1 1"/></actuator>
</mujoco>"""
