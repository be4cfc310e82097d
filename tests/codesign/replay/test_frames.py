"""Frames show the robot, whole, at the right moment."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.replay.frames import Film, frames, rendered
from codesign.replay.stills import strip

from .conftest import recording_of

SVG = "{http://www.w3.org/2000/svg}"


def ids_of(text):
    return [each.get("id") for each in ElementTree.fromstring(text).iter() if each.get("id")]


def test_a_film_has_a_frame_for_each_moment(recordings):
    part = recordings[0].part(0.0, 1.0)
    made = list(frames([part], size=(120, 90), fps=5.0))
    assert [image.size for image in made] == [(120, 90)] * 6
    assert np.any(np.asarray(made[0]) != np.asarray(made[-1]))


def test_robots_share_a_frame_in_tiles(recordings):
    [first, *_] = frames(recordings, size=(300, 100), fps=1.0, only=1)
    pixels = np.asarray(first)
    for left in (0, 100, 200):
        assert (pixels[:, left : left + 100] < 200).any(), "each tile shows a robot"


def test_the_robot_is_whole_in_every_picture(recordings):
    film = Film(recordings[0], size=(160, 120))
    for step in range(0, recordings[0].steps, 10):
        pixels = np.asarray(rendered(film.picture(step)).convert("HSV"))
        colorful = pixels[..., 1] > 90
        assert colorful.any()
        assert not colorful[:, [0, -1]].any()
        assert not colorful[[0, -1]].any()


def test_captions_have_time_distance_and_fall(recordings):
    film = Film(recordings[0], size=(160, 120))
    assert film.caption(0) == "0.0 s   0.0 m"
    assert film.step_at(0.5) == 25
    assert film.step_at(99.0) == recordings[0].steps
    assert film.caption(recordings[0].steps).endswith("fell") == recordings[0].fell


def test_a_strip_has_a_row_a_robot_and_ids_of_its_own(recordings):
    text = strip(recordings, size=(120, 90), count=3)
    picture = ElementTree.fromstring(text)
    assert picture.get("viewBox") == f"0 0 {3 * 124 - 4} {3 * (90 + 28)}"
    shots = picture.findall(f"{SVG}svg")
    assert [shot.get("x") for shot in shots] == ["0", "124", "248"] * 3
    assert recordings[0].name in "".join(picture.itertext())
    assert len(ids_of(text)) == len(set(ids_of(text)))


def test_a_part_is_an_episode_of_its_own(recordings):
    whole = recordings[0]
    part = whole.part(0.5, 1.0)
    assert (part.steps, part.seconds, part.fell) == (25, 0.5, False)
    assert part.score == pytest.approx(whole.rewards[25:50].sum())
    assert part.distance == pytest.approx(whole.torso[50, 0] - whole.torso[25, 0])
    assert whole.part(0.0, 99.0).fell == whole.fell


def test_a_part_after_the_end_is_refused(recordings):
    with pytest.raises(UsageError, match="seconds: expected a part of the"):
        recordings[0].part(50.0, 60.0)


def paths_of(picture):
    return [each for each in ElementTree.fromstring(picture).iter(f"{SVG}path") if each.get("fill")]


@pytest.mark.parametrize(("task", "uneven"), [("flat", False), ("incline", True)])
def test_uneven_ground_is_drawn_and_flat_ground_is_not(task, uneven):
    recorded = recording_of(3, steps=5, task=task)
    picture = Film(recorded, size=(160, 120)).picture(0)
    assert ("<mask" in picture) == uneven
    assert ('stroke="#888"' in picture) != uneven, "lines on the floor"


def test_pictures_can_refer_to_one_ground():
    recorded = recording_of(3, steps=20, task="incline")
    film = Film(recorded, size=(160, 120), steady=True, ground="hill")
    pictures = [film.picture(step) for step in (0, recorded.steps)]
    assert '<use href="#hill" x="0" y="0"/>' in pictures[0]
    assert film.ground().startswith('<g id="hill"><path')
    assert all(len(paths_of(picture)) < len(paths_of(pictures[0])) + 9 for picture in pictures)
    x = float(pictures[1].split('<use href="#hill" x="')[1].split('"')[0])
    moved = recorded.torso[-1, 0] - recorded.torso[0, 0]
    assert x * moved < 0.0, "the ground goes back as the robot goes on"
    assert Film(recording_of(3, steps=5), size=(160, 120), ground="none").ground() == ""


def test_goals_nearby_are_marked():
    recorded = recording_of(3, steps=5, task="patrol")
    assert recorded.goals[1][:2] == (0.0, 0.0)
    marked = Film(recorded, size=(160, 120)).picture(0)
    bare = Film(replace(recorded, goals=()), size=(160, 120)).picture(0)
    assert len(paths_of(marked)) == len(paths_of(bare)) + 1, "the other one is 10 m away"


def test_an_object_far_away_does_not_make_the_robot_small():
    robot = Film(recording_of(3, steps=5, task="mvt"), size=(160, 120)).picture(0)
    pixels = np.asarray(rendered(robot).convert("HSV"))[..., 1] > 90
    columns = np.flatnonzero(pixels.any(axis=0))
    rows = np.flatnonzero(pixels.any(axis=1))
    assert max(np.ptp(columns) / 160, np.ptp(rows) / 120) > 0.6


def test_obstacles_nearby_are_drawn():
    recorded = recording_of(3, steps=5, task="obstacle")
    bare = Film(recorded, size=(160, 120)).picture(0)
    recorded.model.geom("obstacle/0").pos[:2] = 0.0
    moved = Film(recorded, size=(160, 120)).picture(0)
    assert len(paths_of(moved)) > len(paths_of(bare))
