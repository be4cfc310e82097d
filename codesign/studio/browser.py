"""What viser's page has no message for: rows of buttons, help, theme, dropped files, and reloads.

A tab keeps its design in the session storage of the browser, which lasts over a reload and ends
with the tab.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from viser import _messages as messages

if TYPE_CHECKING:
    import viser

__all__ = [
    "element_id",
    "explain",
    "hide",
    "in_row",
    "keep_design",
    "limit_uploads",
    "run_script",
    "set_title",
    "start_page",
]

#: Largest design that a tab keeps over a reload (characters); browsers hold about 5 million.
_LARGEST_KEPT = 4_000_000
#: Space beside the inputs of viser's panel, and between the buttons of a row (rem).
_MARGIN, _GAP = 0.625, 0.4
#: Buttons of a row are outlined, so that the colored ones stand out.
_ROW_STYLE = """
BOXES { display: inline-block; vertical-align: top; }
BUTTONS { padding-inline: 0.3rem; font-size: 0.8rem; height: 1.8rem !important; }
BUTTONS:not([data-disabled]) {
  background: transparent; color: var(--mantine-primary-color-light-color);
  border: 1px solid var(--mantine-primary-color-filled);
}
BUTTONS:not([data-disabled]):hover { background: var(--mantine-primary-color-light-hover); }
"""


def element_id(handle: Any) -> str:
    """Id of an input in the page.

    Args:
        handle: The input, of viser.
    """
    return str(handle._impl.uuid)


def run_script(client: viser.ClientHandle, source: str) -> None:
    """Run JavaScript in a tab.

    Args:
        client: The tab.
        source: The program; values in it must be JSON.
    """
    # viser runs its own charts so. pyproject.toml pins the versions that have this message.
    interface = client.gui._websock_interface  # pyright: ignore[reportPrivateUsage]
    interface.queue_message(messages.RunJavascriptMessage(source=source))


def start_page(client: viser.ClientHandle, **options: str) -> None:
    """Start the script of the page in a tab.

    Args:
        client: The tab.
        options: Ids of the elements that it uses, and the key of the design in the browser.
    """
    script = (resources.files("codesign.studio") / "page.js").read_text("utf-8")
    run_script(client, f"const OPTIONS = {json.dumps(options)};\n{script}")


def set_title(client: viser.ClientHandle, title: str) -> None:
    """Set the title of a tab.

    Args:
        client: The tab.
        title: The title.
    """
    run_script(client, f"document.title = {json.dumps(title)};")


def explain(client: viser.ClientHandle, handle: Any, text: str) -> None:
    """Help on an input, which shows when the pointer or the keyboard is on it.

    Args:
        client: The tab.
        handle: The input; viser shows no help on its buttons, and none by keyboard.
        text: The help.
    """
    name, value = json.dumps(element_id(handle)), json.dumps(text)
    run_script(client, f"(window.codesignHints ??= {{}})[{name}] = {value};")


def hide(client: viser.ClientHandle, *handles: Any) -> None:
    """Hide buttons that only the script of the page presses.

    Args:
        client: The tab.
        handles: The buttons.
    """
    _add_style(client, f"{_boxes(handles)} {{ display: none; }}")


def in_row(client: viser.ClientHandle, *buttons: Any) -> None:
    """Put buttons that follow each other side by side.

    Args:
        client: The tab.
        buttons: The buttons, from left to right.
    """
    ids = [element_id(button) for button in buttons]
    style = _ROW_STYLE.replace("BOXES", _boxes(buttons))
    style = style.replace("BUTTONS", f":is({', '.join(_by_id(each) for each in ids)})")
    taken = 2 * _MARGIN + (len(ids) - 1) * _GAP
    for place, each in enumerate(ids):
        left = _GAP if place else _MARGIN
        style += (
            f"div:has(> {_by_id(each)}) {{ width: calc((100% - {taken}rem) / {len(ids)}); "
            f"margin-inline: {left}rem 0 !important; }}\n"
        )
    _add_style(client, style)


def keep_design(client: viser.ClientHandle, *, key: str, **kept: str) -> None:
    """Let a tab keep its design over a reload.

    Args:
        client: The tab.
        key: Key of the design in the browser.
        kept: What the browser keeps: the name of the design, the body as JSON under ``text``, and
            so on. A body that is too long for a browser is not kept.
    """
    if len(kept.get("text", "")) > _LARGEST_KEPT:
        kept = {**kept, "text": ""}
    value = json.dumps(json.dumps(kept))
    run_script(client, f"try {{ sessionStorage.setItem({json.dumps(key)}, {value}); }} catch {{}}")


def limit_uploads(client: viser.ClientHandle, *, largest: int) -> None:
    """Take no more than a number of bytes of a tab's upload into memory.

    A file that is larger is cut off as it arrives: its first message is dropped, and viser ignores
    the others.

    Args:
        client: The tab.
        largest: Largest file (bytes).
    """
    interface: Any = client.gui._websock_interface  # pyright: ignore[reportPrivateUsage]
    take: Any = client.gui._handle_file_transfer_start  # pyright: ignore[reportPrivateUsage]

    def take_small(client_id: int, message: messages.FileTransferStartUpload) -> None:
        # A client may say one size and send another: the number of parts bounds what it can send.
        if message.size_bytes <= largest and message.part_count <= 1 + largest // 100_000:
            take(client_id, message)
            return
        client.add_notification(
            "Not opened",
            f"The file has {message.size_bytes / 1e6:.0f} MB: expected at most "
            f"{largest / 1e6:.0f} MB.",
            color="red",
        )

    interface.unregister_handler(messages.FileTransferStartUpload)
    interface.register_handler(messages.FileTransferStartUpload, take_small)


def _by_id(element: str) -> str:
    """The CSS selector of an element."""
    return f'[id="{element}"]'


def _boxes(handles: tuple[Any, ...]) -> str:
    """The CSS selector of the boxes around inputs."""
    ids = ", ".join(f"> {_by_id(element_id(handle))}" for handle in handles)
    return f"div:has({ids})"


def _add_style(client: viser.ClientHandle, style: str) -> None:
    run_script(
        client,
        "{ const style = document.createElement('style'); "
        f"style.textContent = {json.dumps(style)}; document.head.append(style); }}",
    )
