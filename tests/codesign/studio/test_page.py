"""The page in a real browser: what a user clicks, and what comes of it.

Most tests share one page that draws nothing, and begin with the design as it was opened.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_erosion

from codesign.api import load_run
from codesign.studio.facts import facts
from codesign.studio.files import as_json
from codesign.studio.improving import Evolution
from codesign.studio.uploads import read_upload
from codesign.studio.walking import Setting
from morph_ops.graph import limbs, root
from morph_ops.identity import body_hash
from tests.helpers.browser import visit, wait_until

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
#: What the list "Selected" shows.
SELECTED = """[...document.querySelectorAll('input')].map(each => each.value)
    .find(text => /^(torso|limb)/.test(text))"""
#: What is shown about what the pointer or the keyboard is on.
HELP = "document.querySelector('#codesign-help:not([hidden])')?.textContent ?? ''"


@pytest.fixture(scope="module")
def studio(body, small_run):
    one = app.Studio(
        app.Source(
            opened=session.Opened(graph=body, name="walker"),
            run=load_run(small_run.path),
            title="test",
        ),
        setting=Setting(controller="flat-v0", best_of=1),
        evolution=Evolution(rounds=1, children=4, parents=1, episodes=1, offered_episodes=1),
        port=0,
    )
    yield one
    one.close()


@pytest.fixture(scope="module")
def new_tab(chromium, studio):
    """A function that opens a tab; all close with the last test."""

    def opened(**options):
        visits.append(visit(chromium, studio.address, **options))
        return Tab(visits[-1])

    visits = []
    yield opened
    for each in visits:
        each.page.context.close()


@pytest.fixture(scope="module")
def shared_tab(new_tab):
    return new_tab(drawn="nothing")


@pytest.fixture(scope="module")
def drawn_tab(new_tab):
    """A tab that draws, in a dark browser."""
    return new_tab(drawn="no shadows", dark=True)


@pytest.fixture
def tab(shared_tab):
    """The shared tab with the design as it was opened."""
    shared_tab.begin()
    return shared_tab


class Tab:
    """A tab of the studio."""

    def __init__(self, seen):
        self.visit, self.page = seen, seen.page
        self.visit.until(IS_SCORE)

    def begin(self):
        """Open the design that the studio was started with, and select its torso."""
        self.open_tab("Design")
        if self.named("Reset").is_enabled():
            self.after(lambda: self.button("Reset"))
        self.page.evaluate("document.activeElement.blur()")
        while (selected := self.visit.until(SELECTED)) != "torso":
            self.page.keyboard.press("n")
            self.visit.until(f"{SELECTED} !== '{selected}'")

    def score(self):
        """The final score, when it is there."""
        self.visit.until(f"{IS_SCORE} && document.body.innerText.includes(', 32 episodes')")
        return float(self.page.evaluate(SCORE))

    def after(self, act):
        """Do something, and wait for the gait and the score that follow."""
        before = self.page.evaluate(GAIT)
        act()
        self.visit.until(f"{GAIT} > {before} && {IS_SCORE}")

    def select(self, title, *, presses):
        """Select a node by the keyboard."""
        for _ in range(presses):
            self.page.keyboard.press("n")
        self.visit.until(f"{SELECTED} === '{title}'", seconds=20.0)

    def slide(self, label, key):
        """Press a key on the slider with a label."""
        row = self.page.get_by_text(label, exact=True).locator(
            "xpath=ancestor::*[.//*[@role='slider']][1]"
        )
        row.get_by_role("slider").focus()
        self.page.keyboard.press(key)

    def named(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def button(self, name):
        self.named(name).click()

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
        self.named("Open a robot file").wait_for()
        field = self.page.locator(
            "xpath=//button[contains(., 'Open a robot file')]/preceding-sibling::input"
        )
        field.set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})


def test_a_slider_changes_score_and_body(tab, body):
    score = tab.score()
    tab.select("limb 1 (right, on limb 0)", presses=2)
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


def test_a_reload_keeps_the_design_and_its_history(tab, body):
    named = [tab.named(name) for name in ("Undo", "Redo", "Reset")]
    tab.select("limb 0 (middle)", presses=1)
    tab.after(lambda: tab.slide("Length (cm)", "ArrowLeft"))
    changed = tab.saved()
    assert body_hash(changed) != body_hash(body)
    tab.page.reload()
    again = Tab(tab.visit)
    assert body_hash(again.saved()) == body_hash(changed)
    assert [each.is_enabled() for each in named] == [True, False, True]
    again.after(lambda: again.button("Undo"))
    assert body_hash(again.saved()) == body_hash(body)
    assert [each.is_enabled() for each in named[1:]] == [True, False]


def test_tabs_do_not_disturb_each_other_and_end_when_they_close(studio, tab, new_tab, body):
    before = studio.sessions
    one = new_tab(drawn="nothing")
    assert studio.sessions == before + 1
    one.after(lambda: one.button("Add a limb here"))
    assert len(limbs(one.saved())) > len(limbs(body))
    assert body_hash(tab.saved()) == body_hash(body)
    one.page.close()
    wait_until(lambda: studio.sessions == before)
    tab.after(lambda: tab.button("Add a limb here"))


def test_reset_opens_the_design_again_and_can_be_undone(tab, body):
    tab.after(lambda: tab.button("Add a limb here"))
    more = tab.saved()
    tab.after(lambda: tab.button("Reset"))
    assert body_hash(tab.saved()) == body_hash(body)
    assert not tab.named("Reset").is_enabled()
    tab.after(lambda: tab.button("Undo"))
    assert body_hash(tab.saved()) == body_hash(more)


def test_help_shows_for_the_pointer_and_for_the_keyboard(tab):
    tab.named("Add a limb here").hover()
    tab.visit.until(f"({HELP}).includes('at most 10 limbs')", seconds=10.0)
    tab.page.keyboard.press("Escape")
    assert tab.page.evaluate(HELP) == ""
    tab.named("Add a limb here").focus()
    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.press("Shift+Tab")
    tab.visit.until(f"({HELP}).includes('500 to 1000 kg/m³ in steps of 100')", seconds=10.0)


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
    tab.after(lambda: tab.page.keyboard.press("Control+z"))
    tab.visit.until("document.title.includes('other-one')")


def test_evolution_says_how_far_it_is_and_one_child_is_taken(tab, body):
    tab.open_tab("Improve")
    tab.button("Improve the body")
    tab.named("Stop").wait_for(timeout=10_000)
    tab.visit.until("document.querySelector('[data-progress]')?.textContent.includes('children')")
    tab.named("Take child 1").wait_for(timeout=120_000)
    tab.named("Improve the body").wait_for(timeout=10_000)
    tab.after(lambda: tab.button("Take child 1"))
    child = tab.saved()
    assert body_hash(child) != body_hash(body)
    tab.after(lambda: tab.page.keyboard.press("Control+z"))
    assert body_hash(tab.saved()) == body_hash(body)


def test_the_gallery_shows_bodies_of_the_run_and_opens_one(tab, small_run):
    tab.open_tab("Gallery")
    best = load_run(small_run.path).best(1)[0]
    tab.after(lambda: tab.button(f"Open {best.number}"))
    assert body_hash(tab.saved()) == best.hash
    assert tab.page.title().endswith(f"candidate-{best.number:05d} - codesign studio")


def test_the_root_is_never_removed(tab, body):
    before = body_hash(tab.saved())
    tab.page.keyboard.press("x")
    tab.page.get_by_text("which every body has").wait_for(timeout=10_000)
    assert root(tab.saved()) == root(body)
    assert body_hash(tab.saved()) == before


def test_the_robot_walks_and_the_console_is_quiet(drawn_tab, body):
    tab = drawn_tab
    tab.score()
    assert tab.page.title() == "walker - codesign studio"
    assert not any(tab.named(name).is_enabled() for name in ("Undo", "Redo", "Reset"))
    first = _pixels(tab.visit.screenshot())

    def moved():
        changed = np.abs(first - _pixels(tab.visit.screenshot()))[:, :900]
        return (changed > 40).mean() > 0.002

    wait_until(moved)
    assert tab.visit.errors == []
    assert body_hash(tab.saved()) == body_hash(body)


def test_a_click_selects_a_limb(drawn_tab):
    tab = drawn_tab
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
    tab.visit.until(f"{SELECTED}.startsWith('limb ')", seconds=10.0)


def test_the_page_follows_a_dark_browser(tab, drawn_tab):
    drawn_tab.visit.until("document.documentElement.dataset.mantineColorScheme === 'dark'")
    light, dark = (
        _pixels(each.visit.screenshot())[300:500, 1000:1200].mean() for each in (tab, drawn_tab)
    )
    assert dark < 100 < light


def _pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)
