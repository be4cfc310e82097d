"""Evolution around the design, in the tab "Improve"."""

from __future__ import annotations

import math
import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from viser import Icon

from codesign.drawing import picture_of
from codesign.studio.browser import element_id, explain, hide
from codesign.studio.cards import Picture, gallery, paragraph
from codesign.studio.improving import OFFERED, Child, Evolution, Offer, Progress, improve
from codesign.studio.jobs import STOP, Job
from codesign.studio.words import made_by
from codesign.studio.work import WorkControls

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["EvolutionPanel"]

#: Places of the children beside the design, away from the camera.
_LANES = (1, 2, 3)
#: Size of their pictures (px), and what the ids in each begin with.
_SIZE, _PREFIXES = (96, 66), ("one", "two", "three")


class EvolutionPanel:
    """A short evolution around the design, and its best children.

    Args:
        session: The work of the tab.
        evolution: How long and how wide it is; its seed is another one each time.
    """

    def __init__(self, session: Session, evolution: Evolution) -> None:
        self._session, self._size = session, evolution
        self._job: Job | None = None
        self._children: tuple[Child, ...] = ()
        gui = session.client.gui
        total = evolution.rounds * evolution.children
        text = (
            f"A short evolution around this design: {total} children, of which the three best walk"
        )
        gui.add_html(paragraph(f"{text} beside it.", dim=True))
        self._work = WorkControls(
            session,
            label="Improve the body",
            icon=Icon.DNA,
            help_text="Mutates and scores this body again and again, in the background. The design "
            "changes only when a child is taken.",
            on_start=self._start,
            on_stop=self._stop,
        )
        self._offer = gui.add_html("", visible=False)
        # The pictures press these.
        self._takes = [gui.add_button(f"Take child {number + 1}") for number in range(OFFERED)]
        for number, button in enumerate(self._takes):
            button.on_click(lambda _, number=number: session.post(lambda: self._take(number)))
        hide(session.client, *self._takes)
        self._dismiss = gui.add_button("Keep mine", icon=Icon.X, color="gray", visible=False)
        self._dismiss.on_click(lambda _: session.post(self._clear))
        explain(session.client, self._dismiss, "The children go; the design stays as it is.")

    def _start(self) -> None:
        self._clear()
        session = self._session
        work = partial(
            improve,
            graph=session.design.graph,
            setting=session.setting,
            variant=session.variant,
            evolution=replace(self._size, seed=secrets.randbelow(1_000_000)),
        )
        self._work.begin("The design is scored first.")
        self._job = session.start_job(work, on_message=self._evolved, on_end=self._ended)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.send(STOP)

    def _evolved(self, report: Any) -> None:
        if self._job is None:
            return
        if isinstance(report, Offer):
            self._show_offer(report)
        elif isinstance(report, Progress):
            text = f"{report.done} of {report.total} children."
            if math.isfinite(report.best):
                gain = report.best - report.design_score
                text += f" Best score so far about {report.best:,.0f} ({gain:+,.0f} to yours)."
            self._work.show(report.share, text)

    def _show_offer(self, offer: Offer) -> None:
        self._children = offer.children
        pictures: list[Picture] = []
        for number, child in enumerate(offer.children):
            gain = child.record.score - offer.design_score
            text, made = f"{child.record.score:,.0f} ({gain:+,.0f})", made_by(child.operators)
            pictures.append(
                Picture(
                    press=element_id(self._takes[number]),
                    label=f"Take child {number + 1}",
                    svg=picture_of(child.graph, size=_SIZE, prefix=_PREFIXES[number]),
                    dim=f"{number + 1}",
                    text=f"{text} {made}",
                    help=f"Child {number + 1}, score {text}: {made}. A click takes it in place of "
                    "your design; undo brings yours back.",
                )
            )
            if child.episode is not None:
                label = f"{number + 1}: {text}"
                key = f"child-{number}"
                self._session.stage.show(key, child.episode, lane=_LANES[number], text=label)
        title = "Click a child to take it:"
        if not pictures:
            title = "No child can walk."
        elif offer.children[0].record.score <= offer.design_score:
            title = "No child is better than yours. Click one to take it anyway:"
        self._offer.content = paragraph(title) + gallery(pictures)
        self._offer.visible = True
        self._dismiss.visible = bool(pictures)
        self._session.stage.restart()

    def _ended(self, error: str | None) -> None:
        self._job = None
        self._work.end()
        if error is not None:
            self._session.notify("Evolution ended", error, bad=True)
        elif not self._children:
            self._session.notify("Evolution ended", "It found no child to offer.")

    def _take(self, number: int) -> None:
        if number >= len(self._children):
            return
        child = self._children[number]
        if self._job is not None:
            self._session.stop_job(self._job)
            self._ended(None)
        self._clear()
        self._session.take(child.graph, "improve")

    def _clear(self) -> None:
        """Take the children off the stage."""
        self._session.stage.drop(*(f"child-{number}" for number in range(OFFERED)))
        self._children = ()
        self._offer.visible = self._dismiss.visible = False
