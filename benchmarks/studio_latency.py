"""Latency of the studio: from a change of the body to its new gait, and to its first score.

    python benchmarks/studio_latency.py [ROBOT|RUN] [--changes 30] [--controller NAME|FILE]
        [--task NAME]

Prints median and worst of the changes, once up to the moment when the walker reports them, and
once in the page of a real browser, from the key that moves a slider to the new text of the page.
The second part needs playwright and Chromium on PATH, and draws without a graphics card.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from itertools import cycle
from pathlib import Path
from queue import Queue

from codesign.studio.app import Studio
from codesign.studio.editing import set_length
from codesign.studio.opening import find_source
from codesign.studio.walking import Estimate, Gait, News, Setting, Walker
from morph_ops.graph import limbs

#: Longest time for one change (s).
PATIENCE_S = 60.0
GAIT = "Number(document.querySelector('[data-gait]')?.dataset.gait ?? 0)"
SCORE = "document.querySelector('[data-score]')?.dataset.score"
#: Watches the page as it changes; polling from outside would add its own delay.
WATCH = f"""before => new Promise(resolve => {{
    const began = performance.now(), seen = {{}};
    const look = () => {{
        const now = (performance.now() - began) / 1000;
        if ({GAIT} > before) seen.gait ??= now;
        if (seen.gait !== undefined && !isNaN(parseFloat({SCORE}))) seen.score ??= now;
        if (seen.score !== undefined) resolve(seen);
        else requestAnimationFrame(look);
    }};
    look();
}})"""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--changes", type=int, default=30)
    parser.add_argument("--controller")
    parser.add_argument("--task")
    options = parser.parse_args()
    source, setting = find_source(options.source, controller=options.controller, task=options.task)
    print(
        f"{options.changes} changes of the length of a limb, under {setting.controller} on "
        f"{setting.task}"
    )
    print(f"{'':24}{'gait median':>12}{'worst':>8}{'score median':>14}{'worst':>8}   (s)")
    if source.opened is None:
        sys.exit("name a robot or a run: a random body is another one each time")
    show("walker", of_walker(source.opened.graph, setting, options.changes))
    studio = Studio(source, setting=setting, port=0)
    try:
        show("page", of_page(studio, options.changes))
    finally:
        studio.close()


def of_walker(graph, setting: Setting, changes: int) -> list[tuple[float, float]]:
    """Times to gait and score at the walker (s), one pair a change."""
    news: Queue[News] = Queue()
    walker = Walker(setting, news.put)
    name = limbs(graph)[-1]
    times: list[tuple[float, float]] = []
    for length, _ in zip(cycle((0.2, 0.3, 0.4)), range(changes + 1), strict=False):
        began = time.perf_counter()
        walker.walk(set_length(graph, name, length))
        gait = score = None
        while score is None:
            one = news.get(timeout=PATIENCE_S)
            if isinstance(one, Gait):
                gait = time.perf_counter() - began
            elif isinstance(one, Estimate) and gait is not None:
                score = time.perf_counter() - began
        times.append((gait or score, score))
    walker.close()
    return times[1:]  # the first one waits for the process to start


def of_page(studio: Studio, changes: int) -> list[tuple[float, float]]:
    """Times to gait and score in a page (s), one pair a change; none without a browser."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.helpers.browser import chromium_path, launched, visit

    path = chromium_path()
    if path is None:
        return []
    times: list[tuple[float, float]] = []
    with launched(path) as browser:
        opened = visit(browser, studio.address)
        page = opened.page
        opened.until(f"!isNaN(parseFloat({SCORE}))")
        page.keyboard.press("b")  # the last limb
        slider = page.get_by_text("Length (cm)", exact=True).locator(
            "xpath=ancestor::*[.//*[@role='slider']][1]"
        )
        slider.get_by_role("slider").focus()
        up = True
        for _ in range(changes):
            # After a change the user reads the score for a moment.
            page.wait_for_timeout(1200)
            now = float(slider.get_by_role("slider").get_attribute("aria-valuenow") or 0)
            up = now < 40.0 if now in (20.0, 40.0) else up
            before = page.evaluate(GAIT)
            watch = page.evaluate_handle(
                f"before => {{ window.seen = ({WATCH})(before); }}", before
            )
            watch.dispose()
            page.keyboard.press("ArrowRight" if up else "ArrowLeft")
            seen = page.evaluate("window.seen")
            times.append((seen["gait"], seen["score"]))
    return times


def show(name: str, times: list[tuple[float, float]]) -> None:
    """Print a line of the table."""
    if not times:
        print(f"{name:24}needs Chromium on PATH")
        return
    gaits, scores = zip(*times, strict=True)
    figures = [statistics.median(gaits), max(gaits), statistics.median(scores), max(scores)]
    print(f"{name:24}{figures[0]:12.2f}{figures[1]:8.2f}{figures[2]:14.2f}{figures[3]:8.2f}")


if __name__ == "__main__":
    main()
