"""The tab "View": playing, ground, theme, and the keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from viser import Icon

from codesign.api.tasks import ALL_TASKS, task_names
from codesign.studio.browser import explain, in_row
from codesign.studio.browsing import tasks_of
from codesign.studio.cards import columns
from codesign.studio.controls import when_changed

if TYPE_CHECKING:
    from codesign.api import Run
    from codesign.studio.session import Session

__all__ = ["ViewTab", "offered_tasks"]

_RATES = {"real time": 1.0, "half": 0.5, "quarter": 0.25, "double": 2.0}
_KEYS = (
    ("Ctrl+Z, Ctrl+Y", "undo, redo"),
    ("N, B", "next limb, limb before"),
    ("A, X", "add a limb, remove this one"),
    ("S", "save as JSON"),
    ("P, R, E", "pause, start again, next episode"),
    ("Ctrl+K", "find a command"),
)


class ViewTab:
    """How things are shown.

    Args:
        session: The work of the tab.
        run: The run that was opened; None without.
    """

    def __init__(self, session: Session, run: Run | None = None) -> None:
        self._session = session
        gui, help_on = session.client.gui, partial(explain, session.client)
        self._play = gui.add_button("Pause", icon=Icon.PLAYER_PAUSE)
        self._play.on_click(lambda _: session.post(self.play))
        help_on(self._play, "The robot stands still, or goes on. Key P.")
        restart = gui.add_button("Restart", icon=Icon.PLAYER_SKIP_BACK)
        restart.on_click(lambda _: session.post(self.restart))
        help_on(restart, "The episode from its beginning. Key R.")
        another = gui.add_button("Next", icon=Icon.PLAYER_SKIP_FORWARD)
        another.on_click(lambda _: session.post(session.show_next_episode))
        help_on(
            another,
            "Another episode of the score: another initial state, and on tasks with varied ground "
            "another ground. Key E.",
        )
        in_row(session.client, self._play, restart, another)
        self._rate = gui.add_dropdown("Speed", tuple(_RATES))
        when_changed(self._rate, lambda text: session.post(lambda: self._set_rate(text)))
        help_on(self._rate, "How fast the episode plays; the score stays as it is.")
        task = session.setting.task
        self._task = gui.add_dropdown("Ground", offered_tasks(task, run), initial_value=task)
        when_changed(self._task, lambda name: session.post(lambda: session.set_task(name)))
        help_on(self._task, "The task that the design is scored on, with its ground and reward.")
        light, dark = (
            gui.add_button("Light", icon=Icon.SUN),
            gui.add_button("Dark", icon=Icon.MOON),
        )
        light.on_click(lambda _: session.post(lambda: self.set_theme(dark=False)))
        dark.on_click(lambda _: session.post(lambda: self.set_theme(dark=True)))
        in_row(session.client, light, dark)
        keys = columns(_KEYS)
        gui.add_html(f'<div style="margin:0 0.75em;font-size:0.85em">{keys}</div>')
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show the task that the design walks under."""
        self._task.value = self._session.setting.task

    def play(self) -> None:
        """Pause, or go on."""
        stage = self._session.stage
        stage.playing = not stage.playing
        self._play.label = "Pause" if stage.playing else "Play"
        self._play.icon = Icon.PLAYER_PAUSE if stage.playing else Icon.PLAYER_PLAY

    def restart(self) -> None:
        """Begin the episode again, and play it."""
        self._session.stage.restart()
        if not self._session.stage.playing:
            self.play()

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


def offered_tasks(task: str, run: Run | None) -> tuple[str, ...]:
    """Names of the tasks to choose from: those of the run first, then all that ship.

    Args:
        task: Name of the task that designs walk under, which may be none of them.
        run: The run that was opened; None without.

    Examples:
        >>> offered_tasks("csr-reference", None)[:2]
        ('csr-reference', 'flat')
    """
    own = () if run is None else tasks_of(run)
    return tuple(dict.fromkeys((*own, task, *task_names(ALL_TASKS))))
