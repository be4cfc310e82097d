"""Uneven ground in pictures."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.drawing import Camera, Polyhedron, Relief, Swept, View, Window, draw, ground_cells
from codesign.drawing.relief import nearness

CAMERA = Camera(azimuth=-90.0, elevation=20.0)  # it stands at y < 0
LINES = np.linspace(-2.0, 2.0, 9)
BALL = Swept(np.array([[0.0, 0.0, 0.3]] * 2), 0.1, "#d9704f")
WINDOW = Window(center=np.zeros(3), width=3.0, lines=0.5)


def relief_of(heights):
    return Relief(x=LINES, y=LINES, heights=heights, center=np.zeros(2), radius=2.0)


def ramp():
    return np.tile(0.2 * LINES, (9, 1))


def test_heights_are_interpolated_and_go_on_beyond_the_grid():
    at = np.array([[0.3, 0.1], [-1.9, 1.9], [9.0, 0.0]])
    assert relief_of(ramp()).at(at) == pytest.approx([0.06, -0.38, 0.4])


def test_cells_come_from_back_to_front_with_upward_normals():
    corners, normals = relief_of(ramp()).cells(CAMERA)
    near = nearness(corners, CAMERA)
    assert (np.diff(near.mean(axis=1)) >= 0.0).all()
    assert normals[:, 2].min() > 0.9
    assert near.max(axis=1).min() > -2.0, "what has faded is left out"


def test_where_there_is_no_ground_there_is_no_cell():
    heights = ramp()
    heights[:, 4:] = np.nan
    corners, _ = relief_of(heights).cells(CAMERA)
    assert corners[:, :, 0].max() == LINES[3]


def ridge(y):
    """Flat ground with a ridge along x."""
    heights = np.zeros((9, 9))
    heights[y == LINES] = 1.0
    return relief_of(heights)


@pytest.mark.parametrize(("y", "hides"), [(1.0, False), (-1.0, True)])
def test_solids_shine_through_a_hill_in_front_of_them(y, hides):
    after = draw([BALL], camera=CAMERA, relief=ridge(y), window=WINDOW).split("<circle")[1]
    assert ("<path" in after) == ("clip-path" in after) == hides


@pytest.mark.parametrize(("rises", "drawn"), [(False, 1), (True, 0)])
def test_the_edge_of_a_step_that_looks_away_is_drawn(rises, drawn):
    """Of a step down away from the camera one sees nothing else."""
    y = np.array([-2.0, 0.0, 0.001, 2.0])
    heights = np.tile([[0.3], [0.3], [0.0], [0.0]], (1, 9))
    heights = heights[::-1] if rises else heights
    ground = Relief(x=LINES, y=y, heights=heights, center=np.zeros(2), radius=None)
    picture = draw([BALL], camera=CAMERA, relief=ground, window=WINDOW)
    assert picture.count('stroke-width="1.5"') == drawn


def test_ground_is_transparent_so_that_it_fits_light_and_dark():
    picture = draw([BALL], camera=CAMERA, relief=relief_of(ramp()), window=WINDOW)
    assert '<g opacity="0.4" mask="url(#' in picture
    assert "#fff" not in picture.split("<mask")[1].split("</defs>")[1]


def test_pictures_can_share_their_ground():
    hill, view = relief_of(ramp()), View.onto(WINDOW, CAMERA, (320, 240))
    cells = ground_cells(hill, view=view, shown=np.array([(0.0, 0.0), (320.0, 240.0)]), lines=0.5)
    whole = draw([BALL], camera=CAMERA, relief=hill, window=WINDOW)
    assert cells in whole
    other = draw([BALL], camera=CAMERA, relief=hill, window=WINDOW, cells="<use/>")
    assert whole.replace(cells, "<use/>") == other


def test_goals_are_marked_below_the_solids():
    goal = np.array([(0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (-0.5, 0.0, 0.0)])
    marked = draw([BALL], camera=CAMERA, window=WINDOW, marks=[goal])
    plain = draw([BALL], camera=CAMERA, window=WINDOW)
    assert marked.split("<circle")[0].count("<path") == plain.split("<circle")[0].count("<path") + 1


@pytest.mark.parametrize(("y", "transparent"), [(1.0, False), (-1.0, True)])
def test_boxes_in_front_are_transparent(y, transparent):
    corners = np.stack(np.meshgrid(*[(-0.2, 0.2)] * 3), axis=-1).reshape(-1, 3)
    box = Polyhedron(corners + np.array([0.0, y, 0.2]))
    picture = draw([BALL], camera=CAMERA, boxes=[box], window=WINDOW)
    assert ('opacity="0.25"' in picture) == transparent
    assert ("<path" in picture.split("<circle")[1]) == transparent


def test_the_shadow_falls_on_the_ground_below():
    low, high = (
        draw([BALL], relief=relief_of(np.full((9, 9), height)), window=WINDOW)
        for height in (0.0, 0.2)
    )
    shadows = [picture.split('fill="#000"')[0].rsplit("<path", 1)[1] for picture in (low, high)]
    rows = [float(shadow.split('"M')[1].split("L")[0].split()[1]) for shadow in shadows]
    assert rows[1] < rows[0], "higher ground is higher up in the picture"


def test_how_near_is_measured_along_the_ground():
    assert nearness(np.array([[0.0, -2.0, 5.0]]), CAMERA) == pytest.approx([2.0])
