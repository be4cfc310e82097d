"""Fine-tuning of the design's network, in the tab "Improve"."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from viser import Icon

from codesign.config import usable_cores
from codesign.studio.browser import explain
from codesign.studio.cards import message, paragraph
from codesign.studio.controls import when_changed
from codesign.studio.finetuning import Curve, Tuned, fine_tune
from codesign.studio.jobs import STOP, Job
from codesign.studio.work import WorkControls
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["TrainingPanel"]

_STEPS = {"100,000": 100_000, "300,000": 300_000, "1,000,000": 1_000_000}


class TrainingPanel:
    """Fine-tuning, with its curve, and the choice between the two networks.

    Args:
        session: The work of the tab.
    """

    def __init__(self, session: Session) -> None:
        import viser.uplot

        self._session = session
        self._job: Job | None = None
        self._own: Tuned | None = None  # that of the last training here
        self._trained = ""
        self._points: list[tuple[float, float]] = []
        gui, help_on = session.client.gui, partial(explain, session.client)
        gui.add_html(paragraph("Fine-tuning lets the network of this one body learn on.", dim=True))
        self._steps = gui.add_dropdown("Training steps", tuple(_STEPS))
        help_on(
            self._steps,
            "Control steps of 0.02 s of all simulations together; 100,000 take a minute or so.",
        )
        self._work = WorkControls(
            session,
            label="Fine-tune the network",
            icon=Icon.SCHOOL,
            help_text="Trains the network by PPO, in the background; the body stays as it is. What "
            "is learned counts, also after a stop, and a change of the body drops it.",
            on_start=self._start,
            on_stop=self._stop,
        )
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
        help_on(self._network, "The network as it was generated, or after fine-tuning.")
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show whether there is a fine-tuned network."""
        session = self._session
        self._network.visible = session.tuned is not None
        self._network.value = "fine-tuned" if session.use_tuned else "zero-shot"
        shown = session.tuned is not None and session.tuned is self._own
        if not shown and self._job is None and self._result.content:
            self._result.content = ""
            self._curve.visible = False

    def _start(self) -> None:
        session = self._session
        self._points, self._result.content = [], ""
        self._trained = body_hash(session.design.graph)
        work = partial(
            fine_tune,
            graph=session.design.graph,
            setting=session.setting,
            variant=session.variant,
            steps=_STEPS[self._steps.value],
            workers=usable_cores(),
        )
        self._work.begin("The training starts.")
        self._job = session.start_job(work, on_message=self._learned, on_end=self._ended)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.send(STOP)

    def _learned(self, report: Any) -> None:
        if isinstance(report, Curve):
            self._points.append((report.steps / 1000.0, report.speed))
            steps, speeds = np.array(self._points).T
            self._curve.data = (steps.copy(), speeds.copy())
            self._curve.visible = len(self._points) > 1
            text = (
                f"{min(report.steps, report.total):,} of {report.total:,} steps. Best speed so far "
                f"{speeds.max():.2f} m/s, {speeds[0]:.2f} at first."
            )
            if report.steps >= report.total:
                text = "The networks are scored; the best one stays."
            self._work.show(report.steps / report.total, text)
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
        self._own = tuned
        self._session.set_tuned(tuned)

    def _ended(self, error: str | None) -> None:
        self._job = None
        self._work.end()
        if error is not None:
            self._result.content = message(error)
