"""Reports in a real browser: one page, which each test leaves as a reader could."""

from __future__ import annotations

import pytest

from tests.helpers.browser import visit, wait_until


@pytest.fixture(scope="module")
def opened(page, chromium):
    made = visit(chromium, page)
    wait_until(lambda: made.page.locator(".chart .main-svg").count() >= 6)
    yield made
    made.page.context.close()


def test_the_page_opens_without_errors_or_requests(opened):
    assert opened.errors == []
    assert opened.requests == []


def test_a_click_in_the_phylogeny_shows_the_body_beside_its_parent(opened):
    shown = "document.querySelector('#relative h3').textContent"
    first = opened.page.evaluate(shown)
    assert first.endswith("design 1")
    pressed = opened.page.locator(".relative[aria-pressed=true]")
    assert pressed.count() == 1
    others = opened.page.locator(".relative[aria-pressed=false]")
    others.first.click()
    assert opened.page.evaluate(shown) != first
    assert pressed.count() == 1
    pressed.press("ArrowRight")
    assert pressed.count() == 1
    assert pressed.evaluate("one => one === document.activeElement")


def test_bodies_move_until_they_are_paused(opened):
    opened.page.locator(".film").first.scroll_into_view_if_needed()
    frame = "document.querySelector('.film use').getAttribute('href')"
    first = opened.page.evaluate(frame)
    wait_until(lambda: opened.page.evaluate(frame) != first)
    pause = opened.page.locator(".motion").first
    assert pause.get_attribute("aria-label") == "Pause all moving pictures"
    pause.press("Enter")
    assert pause.get_attribute("aria-label") == "Play all moving pictures"
    stopped = opened.page.evaluate(frame)
    opened.page.wait_for_timeout(150)
    assert opened.page.evaluate(frame) == stopped


def test_charts_follow_the_theme(opened):
    color = "getComputedStyle(document.querySelector('.chart .xtitle')).fill"
    light = opened.page.evaluate(color)
    opened.page.emulate_media(color_scheme="dark")
    wait_until(lambda: opened.page.evaluate(color) != light)


def test_paper_has_stills_in_place_of_motion(opened):
    strobe = opened.page.locator(".design .strobe").first
    assert not strobe.is_visible()
    opened.page.emulate_media(media="print")
    assert strobe.is_visible()
    assert opened.page.locator(".film:visible").count() == 0
    opened.page.emulate_media(media="screen")


def test_nothing_sticks_out_of_a_narrow_window(opened):
    opened.page.set_viewport_size({"width": 420, "height": 800})
    wait_until(lambda: opened.page.evaluate("document.documentElement.scrollWidth") <= 420)


def test_bodies_stand_for_who_wants_no_motion(opened):
    opened.page.emulate_media(reduced_motion="reduce")
    opened.page.reload()
    button = opened.page.locator(".motion").first
    assert button.get_attribute("aria-label") == "Play all moving pictures"
