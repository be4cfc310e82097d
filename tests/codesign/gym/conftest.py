"""A body of UNIMAL, a robot from elsewhere, and policies for them."""

from __future__ import annotations

import numpy as np
import pytest

from morph_ops.io import read_body
from morph_ops.sampling import sample_body

#: A box on two legs with a position servo, a motor with a range of its own, and a free knee.
FOREIGN = """
<mujoco>
  <worldbody>
    <body name="trunk" pos="0 0 0.5">
      <freejoint/>
      <geom type="box" size="0.2 0.1 0.05"/>
      <body name="left" pos="0 0.1 -0.05">
        <joint name="left hip" axis="0 1 0" range="-60 60" damping="1" armature="0.1"/>
        <geom type="cylinder" fromto="0 0 0 0 0 -0.3" size="0.03"/>
        <body name="left shin" pos="0 0 -0.3">
          <joint name="left knee" axis="0 1 0" range="-60 60" damping="1" armature="0.1"/>
          <geom type="box" pos="0 0 -0.05" size="0.08 0.03 0.05"/>
        </body>
      </body>
      <body name="right" pos="0 -0.1 -0.05">
        <joint name="right hip" axis="0 1 0" range="-60 60" damping="1" armature="0.1"/>
        <geom type="cylinder" fromto="0 0 0 0 0 -0.4" size="0.05"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <position name="servo" joint="left hip" kp="40" ctrlrange="-0.5 0.7"/>
    <motor name="motor" joint="right hip" gear="20" ctrlrange="-2 2"/>
  </actuator>
</mujoco>
"""


@pytest.fixture(scope="session", params=["unimal", "foreign"])
def body(request, tmp_path_factory):
    if request.param == "foreign":
        file = tmp_path_factory.mktemp("robots") / "foreign.xml"
        file.write_text(FOREIGN)
        return read_body(file)
    return sample_body(np.random.default_rng(0))
