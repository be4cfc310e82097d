"""Frames show the robot, whole, at the right moment."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.replay.frames import Film, frames, rendered
from codesign.replay.stills import strip

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
