"""The tab "Gallery": the bodies of a run as small pictures, to pick one and go on from there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from viser import Icon

from codesign.api import Run
from codesign.studio.browser import element_id, explain, hide, in_row
from codesign.studio.browsing import Shelf, open_candidate
from codesign.studio.cards import Picture, gallery, paragraph
from codesign.studio.controls import when_changed

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["GalleryTab"]

#: Bodies on a page.
_SHOWN = 9


class GalleryTab:
    """The bodies of a run.

    Args:
        session: The work of the tab.
        run: The run.
        own: Whether its bodies walk under the controllers of their scores.
    """

    def __init__(self, session: Session, run: Run, *, own: bool) -> None:
        self._session, self._shelf = session, Shelf(run)
        self._run, self._own = run, own
        self._numbers: list[int] = []
        self._first = 0
        gui, help_on = session.client.gui, partial(explain, session.client)
        self._list = gui.add_dropdown("Show", tuple(self._shelf.lists))
        when_changed(self._list, lambda _: session.post(self._load))
        help_on(self._list, "Best designs first, what the search kept, or the family of a body.")
        self._count = gui.add_html("")
        self._pictures = gui.add_html("")
        self._before = gui.add_button("Previous", icon=Icon.CHEVRON_LEFT)
        self._next = gui.add_button("Next", icon=Icon.CHEVRON_RIGHT)
        self._before.on_click(lambda _: session.post(lambda: self._turn(-_SHOWN)))
        self._next.on_click(lambda _: session.post(lambda: self._turn(_SHOWN)))
        in_row(session.client, self._before, self._next)
        # The pictures press these.
        self._opens = [gui.add_button("Open") for _ in range(_SHOWN)]
        for place, button in enumerate(self._opens):
            button.on_click(lambda _, place=place: session.post(lambda: self._open_at(place)))
        hide(session.client, *self._opens)
        self._number = gui.add_number("Candidate", 0, min=0, step=1)
        help_on(self._number, "Number of any candidate of the run, as tables and reports show it.")
        go = gui.add_button("Open this candidate", icon=Icon.PENCIL)
        go.on_click(lambda _: session.post(lambda: self.open(int(self._number.value))))
        help_on(go, "In place of this design; undo brings this one back.")
        self._load()

    def open(self, number: int) -> None:
        """Open a body of the run.

        Args:
            number: Its number.

        Raises:
            UsageError: The run has no such candidate, or its network cannot be read.
        """
        task = self._session.setting.task
        self._session.open(open_candidate(self._run, number, task=task, own=self._own))

    def _open_at(self, place: int) -> None:
        self.open(self._numbers[self._first + place])

    def _load(self) -> None:
        self._numbers = self._shelf.numbers(self._list.value, opened=self._session.number)
        self._first = 0
        self._show()

    def _turn(self, step: int) -> None:
        last = max(0, len(self._numbers) - 1) // _SHOWN * _SHOWN
        self._first = min(max(0, self._first + step), last)
        self._show()

    def _show(self) -> None:
        shown = self._numbers[self._first : self._first + _SHOWN]
        total, last = len(self._numbers), self._first + len(shown)
        scores = self._shelf.score_is
        if self._shelf.tasks:
            scores += f", then the scores on {', '.join(self._shelf.tasks)} (normalized)"
        text = f"{self._first + 1} to {last} of {total} bodies of the run: number and {scores}."
        if not shown:
            text = "Nothing here: open a body of the run to see its family."
        self._count.content = paragraph(text, dim=True)
        self._before.disabled, self._next.disabled = self._first == 0, last >= total
        pictures: list[Picture] = []
        for number, button in zip(shown, self._opens, strict=False):
            entry = self._shelf.entry(number)
            pictures.append(
                Picture(
                    press=element_id(button),
                    label=f"Open {number}",
                    svg=entry.picture(),
                    dim=str(number),
                    text=entry.shown,
                    help=f"Candidate {number}, {self._shelf.score_is} {entry.said}; {entry.text}. "
                    "A click opens it in place of this design; undo brings this one back.",
                )
            )
        self._pictures.content = gallery(pictures)
