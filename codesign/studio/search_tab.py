"""The tab "Improve": evolution around the design, and fine-tuning of its network."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from viser import Icon

from codesign.config import usable_cores
from codesign.studio.cards import message, paragraph
from codesign.studio.controls import when_changed
from codesign.studio.finetuning import STOP, Curve, Tuned, fine_tune
from codesign.studio.improving import OFFERED, Child, Evolution, Offer, Progress, improve
from codesign.studio.jobs import Job
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["SearchTab"]

#: Places of the children beside the design, away from the camera.
_LANES = (1, 2, 3)
_STEPS = {"100,000": 100_000, "300,000": 300_000, "1,000,000": 1_000_000}


class SearchTab:
    """What goes on in the background.

    Args:
        session: The work of the tab.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._evolution: Job | None = None
        self._training: Job | None = None
        self._trained = ""
        self._children: tuple[Child, ...] = ()
        self._points: list[tuple[float, float]] = []
        self._make_evolution()
        session.client.gui.add_divider()
        self._make_training()
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show whether there is a fine-tuned network."""
        session = self._session
        self._network.visible = session.tuned is not None
        self._network.value = "fine-tuned" if session.use_tuned else "zero-shot"
        if session.tuned is None and self._training is None and self._result.content:
            self._result.content = ""
            self._curve.visible = False

    def _make_evolution(self) -> None:
        session, gui = self._session, self._session.client.gui
        gui.add_html(
            paragraph(
                "A short evolution around this design offers its three best children.", dim=True
            )
        )
        self._improve = gui.add_button("Improve the body", icon=Icon.DNA)
        self._improve.on_click(lambda _: session.post(self._toggle_evolution))
        self._progress = gui.add_progress_bar(0.0, visible=False)
        self._offer = gui.add_html("", visible=False)
        self._takes = [
            gui.add_button(f"Take child {number + 1}", icon=Icon.CHECK, visible=False)
            for number in range(OFFERED)
        ]
        for number, button in enumerate(self._takes):
            button.on_click(lambda _, number=number: session.post(lambda: self._take(number)))
        self._dismiss = gui.add_button("Keep mine", icon=Icon.X, color="gray", visible=False)
        self._dismiss.on_click(lambda _: session.post(self._clear))

    def _make_training(self) -> None:
        import viser.uplot

        session, gui = self._session, self._session.client.gui
        gui.add_html(paragraph("Fine-tuning lets the network of this one body learn on.", dim=True))
        self._steps = gui.add_dropdown("Training steps", tuple(_STEPS))
        self._fine_tune = gui.add_button("Fine-tune the network", icon=Icon.SCHOOL)
        self._fine_tune.on_click(lambda _: session.post(self._toggle_training))
        zero = np.zeros(1)
        self._curve = gui.add_uplot(
            (zero, zero),
            (
                viser.uplot.Series(label="thousand steps"),
                viser.uplot.Series(label="speed with noise (m/s)", stroke="#228be6", width=2),
            ),
            scales={"x": viser.uplot.Scale(time=False)},
            height=150,
            visible=False,
        )
        self._result = gui.add_html("")
        self._network = gui.add_dropdown("Walk with", ("zero-shot", "fine-tuned"), visible=False)
        when_changed(
            self._network,
            lambda text: session.post(lambda: session.use_network(tuned=text == "fine-tuned")),
        )

    # --- evolution ----------------------------------------------------------------------

    def _toggle_evolution(self) -> None:
        if self._evolution is not None:
            self._session.stop_job(self._evolution)
            self._evolution_ended(None)
            return
        self._clear()
        session = self._session
        evolution = Evolution(seed=secrets.randbelow(1_000_000))
        work = partial(
            improve,
            graph=session.design.graph,
            setting=session.setting,
            variant=session.variant,
            evolution=evolution,
        )
        self._improve.label = "Stop"
        self._progress.visible, self._progress.value = True, 0.0
        self._evolution = session.start_job(
            work, on_message=self._evolved, on_end=self._evolution_ended
        )

    def _evolved(self, report: Any) -> None:
        if self._evolution is None:
            return
        if isinstance(report, Progress):
            self._progress.value = 100.0 * report.done / report.total
        elif isinstance(report, Offer):
            self._show_offer(report)

    def _show_offer(self, offer: Offer) -> None:
        self._children = offer.children
        lines: list[str] = []
        for number, child in enumerate(offer.children):
            gain = child.record.score - offer.design_score
            made = ", ".join(name.replace("_", " ") for name in child.operators)
            text = f"{number + 1}: {child.record.score:,.0f} ({gain:+,.0f})"
            lines.append(paragraph(f"{text} by {made}"))
            self._takes[number].visible = True
            if child.episode is not None:
                self._session.stage.show(
                    f"child-{number}", child.episode, lane=_LANES[number], text=text
                )
        self._offer.content = "".join(lines) or paragraph("No child can walk yet.")
        self._offer.visible = True
        self._dismiss.visible = bool(offer.children)
        self._session.stage.restart()

    def _evolution_ended(self, error: str | None) -> None:
        self._evolution = None
        self._improve.label = "Improve the body"
        self._progress.visible = False
        if error is not None:
            self._session.notify("Evolution ended", error, bad=True)
        elif not self._children:
            self._session.notify("Evolution ended", "It found no child to offer.")

    def _take(self, number: int) -> None:
        if number >= len(self._children):
            return
        child = self._children[number]
        if self._evolution is not None:
            self._session.stop_job(self._evolution)
            self._evolution_ended(None)
        self._clear()
        self._session.take(child.graph, "improve")

    def _clear(self) -> None:
        """Take the children off the stage."""
        self._session.stage.drop(*(f"child-{number}" for number in range(OFFERED)))
        self._children = ()
        for handle in (*self._takes, self._dismiss, self._offer):
            handle.visible = False

    # --- training -----------------------------------------------------------------------

    def _toggle_training(self) -> None:
        session = self._session
        if self._training is not None:
            self._training.send(STOP)
            self._fine_tune.label = "Stopping"
            self._fine_tune.disabled = True
            return
        self._points = []
        self._trained = body_hash(session.design.graph)
        work = partial(
            fine_tune,
            graph=session.design.graph,
            setting=session.setting,
            variant=session.variant,
            steps=_STEPS[self._steps.value],
            workers=usable_cores(),
        )
        self._fine_tune.label = "Stop and keep what it learned"
        self._result.content = paragraph("The training starts.", dim=True)
        self._training = session.start_job(
            work, on_message=self._learned, on_end=self._training_ended
        )

    def _learned(self, report: Any) -> None:
        if isinstance(report, Curve):
            self._points.append((report.steps / 1000.0, report.speed))
            steps, speeds = np.array(self._points).T
            self._curve.data = (steps.copy(), speeds.copy())
            self._curve.visible = True
            share = min(1.0, report.steps / report.total)
            self._result.content = paragraph(f"{share:.0%} of {report.total:,} steps", dim=True)
        elif isinstance(report, Tuned):
            self._tuned(report)

    def _tuned(self, tuned: Tuned) -> None:
        text = f"zero-shot {tuned.before:,.0f}, fine-tuned {tuned.after:,.0f}"
        if body_hash(self._session.design.graph) != self._trained:
            self._result.content = message(
                f"{text}. The body has changed since: undo to the body that was trained, and "
                "fine-tune again."
            )
            return
        self._result.content = paragraph(f"{text} (8 fresh episodes)")
        self._session.set_tuned(tuned)

    def _training_ended(self, error: str | None) -> None:
        self._training = None
        self._fine_tune.label = "Fine-tune the network"
        self._fine_tune.disabled = False
        if error is not None:
            self._result.content = message(error)
