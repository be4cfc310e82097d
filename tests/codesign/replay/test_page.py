"""A page in Chromium: it plays from disk, by mouse and keyboard, without an error or a request.

One page serves nearly all tests: without a graphics card, to open it takes longer than to use it.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from codesign.replay.page import replay_page
from tests.helpers.browser import visit

pytest.importorskip("viser", reason="needs codesign[studio]")
pytestmark = pytest.mark.slow

STATE = "window.codesignReplay"
READY = f"{STATE} && {STATE}.ready"
#: Few pixels, of a window that is wide enough for the panel at its side.
SIZE = (760, 440)
AS_NEW = f"""
{STATE}.pause(); {STATE}.seek(0); {STATE}.choose(0); {STATE}.speed = 1;
for (const name of ["follow", "contacts", "path", "loop"]) {STATE}.toggle(name, true);
{STATE}.toggle("torques", false);
"""


@pytest.fixture(scope="module")
def page_file(recordings, tmp_path_factory):
    file = tmp_path_factory.mktemp("pages") / "replay.html"
    file.write_text(replay_page(recordings, title="Three robots"), "utf-8")
    return file


@pytest.fixture(scope="module")
def shared(chromium, page_file):
    made = visit(chromium, page_file, size=SIZE, drawn="no shadows")
    made.until(READY)
    yield made
    made.page.context.close()


@pytest.fixture
def opened(shared):
    """The page as it was in the beginning, but paused."""
    shared.page.evaluate(AS_NEW)
    return shared


def value(opened, expression):
    return opened.page.evaluate(f"{STATE}.{expression}")


def paused_at(opened, seconds):
    opened.page.evaluate(f"{STATE}.pause(), {STATE}.seek({seconds})")
    settle(opened)


def settle(opened):
    """Wait some frames until the scene shows the state."""
    opened.page.evaluate(
        "new Promise((done) => { let left = 3;"
        " const next = () => left-- ? requestAnimationFrame(next) : done(); next(); })"
    )


def place_of_mesh(opened, name):
    return opened.page.evaluate(
        f"window.__viserMutable.nodeRefFromName['{name}'].position.toArray()"
    )


def camera_target(opened):
    return opened.page.evaluate(
        "(() => { const control = window.__viserMutable.cameraControl;"
        " const kind = window.__viserMutable.camera.position.constructor;"
        " return control.getTarget(new kind(), true).toArray(); })()"
    )


def test_a_scene_that_does_not_start_is_explained(open_page, page_file, tmp_path):
    text = page_file.read_text("utf-8").replace("PATIENCE_MS = 20000", "PATIENCE_MS = 100")
    without_client, count = re.subn("<script data-.*?</script>", "", text, count=1, flags=re.DOTALL)
    assert count == 1
    broken = tmp_path / "broken.html"
    broken.write_text(without_client, "utf-8")
    opened = open_page(broken)
    opened.until("document.getElementById('replay-message').textContent.includes('WebGL 2')")


def test_it_plays_without_errors_or_requests(opened):
    paused_at(opened, 0.0)
    before, first = value(opened, "positions"), opened.screenshot()
    value(opened, "play()")
    opened.until(f"{STATE}.time > 0.4")
    assert opened.screenshot() != first
    assert not np.allclose(value(opened, "positions")[0], before[0], atol=1e-3)
    assert opened.errors == []
    assert opened.requests == []


def test_meshes_are_where_the_recording_has_them(opened, recordings):
    paused_at(opened, 0.6)
    [name] = [
        f"/r1/body-{body}"
        for body in range(recordings[1].model.nbody)
        if recordings[1].model.body(body).name == recordings[1].nodes[0]
    ]
    assert place_of_mesh(opened, name) == pytest.approx(recordings[1].torso[30].tolist(), abs=1e-3)
    assert value(opened, "positions")[1][0] == pytest.approx(recordings[1].torso[30, 0], abs=1e-3)


def test_pause_seek_and_end(opened, recordings):
    paused_at(opened, 0.5)
    assert value(opened, "playing") is False
    assert value(opened, "time") == 0.5
    opened.page.locator("#replay-time").fill("0.1")
    assert value(opened, "time") == pytest.approx(0.1)
    value(opened, "seek(99)")
    assert value(opened, "time") == value(opened, "duration")
    assert value(opened, "duration") == pytest.approx(max(each.seconds for each in recordings))
    settle(opened)
    states = opened.page.locator("#replay-robots .state").all_inner_texts()
    assert states == [each.ending for each in recordings]


def test_the_keyboard_drives_it(opened):
    paused_at(opened, 0.5)
    keys = opened.page.keyboard
    keys.press("ArrowRight")
    assert value(opened, "time") == pytest.approx(0.52)
    keys.press("ArrowLeft")
    keys.press("ArrowLeft")
    assert value(opened, "time") == pytest.approx(0.48)
    keys.press("Home")
    assert value(opened, "time") == 0.0
    keys.press("Space")
    assert value(opened, "playing") is True
    keys.press("Space")
    assert value(opened, "playing") is False
    keys.press("]")
    assert value(opened, "speed") == 2
    keys.press("ArrowDown")
    assert value(opened, "options.chosen") == 1
    for key, name in {
        "f": "follow",
        "c": "contacts",
        "t": "torques",
        "p": "path",
        "l": "loop",
    }.items():
        before = value(opened, f"options.{name}")
        keys.press(key)
        assert value(opened, f"options.{name}") is not before
        button = opened.page.locator(f"#replay [data-does={name}]")
        assert button.get_attribute("aria-pressed") == str(not before).lower()
    keys.press("?")
    assert opened.page.locator("#replay-help").is_visible()
    keys.press("Escape")
    assert not opened.page.locator("#replay-help").is_visible()
    assert opened.errors == []


def test_the_camera_follows_or_stands(opened):
    paused_at(opened, 0.0)
    start = camera_target(opened)
    paused_at(opened, 1.2)
    followed = camera_target(opened)
    assert not np.allclose(followed, start, atol=1e-3)
    value(opened, "toggle('follow', false)")
    paused_at(opened, 0.2)
    assert camera_target(opened) == pytest.approx(followed, abs=1e-6)


def test_torques_and_contacts_change_the_picture(opened):
    paused_at(opened, 0.8)
    pictures = []
    for name in ("torques", "contacts", "path"):
        pictures.append(opened.screenshot())
        value(opened, f"toggle('{name}')")
        settle(opened)
    assert len(set(pictures)) == 3
    assert opened.page.locator("#replay-legend").is_visible()


def test_a_click_on_a_card_chooses_a_robot_and_its_contacts(opened, recordings):
    opened.page.locator("#replay-robots button").nth(2).click()
    assert value(opened, "options.chosen") == 2
    title = opened.page.locator("#replay-strip h2").inner_text()
    assert recordings[2].name in title


def test_it_works_in_the_dark_and_in_a_narrow_window(shared):
    shared.page.set_viewport_size({"width": 400, "height": 760})
    with shared.page.expect_navigation():  # the scene reads the colors once
        shared.page.emulate_media(color_scheme="dark")
    shared.until(READY)
    shared.page.evaluate(f"{STATE}.pause()")
    background = shared.page.evaluate(
        "getComputedStyle(document.getElementById('replay-panel')).backgroundColor"
    )
    assert max(int(part) for part in background[4:-1].split(",")) < 80
    for selector in ("[data-does=play]", "#replay-time", "#replay-panel h1"):
        box = shared.page.locator(f"#replay {selector}").first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
    assert shared.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert shared.errors == []
