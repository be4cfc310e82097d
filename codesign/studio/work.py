"""The controls of work in the background: one button that starts and stops it, and its progress."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from viser import Icon

from codesign.studio.browser import explain

if TYPE_CHECKING:
    from viser import IconName

    from codesign.studio.session import Session

__all__ = ["WorkControls"]


class WorkControls:
    """A button, a progress bar, and a line that says how far the work is.

    Args:
        session: The work of the tab.
        label: What the button says while nothing goes on.
        icon: Its icon then.
        help_text: Its help.
        on_start: Called in the actor when the work is to begin.
        on_stop: Called in the actor when it is to end early.
    """

    def __init__(
        self,
        session: Session,
        *,
        label: str,
        icon: IconName,
        help_text: str,
        on_start: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._label, self._icon = label, icon
        self._on_start, self._on_stop = on_start, on_stop
        self._runs = False
        gui = session.client.gui
        self._button = gui.add_button(label, icon=icon)
        self._button.on_click(lambda _: session.post(self._pressed))
        explain(session.client, self._button, help_text)
        self._progress = gui.add_progress_bar(0.0, visible=False)
        self._text = gui.add_html("", visible=False)

    def begin(self, text: str) -> None:
        """Show that the work goes on, and how to stop it.

        Args:
            text: What is done first.
        """
        self._runs = True
        # One button, so that the keyboard stays on it.
        self._button.label, self._button.icon = "Stop", Icon.PLAYER_STOP
        self._button.color = "red"
        self._progress.visible = self._text.visible = True
        self.show(0.0, text)

    def show(self, share: float, text: str) -> None:
        """Show how far the work is.

        Args:
            share: Share of the work that is done (0..1).
            text: What it has found so far.
        """
        percent = 100.0 * min(1.0, max(0.0, share))
        self._progress.value = percent
        self._text.content = (
            '<div style="margin:0 0.75em 0.5em;font-size:0.85em;line-height:1.4" '
            f'data-progress="{percent:.0f}"><b>{percent:.0f}%</b> {escape(text)}</div>'
        )

    def end(self) -> None:
        """Show that nothing goes on."""
        self._runs = False
        self._button.label, self._button.icon = self._label, self._icon
        self._button.color, self._button.disabled = None, False
        self._progress.visible = self._text.visible = False

    def _pressed(self) -> None:
        if not self._runs:
            self._on_start()
            return
        self._button.label, self._button.disabled = "Stopping", True
        self._on_stop()
