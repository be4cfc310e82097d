"""What viser's page has no message for: the browser's theme, dropped files, title, and reloads.

A tab keeps its design in the session storage of the browser, which lasts over a reload and ends
with the tab. So nothing of a tab stays here after it is closed.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from viser import _messages as messages

if TYPE_CHECKING:
    import viser

__all__ = ["keep_design", "limit_uploads", "run_script", "set_title", "start_page"]

#: Largest design that a tab keeps over a reload (characters); browsers hold about 5 million.
_LARGEST_KEPT = 4_000_000


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


def keep_design(client: viser.ClientHandle, *, key: str, name: str, text: str) -> None:
    """Let a tab keep its design over a reload.

    Args:
        client: The tab.
        key: Key of the design in the browser.
        name: Name of the design.
        text: The body as JSON; one that is too long for a browser is not kept.
    """
    if len(text) > _LARGEST_KEPT:
        return
    value = json.dumps(json.dumps({"name": name, "text": text}))
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
            f"The file has {message.size_bytes / 1e6:.0f} MB: robot files have at most "
            f"{largest / 1e6:.0f} MB.",
            color="red",
        )

    interface.unregister_handler(messages.FileTransferStartUpload)
    interface.register_handler(messages.FileTransferStartUpload, take_small)
