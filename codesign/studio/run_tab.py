"""The tab "Run": the bodies of a run, to pick one and go on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viser import Icon

from codesign.api import Run
from codesign.studio.browsing import Shelf
from codesign.studio.cards import paragraph
from codesign.studio.controls import when_changed
from codesign.studio.session import Opened

if TYPE_CHECKING:
    import viser

    from codesign.studio.session import Session

__all__ = ["RunTab"]

#: Bodies on a page of a list.
_SHOWN = 5


class RunTab:
    """The lists of a run.

    Args:
        session: The work of the tab.
        run: The run.
    """

    def __init__(self, session: Session, run: Run) -> None:
        self._session, self._shelf = session, Shelf(run)
        self._numbers: list[int] = []
        self._first = 0
        gui = session.client.gui
        self._list = gui.add_dropdown("Show", tuple(self._shelf.lists))
        when_changed(self._list, lambda _: session.post(self._load))
        self._pages = gui.add_button_group("Page", ("Previous", "Next"))
        self._pages.on_click(lambda event: session.post(lambda: self._turn(event.target.value)))
        self._count = gui.add_html("")
        self._pictures: list[viser.GuiHtmlHandle] = []
        self._buttons: list[viser.GuiButtonHandle] = []
        for place in range(_SHOWN):
            self._pictures.append(gui.add_html("", visible=False))
            button = gui.add_button("Open", icon=Icon.PENCIL, visible=False)
            button.on_click(lambda _, place=place: session.post(lambda: self._open_at(place)))
            self._buttons.append(button)
        self._number = gui.add_number("Candidate", 0, min=0, step=1)
        go = gui.add_button("Open this candidate", icon=Icon.PENCIL)
        go.on_click(lambda _: session.post(lambda: self.open(int(self._number.value))))
        self._load()

    def open(self, number: int) -> None:
        """Open a body of the run.

        Args:
            number: Its number.

        Raises:
            UsageError: The run has no such candidate.
        """
        entry = self._shelf.entry(number)
        self._session.open(
            Opened(
                graph=entry.graph,
                name=f"candidate-{number:05d}",
                variant=entry.variant,
                number=number,
            )
        )

    def _open_at(self, place: int) -> None:
        self.open(self._numbers[self._first + place])

    def _load(self) -> None:
        self._numbers = self._shelf.numbers(self._list.value, opened=self._session.number)
        self._first = 0
        self._show()

    def _turn(self, direction: str) -> None:
        last = max(0, len(self._numbers) - 1) // _SHOWN * _SHOWN
        step = _SHOWN if direction == "Next" else -_SHOWN
        self._first = min(max(0, self._first + step), last)
        self._show()

    def _show(self) -> None:
        shown = self._numbers[self._first : self._first + _SHOWN]
        total = len(self._numbers)
        if shown:
            text = f"{self._first + 1} to {self._first + len(shown)} of {total}"
        else:
            text = "nothing here; open a body of the run to see its family"
        self._count.content = paragraph(text, dim=True)
        for place, (picture, button) in enumerate(zip(self._pictures, self._buttons, strict=True)):
            there = place < len(shown)
            picture.visible = button.visible = there
            if there:
                entry = self._shelf.entry(shown[place])
                drawn = f'<div style="text-align:center">{entry.picture()}</div>'
                picture.content = drawn + paragraph(f"{entry.number}: {entry.text}")
                button.label = f"Open {entry.number}"
