"""The tab "View": playing, ground, theme, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesign.studio.cards import columns
from codesign.studio.controls import when_changed
from hyperdistill_core.tasks import TASKS

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["ViewTab"]

_RATES = {"real time": 1.0, "half": 0.5, "quarter": 0.25, "double": 2.0}
_KEYS = (
    ("Ctrl+Z, Ctrl+Y", "undo, redo"),
    ("N, B", "next part, part before"),
    ("A, X", "add a limb, remove this limb"),
    ("S", "save as JSON"),
    ("P, R", "pause, start again"),
    ("Ctrl+K", "find a command"),
)


class ViewTab:
    """How things are shown.

    Args:
        session: The work of the tab.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        gui = session.client.gui
        self._play = gui.add_button_group("Gait", ("Pause", "Play", "Restart"))
        self._play.on_click(lambda event: session.post(lambda: self.play(event.target.value)))
        self._rate = gui.add_dropdown("Speed", tuple(_RATES))
        when_changed(self._rate, lambda text: session.post(lambda: self._set_rate(text)))
        self._task = gui.add_dropdown(
            "Ground",
            tuple(TASKS),
            initial_value=session.setting.task,
            hint="The task that the design is scored on.",
        )
        when_changed(self._task, lambda name: session.post(lambda: session.set_task(name)))
        theme = gui.add_button_group("Theme", ("Light", "Dark"))
        theme.on_click(
            lambda event: session.post(lambda: self.set_theme(dark=event.target.value == "Dark"))
        )
        keys = columns(_KEYS)
        gui.add_html(f'<div style="margin:0 0.75em;font-size:0.85em">{keys}</div>')

    def play(self, what: str) -> None:
        """Pause, go on, or begin again.

        Args:
            what: "Pause", "Play", "Restart", or "" for the other of the first two.
        """
        stage = self._session.stage
        stage.playing = (not stage.playing) if not what else what != "Pause"
        if what == "Restart":
            stage.restart()

    def _set_rate(self, text: str) -> None:
        self._session.stage.rate = _RATES[text]

    def set_theme(self, *, dark: bool) -> None:
        """Show page and ground in light or dark.

        Args:
            dark: Whether in dark.
        """
        self._session.client.gui.configure_theme(
            dark_mode=dark,
            show_logo=False,
            show_share_button=False,
            control_width="medium",
            brand_color=(34, 100, 190),
        )
        self._session.stage.furnish(dark=dark)
