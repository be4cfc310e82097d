"""Fine-tuning of the design's network, in the tab "Improve"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from viser import Icon

from codesign.config import usable_cores
from codesign.scoring.task_words import TaskWords, task_words
from codesign.studio.browser import explain
from codesign.studio.cards import message, paragraph
from codesign.studio.controls import when_changed
from codesign.studio.finetuning import Curve, Tuned, fine_tune
from codesign.studio.jobs import STOP, Job
from codesign.studio.work import WorkControls
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from viser.uplot import Series

    from codesign.studio.session import Session

__all__ = ["TrainingPanel", "progress_text"]

_STEPS = {"100,000": 100_000, "300,000": 300_000, "1,000,000": 1_000_000}


class TrainingPanel:
    """Fine-tuning, with its curve, and the choice between the two networks.

    Args:
        session: The work of the tab.
    """

    def __init__(self, session: Session) -> None:
        from viser.uplot import Scale

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
        self._words = task_words(session.setting.task)
        self._curve = gui.add_uplot(
            (zero, zero),
            _series(self._words),
            scales={"x": Scale(time=False)},
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
        self._words = task_words(session.setting.task)
        self._curve.series = _series(self._words)
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
            self._points.append((report.steps / 1000.0, report.reward))
            steps, rewards = np.array(self._points).T
            self._curve.data = (steps.copy(), rewards.copy())
            self._curve.visible = len(self._points) > 1
            text = progress_text(report, rewards.tolist(), self._words)
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


def progress_text(report: Curve, rewards: Sequence[float], words: TaskWords) -> str:
    """How far a training is, and how well its network does.

    Args:
        report: The latest point of the curve.
        rewards: Mean reward of a control step at all points so far.
        words: What the task of the training is about.

    Examples:
        >>> progress_text(Curve(steps=1, total=2, reward=0.5), [0.25, 0.5], task_words("flat"))
        '1 of 2 steps. Best so far: speed 0.50 m/s; at first: speed 0.25 m/s.'
    """
    if report.steps >= report.total:
        return "The networks are scored; the best one stays."
    best, first = words.reward_text(max(rewards)), words.reward_text(rewards[0])
    return f"{report.steps:,} of {report.total:,} steps. Best so far: {best}; at first: {first}."


def _series(words: TaskWords) -> tuple[Series, ...]:
    """What the curve of a training shows: control steps, and the reward by its right word."""
    from viser.uplot import Series

    return (
        Series(label="thousand steps"),
        Series(label=words.reward_label, stroke="#228be6", width=2),
    )
