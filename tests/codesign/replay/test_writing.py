"""Files of replays: formats, sizes, what is missing, and what an interruption leaves."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageSequence

from codesign.errors import UsageError
from codesign.replay import FilmSettings, writing
from codesign.replay.page import replay_page
from codesign.replay.settings import MOST_ROBOTS, require_format
from codesign.replay.writing import write_recordings

SMALL = FilmSettings(size=(120, 90), fps=5.0, stills=3)


def written(recordings, path, **options):
    write_recordings(recordings, path, title="a replay", settings=SMALL, **options)
    return path


def test_a_gif_has_the_frames_and_lasts_as_long_as_the_part(recordings, tmp_path):
    path = written([recordings[0].part(0.0, 1.0)], tmp_path / "a.gif")
    with Image.open(path) as film:
        assert film.size == (120, 90)
        lengths = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert lengths == [200] * 6


def test_a_png_and_an_svg_are_strips(recordings, tmp_path):
    with Image.open(written(recordings[:2], tmp_path / "a.png")) as picture:
        assert picture.size == (3 * 124 - 4, 2 * (90 + 28))
    assert written(recordings, tmp_path / "a.svg").read_text("utf-8").startswith("<svg")


def test_a_video_can_be_read(recordings, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="needs codesign[video]")
    path = written([recordings[0].part(0.0, 1.0)], tmp_path / "a.mp4")
    count, seconds = ffmpeg.count_frames_and_secs(str(path))
    assert (count, seconds) == (6, pytest.approx(1.2, abs=0.05))


def test_a_page_stands_alone_and_escapes_names(recordings, tmp_path):
    pytest.importorskip("viser", reason="needs codesign[studio]")
    text = replay_page(recordings, title="<script>alert(1)</script>")
    assert "<script>alert" not in text
    assert "a <note>" not in text, "text of robots cannot end the element that holds it"
    assert 700_000 < len(text) < 2_000_000
    assert "codesignReplay" in text


def test_twelve_long_episodes_fit_into_five_megabytes(recordings):
    pytest.importorskip("viser", reason="needs codesign[studio]")

    def long(one):
        states = np.resize(np.arange(one.steps + 1), 1001)
        steps = np.resize(np.arange(one.steps), 1000)
        assert one.steps < 1000
        return replace(
            one, qpos=one.qpos[states], contacts=one.contacts[states], torso=one.torso[states],
            contact_points=one.contact_points[states], rewards=one.rewards[steps],
            efforts=one.efforts[steps],
        )  # fmt: skip

    most = max(recordings, key=lambda each: each.model.nbody)
    assert len(replay_page([long(most)] * MOST_ROBOTS, title="many")) < 5_000_000


def test_too_many_robots_are_refused(recordings):
    with pytest.raises(UsageError, match="a replay shows 1 to 12 robots, got 13"):
        replay_page(recordings[:1] * 13, title="many")


def test_a_file_that_is_there_is_replaced_whole_or_not_at_all(recordings, tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    path.write_text("before")

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing, "frames", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            written(recordings, path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.gif"]
    assert path.read_text() == "before"
    written([recordings[0].part(0.0, 0.5)], path)
    assert path.read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("ending", "package", "remedy"),
    [(".html", "viser", "codesign\\[studio\\]"), (".mp4", "imageio_ffmpeg", "codesign\\[video\\]")],
)
def test_a_missing_package_has_a_remedy(ending, package, remedy, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "codesign.replay.settings.find_spec", lambda name: None if name == package else find(name)
    )
    with pytest.raises(UsageError, match=f"requires {package}: run pip install '{remedy}'"):
        require_format(tmp_path / f"a{ending}")


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"ends with .html, .gif, .mp4, .png or .svg, got .mov"):
        require_format(tmp_path / "a.mov")
    with pytest.raises(UsageError, match="got no ending"):
        require_format(tmp_path / "a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (10, 300)}, "size: expected sides of 32 to 3840 px, got 10x300"),
        ({"fps": 0.0}, "fps: expected 1 to 60, got 0"),
        ({"stills": 0}, "stills: expected 1 to 50, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        FilmSettings(**options)
