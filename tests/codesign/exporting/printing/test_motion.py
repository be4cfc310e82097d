"""Free ranges, and the space that a motion needs."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from codesign.exporting.printing.layout import Hinge
from codesign.exporting.printing.motion import clear_of, free_range, meet, poses, turn


def hinge_of(low: float, high: float, *, axis: int = 0, pivot: float = 0.0) -> Hinge:
    frame = np.roll(np.eye(3), axis, axis=0)
    return Hinge(
        joint="j", parent="a", child="b", pivot=np.array([0.0, 0.0, pivot]), frame=frame,
        range_deg=(low, high), base=1.0, shift=0.0,
    )  # fmt: skip


BEAM = Manifold.cube((1.0, 1.0, 10.0), True).translate((0.0, 0.0, 6.0))
#: A wall that the beam meets as it turns about x towards -y.
WALL = Manifold.cube((4.0, 1.0, 20.0), True).translate((0.0, -5.0, 0.0))


def test_a_range_ends_before_an_obstacle():
    free = free_range(hinge_of(-90.0, 90.0), BEAM, WALL)
    assert free is not None
    assert free.range_deg[0] == -90.0
    assert 15.0 <= free.range_deg[1] <= 25.0
    assert not meet(BEAM, WALL, turn([free], [free.range_deg[1]]))
    assert free_range(hinge_of(0.0, 5.0), BEAM, WALL.translate((0.0, 5.0, 0.0))) is None


def test_poses_have_rest_and_both_ends():
    assert poses([hinge_of(-30.0, 60.0)]) == [(-30.0,), (0.0,), (60.0,)]
    assert poses([hinge_of(10.0, 40.0)]) == [(10.0,), (40.0,)]
    assert len(poses([hinge_of(-30.0, 60.0), hinge_of(0.0, 45.0)])) == 6


def test_nothing_is_left_in_the_way_of_a_motion():
    chain = (hinge_of(-45.0, 45.0), hinge_of(-45.0, 45.0, axis=1, pivot=3.0))
    ball = np.asarray(Manifold.sphere(2.0, 12).to_mesh64().vert_properties)
    block = Manifold.cube((12.0, 12.0, 12.0), True).translate((0.0, 0.0, 6.0))
    cut = clear_of(block, [ball], chain)
    assert 0.1 * block.volume() < cut.volume() < 0.97 * block.volume()
    for angles in ((-40.0, -25.0), (-13.0, 44.0), (33.0, 7.0), (45.0, 45.0)):
        assert not meet(cut, Manifold.sphere(1.99, 12), turn(chain, angles))
    assert meet(cut, Manifold.sphere(2.0, 12), turn(chain, (45.0, 120.0)))
