"""Pages in Chromium, without a screen or a graphics card."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Names of Chromium on PATH.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: What makes WebGL work without a graphics card, also for root.
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
#: Pixels that are drawn for one of the window, along each side: without a graphics card they are
#: most of the time of a test.
PIXELS = 0.5
#: What WebGL draws. Without a graphics card, shadows are most of the time of a page of viser, and
#: other drawing is most of what is left.
DRAWN = {
    "all": "",
    "no shadows": """
        const drawn = WebGL2RenderingContext.prototype, bind = drawn.bindFramebuffer;
        let isScreen = true;
        drawn.bindFramebuffer = function (target, buffer) {
            if (target !== this.READ_FRAMEBUFFER) isScreen = buffer === null;
            return bind.call(this, target, buffer);
        };
        for (const name of methods) {
            const draw = drawn[name];
            drawn[name] = function (...values) { if (isScreen) draw.apply(this, values); };
        }""",
    "nothing": "for (const name of methods) WebGL2RenderingContext.prototype[name] = () => {};",
}
METHODS = ["drawArrays", "drawArraysInstanced", "drawElements", "drawElementsInstanced"]
#: Addresses that need no network.
LOCAL = ("file:", "data:", "blob:", "about:")


@dataclass
class Visit:
    """An open page, and what went on in it.

    Attributes:
        page: The page.
        errors: Errors of the console, and errors that nothing in the page caught.
        requests: Addresses that the page asked for beyond itself and its own data.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def until(self, expression: str, *, seconds: float = 60.0) -> Any:
        """Wait until an expression of JavaScript is true, and return its value."""
        handle = self.page.wait_for_function(expression, timeout=1000.0 * seconds)
        return handle.json_value()

    def screenshot(self) -> bytes:
        """The page as PNG, with a pixel for each one of the window."""
        small = Image.open(io.BytesIO(self.page.screenshot()))
        width, height = (round(side / PIXELS) for side in small.size)
        whole = io.BytesIO()
        small.resize((width, height)).save(whole, "PNG")
        return whole.getvalue()


def chromium_path() -> str | None:
    """Chromium on this machine; None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """A browser for as long as the context lasts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def visit(
    browser: Browser,
    address: str | Path,
    *,
    dark: bool = False,
    drawn: str = "all",
    size: tuple[int, int] = (1280, 720),
) -> Visit:
    """Open a page in a tab of its own, with its own cookies.

    Args:
        browser: The browser.
        address: A file, or an address that starts with ``http``.
        dark: Whether the system of the user is dark.
        drawn: What WebGL draws, of :data:`DRAWN`; the rest of the page is as it is.
        size: Width and height of the window (px).
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
        device_scale_factor=PIXELS,
    )
    context.add_init_script(f"{{ const methods = {METHODS}; {DRAWN[drawn]} }}")
    opened = Visit(context.new_page())
    opened.page.on(
        "console",
        lambda message: opened.errors.append(message.text) if message.type == "error" else None,
    )
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on(
        "request",
        lambda request: (
            None if request.url.startswith(LOCAL) else opened.requests.append(request.url)
        ),
    )
    is_file = isinstance(address, Path) or not address.startswith("http")
    opened.page.goto(Path(address).resolve().as_uri() if is_file else str(address))
    return opened


def wait_until(true: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait until a function returns true.

    Raises:
        TimeoutError: It did not in this time.
    """
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not true within {seconds:g} s")
        time.sleep(0.05)
