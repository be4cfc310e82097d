"""The page in a real browser: what a user clicks, and what comes of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_erosion

from codesign.studio.facts import facts
from codesign.studio.files import as_json, read_upload
from codesign.studio.walking import Setting
from morph_ops.graph import limbs, root
from morph_ops.identity import body_hash
from tests.helpers.browser import wait_until

app = pytest.importorskip("codesign.studio.app", reason="needs viser, of codesign[studio]")
session = pytest.importorskip("codesign.studio.session", reason="needs viser")

pytestmark = [
    pytest.mark.slow,
    # The last frame of a tab that a test closes.
    pytest.mark.filterwarnings("ignore:Queued a"),
]

SCORE = "document.querySelector('[data-score]')?.dataset.score"
IS_SCORE = f"!isNaN(parseFloat({SCORE}))"
GAIT = "Number(document.querySelector('[data-gait]')?.dataset.gait ?? 0)"
#: What the list "Part" shows.
PART = """[...document.querySelectorAll('input')].map(each => each.value)
    .find(text => /^(torso|limb)/.test(text))"""


@pytest.fixture(scope="module")
def studio(body):
    one = app.Studio(
        app.Source(opened=session.Opened(graph=body, name="walker"), title="test"),
        setting=Setting(controller="flat-v0", best_of=1),
        port=0,
    )
    yield one
    one.close()


class Tab:
    """A tab of the studio."""

    def __init__(self, visit):
        self.visit, self.page = visit, visit.page
        self.visit.until(IS_SCORE)

    def score(self):
        """The final score, when it is there."""
        self.visit.until(f"{IS_SCORE} && document.body.innerText.includes(' 32 episodes')")
        return float(self.page.evaluate(SCORE))

    def after(self, act):
        """Do something, and wait for the gait and the score that follow."""
        before = self.page.evaluate(GAIT)
        act()
        self.visit.until(f"{GAIT} > {before} && {IS_SCORE}")

    def select(self, name, *, presses):
        """Select a part by the keyboard."""
        for _ in range(presses):
            self.page.keyboard.press("n")
        self.visit.until(f"{PART} === '{name}'", seconds=20.0)

    def slide(self, label, key):
        """Press a key on the slider with a label."""
        row = self.page.get_by_text(label, exact=True).locator(
            "xpath=ancestor::*[.//*[@role='slider']][1]"
        )
        row.get_by_role("slider").focus()
        self.page.keyboard.press(key)

    def button(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def open_tab(self, name):
        self.page.get_by_role("tab", name=name).click()

    def saved(self):
        """The body that the tab saves as JSON."""
        with self.page.expect_download(timeout=30_000) as download:
            self.page.keyboard.press("s")
        content = Path(download.value.path()).read_bytes()
        return read_upload(download.value.suggested_filename, content)

    def upload(self, name, content):
        """Choose a file in the tab "File"."""
        self.open_tab("File")
        self.page.get_by_role("button", name="Open a robot file").wait_for()
        field = self.page.locator(
            "xpath=//button[contains(., 'Open a robot file')]/preceding-sibling::input"
        )
        field.set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})


@pytest.fixture
def tab(studio, open_page):
    return Tab(open_page(studio.address))


def test_the_robot_walks_and_the_console_is_quiet(tab, body):
    tab.score()
    assert tab.page.title() == "walker - codesign studio"
    first = _pixels(tab.visit.screenshot())

    def moved():
        changed = np.abs(first - _pixels(tab.visit.screenshot()))[:, :900]
        return (changed > 40).mean() > 0.002

    wait_until(moved)
    assert tab.visit.errors == []
    assert body_hash(tab.saved()) == body_hash(body)


def test_a_slider_changes_score_and_body(tab, body):
    score = tab.score()
    tab.select("limb/1", presses=2)
    tab.after(lambda: tab.slide("Length (cm)", "ArrowRight"))
    assert tab.score() != score
    changed = tab.saved()
    assert facts(changed, "limb/1").length == facts(changed, "limb/2").length == 0.4
    assert facts(body, "limb/1").length == 0.3


def test_limbs_come_and_go_and_undo_brings_the_body_back(tab, body):
    tab.after(lambda: tab.button("Add a limb here"))
    more = tab.saved()
    assert len(limbs(more)) > len(limbs(body))
    tab.after(lambda: tab.page.keyboard.press("x"))
    assert len(limbs(tab.saved())) == len(limbs(body))
    tab.after(lambda: tab.button("Undo"))
    assert body_hash(tab.saved()) == body_hash(more)
    tab.after(lambda: tab.page.keyboard.press("Control+z"))
    assert body_hash(tab.saved()) == body_hash(body)
    tab.after(lambda: tab.page.keyboard.press("Control+y"))
    assert body_hash(tab.saved()) == body_hash(more)


def test_a_reload_keeps_the_design(tab, body):
    tab.select("limb/0", presses=1)
    tab.after(lambda: tab.slide("Length (cm)", "ArrowLeft"))
    changed = tab.saved()
    assert body_hash(changed) != body_hash(body)
    tab.page.reload()
    again = Tab(tab.visit)
    assert body_hash(again.saved()) == body_hash(changed)


def test_tabs_do_not_disturb_each_other_and_end_when_they_close(studio, open_page, body):
    wait_until(lambda: studio.sessions == 0)
    one, two = (Tab(open_page(studio.address)) for _ in range(2))
    assert studio.sessions == 2
    one.after(lambda: one.button("Add a limb here"))
    assert len(limbs(one.saved())) > len(limbs(body))
    assert body_hash(two.saved()) == body_hash(body)
    one.page.close()
    wait_until(lambda: studio.sessions == 1)
    two.after(lambda: two.button("Add a limb here"))


def test_a_broken_upload_costs_a_message(tab, body):
    tab.upload("broken.xml", b"<mujoco>")
    tab.page.get_by_text("Not opened").wait_for(timeout=30_000)
    message = tab.page.get_by_text("broken.xml: ").inner_text()
    assert "/tmp" not in message
    assert body_hash(tab.saved()) == body_hash(body)
    assert tab.visit.errors == []


def test_an_upload_opens_and_so_does_a_dropped_file(tab, body):
    other = json.loads(as_json(body))
    tab.after(lambda: tab.upload("other one.json", json.dumps(other).encode()))
    tab.visit.until("document.title.startsWith('other-one')")
    drop = """text => {
        const files = new DataTransfer();
        files.items.add(new File([text], 'dropped.json'));
        window.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true}));
    }"""
    tab.after(lambda: tab.page.evaluate(drop, json.dumps(other)))
    tab.visit.until("document.title.startsWith('dropped')")


def test_a_click_selects_a_part(tab):
    tab.page.keyboard.press("p")
    tab.page.wait_for_timeout(500)
    # Below the message of a browser without a graphics card, limbs are what has a color; the
    # torso, which is selected, is magenta.
    picture = _pixels(tab.visit.screenshot())[150:, :900]
    colored = np.ptp(picture, axis=2) > 60.0
    magenta = (picture[..., 0] > 150.0) & (picture[..., 1] < 130.0) & (picture[..., 2] > 80.0)
    inside = binary_erosion(colored & ~magenta, iterations=4)
    rows, columns = np.nonzero(inside)
    x, y = int(columns[-1]), int(rows[-1]) + 150
    tab.page.mouse.click(x, y)
    tab.visit.until(f"{PART}.startsWith('limb/')", seconds=10.0)


def test_the_page_follows_a_dark_browser(studio, open_page):
    tab = Tab(open_page(studio.address, dark=True))
    tab.visit.until("document.documentElement.dataset.mantineColorScheme === 'dark'")
    light, dark = (
        _pixels(each.screenshot())[300:500, 1000:1200].mean()
        for each in (open_page(studio.address), tab.visit)
    )
    assert dark < 100 < light


def test_evolution_offers_children_and_one_is_taken(tab, body):
    tab.open_tab("Improve")
    tab.button("Improve the body")
    tab.page.get_by_role("button", name="Take child 1").wait_for(timeout=120_000)
    tab.after(lambda: tab.button("Take child 1"))
    child = tab.saved()
    assert body_hash(child) != body_hash(body)
    tab.after(lambda: tab.page.keyboard.press("Control+z"))
    assert body_hash(tab.saved()) == body_hash(body)


def test_the_root_is_never_removed(tab, body):
    tab.page.keyboard.press("x")
    tab.page.get_by_text("which every body has").wait_for(timeout=10_000)
    assert root(tab.saved()) == root(body)


def _pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)
