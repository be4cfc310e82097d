"""Reports in a real browser."""

from __future__ import annotations

import pytest

import codesign
from codesign.config import Settings


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    settings = Settings(
        population=6, generations=4, episodes=1, in_flight=2, finalists=2, top=2, seed=1,
        reevaluation_episodes=2, workers=0, controller="flat-v0",
    )  # fmt: skip
    return codesign.write_report(
        codesign.evolve(settings, out=tmp_path_factory.mktemp("runs") / "walk")
    )


def test_the_page_opens_without_errors_or_requests(page, open_page):
    visit = open_page(page)
    visit.until("document.querySelectorAll('.chart .main-svg').length >= 6")
    assert visit.errors == []
    assert visit.requests == []


def test_a_click_in_the_phylogeny_shows_the_body_beside_its_parent(page, open_page):
    visit = open_page(page)
    shown = "document.querySelector('#relative h3').textContent"
    first = visit.page.evaluate(shown)
    assert first.endswith("design 1")
    pressed = visit.page.locator(".relative[aria-pressed=true]")
    assert pressed.count() == 1
    others = visit.page.locator(".relative[aria-pressed=false]")
    others.first.click()
    assert visit.page.evaluate(shown) != first
    assert pressed.count() == 1
    pressed.press("ArrowRight")
    assert pressed.count() == 1
    assert pressed.evaluate("one => one === document.activeElement")


def test_charts_follow_the_theme(page, open_page):
    color = "getComputedStyle(document.querySelector('.chart .xtitle')).fill"
    shades = [open_page(page, dark=dark).until(color) for dark in (False, True)]
    assert shades[0] != shades[1]


def test_nothing_sticks_out_of_a_narrow_window(page, open_page):
    visit = open_page(page, size=(420, 800))
    visit.until("document.querySelectorAll('.chart .main-svg').length >= 6")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 420
