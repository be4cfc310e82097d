"""What one tab works on: its design, its walker, its stage, and everything that changes them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx

from codesign.errors import WRONG_INPUT
from codesign.studio.actor import Actor
from codesign.studio.browser import keep_design, set_title
from codesign.studio.cards import paragraph, score_card, warnings_card
from codesign.studio.document import Document
from codesign.studio.facts import notes
from codesign.studio.files import as_json
from codesign.studio.finetuning import Tuned
from codesign.studio.jobs import Job, Work
from codesign.studio.memory import Memory
from codesign.studio.stage import DESIGN, Stage
from codesign.studio.walking import EPISODES, Estimate, Gait, News, Setting, Trouble, Walker
from codesign.studio.words import in_words
from morph_ops._messages import one_line
from morph_ops.geometry import total_mass
from morph_ops.graph import limbs
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    import viser

    from codesign.studio.controls import Edit

__all__ = ["Opened", "Session"]

#: Longest pause between two edits of one thing that count as one step (s).
_ONE_DRAG_S = 1.0
#: What a user should know at first.
_HELP = "Click the torso or a limb, and change it below."
#: Episodes from which a score is compared with the one before.
_COMPARED = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A body to begin with.

    Attributes:
        graph: The body.
        name: Name of the design.
        variant: Controller variant to begin with.
        number: Number of the candidate of the run that it is; None for others.
        controller: Controller to walk under from now on; None for that of the tab.
        tuned: Its network after fine-tuning, which it walks under at first; None without.
    """

    graph: nx.DiGraph[str]
    name: str
    variant: int = 0
    number: int | None = None
    controller: str | Path | None = None
    tuned: Tuned | None = None


class Session:
    """The work of one tab; all methods but :meth:`post` and :meth:`close` run in its actor.

    Args:
        client: The tab.
        walker: A walker of its own, which it closes; :meth:`on_news` must get its news.
        key: Key of the design in the browser.

    Attributes:
        secret: What only this tab knows; it finds its design by it after a reload.
        document: The design; None until the tab has opened one.
        estimate: Its score as far as it is known.
        variant: Controller variant that it walks under.
        tuned: Its network after fine-tuning; None without.
        use_tuned: Whether it walks under that network.
        number: Number of the candidate of the run that was opened last.
        episode: Number of the episode that the stage shows.
        stage: Its scene.
        refresh: What the tabs of the page do after every change.
    """

    def __init__(self, client: viser.ClientHandle, walker: Walker, *, key: str) -> None:
        self.client, self._walker, self._key = client, walker, key
        self.secret = secrets.token_urlsafe(16)
        self.document: Document | None = None
        self.estimate: Estimate | None = None
        self.variant = 0
        self.tuned: Tuned | None = None
        self.use_tuned = False
        self.number: int | None = None
        self.episode = 0
        self.refresh: list[Callable[[], None]] = []
        self._trouble = ""
        self._score_before: float | None = None
        self._edited_at, self._gait = 0.0, 0
        self._jobs: set[Job] = set()
        self._closed = False
        self._shown: Estimate | None = None
        self._warnings = client.gui.add_html("")
        self._card = client.gui.add_html(paragraph("The robot comes in a moment.", dim=True))
        self._help = client.gui.add_html(paragraph(_HELP, dim=True))
        self.stage = Stage(client.scene, on_pick=self._picked)
        self._actor = Actor(on_frame=self._frame, on_error=self._failed)

    @property
    def setting(self) -> Setting:
        """What the design walks under."""
        return self._walker.setting

    @property
    def design(self) -> Document:
        """The design.

        Raises:
            RuntimeError: The tab has opened none yet.
        """
        if self.document is None:
            raise RuntimeError("document: expected one, the tab has opened none yet")
        return self.document

    def post(self, action: Callable[[], None], *, key: str = "") -> None:
        """Do something in the actor; wrong input becomes a message.

        Args:
            action: What to do.
            key: Waiting actions of the same key replace each other.
        """

        def act() -> None:
            try:
                action()
            except WRONG_INPUT as error:
                self.notify("Not possible", one_line(error), bad=True)
                self._refresh()

        self._actor.post(act, key=key)

    def notify(self, title: str, body: str, *, bad: bool = False) -> None:
        """Show a message for some seconds.

        Args:
            title: Its title.
            body: The message.
            bad: Whether something went wrong.
        """
        self.client.add_notification(
            title, in_words(body), auto_close_seconds=8.0, color="red" if bad else "blue"
        )

    # --- the design ---------------------------------------------------------------------

    def open(self, opened: Opened) -> None:
        """Begin with another body; undo goes back to the one before.

        Args:
            opened: The body.
        """
        graph, name = opened.graph, opened.name
        before = self.document
        self.document = (
            before.replaced(graph, name=name) if before else Document.of(graph, name=name)
        )
        self.variant, self.number = opened.variant, opened.number
        if opened.controller is not None:
            setting = self._walker.setting
            self._walker.setting = replace(setting, controller=opened.controller)
        self._score_before = None
        self._changed(tuned=opened.tuned, use_tuned=opened.tuned is not None)

    def memory(self) -> Memory | None:
        """What the tab works on; None until it has opened a design. Any thread may ask."""
        document = self.document
        if document is None:
            return None
        return Memory(
            document=document,
            variant=self.variant,
            number=self.number,
            setting=self.setting,
            episode=self.episode,
            tuned=self.tuned,
            use_tuned=self.use_tuned,
        )

    def resume(self, memory: Memory) -> None:
        """Go on where another tab was, such as this one before a reload.

        Args:
            memory: What that tab worked on.
        """
        self.document = memory.document
        self.variant, self.number = memory.variant, memory.number
        self.episode = memory.episode
        self._walker.setting = memory.setting
        self._help.visible = False
        self._changed(tuned=memory.tuned, use_tuned=memory.use_tuned)

    def edit(self, what: str, edit: Edit, *, selected: Callable[[], str] = lambda: "") -> None:
        """Change the body.

        Args:
            what: What changes, such as "length of limb/3".
            edit: The change.
            selected: Gives the name of the node to select afterwards.

        Raises:
            UsageError: The change is not possible.
        """
        graph = edit(self.design.graph)
        if body_hash(graph) == body_hash(self.design.graph):
            self._refresh()
            return
        now = time.monotonic()
        merge = now - self._edited_at < _ONE_DRAG_S
        self._edited_at = now
        self._remember_score()
        self.document = self.design.edited(graph, what=what, merge=merge, selected=selected())
        self._changed()

    def take(self, graph: nx.DiGraph[str], what: str) -> None:
        """Replace the body by a whole other one, as one step that can be undone.

        Args:
            graph: The body.
            what: Where it comes from.
        """
        self._remember_score()
        self.document = self.design.edited(graph, what=what)
        self._changed()

    def undo(self) -> None:
        """Go one step back."""
        self._step(self.design.undone())

    def redo(self) -> None:
        """Go one step forward."""
        self._step(self.design.redone())

    def reset(self) -> None:
        """Go back to the body that was opened, as one step that can be undone."""
        self._step(self.design.reset())

    def select(self, name: str) -> None:
        """Select a node.

        Args:
            name: Its name.
        """
        self.document = self.design.selecting(name)
        # Who has found out how needs no help any more, and the controls need the room.
        self._help.visible = False
        self.stage.select(self.design.selected)
        self._refresh()

    def select_next(self, step: int) -> None:
        """Select the next or the previous node.

        Args:
            step: 1 or -1.
        """
        self.select(self.design.neighbor(step).selected)

    def rename(self, name: str) -> None:
        """Give the design another name.

        Args:
            name: The name, plain.
        """
        self.document = self.design.renamed(name)
        self._keep()

    def mark_saved(self) -> None:
        """Note that the body as it is was saved."""
        self.document = self.design.saved_now()
        self._refresh()
        self._keep()

    # --- walking ------------------------------------------------------------------------

    def walk(self) -> None:
        """Walk the design from the beginning."""
        self.estimate, self._trouble = None, ""
        network = self.tuned.network if self.tuned is not None and self.use_tuned else None
        self._walker.walk(
            self.design.graph, variant=self.variant, network=network, episode=self.episode
        )
        self._show_score()

    def set_task(self, task: str) -> None:
        """Walk on the ground of another task.

        Args:
            task: Name of the task.
        """
        self._walker.setting = replace(self._walker.setting, task=task)
        self._score_before, self.episode = None, 0
        self._changed()

    def show_next_episode(self) -> None:
        """Walk in another episode of the score, in a world of its own where the task has several.

        After the last episode of the score comes the first one.
        """
        self.episode = (self.episode + 1) % EPISODES[-1][-1]
        self.walk()

    def set_tuned(self, tuned: Tuned) -> None:
        """Walk under a network that has learned on.

        Args:
            tuned: The network.
        """
        self.tuned, self.use_tuned = tuned, True
        self._refresh()
        self.walk()

    def use_network(self, *, tuned: bool) -> None:
        """Walk under the fine-tuned or the generated network.

        Args:
            tuned: Whether under the fine-tuned one.
        """
        self.use_tuned = tuned and self.tuned is not None
        self.walk()

    def on_news(self, news: News) -> None:
        """Show what the walker reports.

        Args:
            news: The report.
        """
        if self.document is None:
            return
        if isinstance(news, Gait):
            self.variant, self._gait = news.variant, self._gait + 1
            self.stage.show(DESIGN, news.episode)
            self.stage.select(self.design.selected)
            self._show_score()
            return
        if isinstance(news, Trouble):
            self._trouble = news.message
            if news.model is not None:
                self.stage.rest(self.design.graph, news.model)
                self.stage.select(self.design.selected)
        else:
            self.estimate = news
        self._show_score()

    # --- work in the background ---------------------------------------------------------

    def start_job(
        self,
        work: Work,
        *,
        on_message: Callable[[Any], None],
        on_end: Callable[[str | None], None] = lambda error: None,
    ) -> Job:
        """Start work in a process of its own; the end of the tab ends it.

        Args:
            work: The work.
            on_message: Called in the actor with each of its messages.
            on_end: Called in the actor at its end, with what went wrong.
        """
        started: list[Job] = []

        def end(error: str | None) -> None:
            self._jobs.difference_update(started)
            on_end(error)

        job = Job(
            work,
            on_message=lambda message: self.post(lambda: on_message(message)),
            on_end=lambda error: self.post(lambda: end(error)),
        )
        started.append(job)
        self._jobs.add(job)
        if self._closed:
            job.stop()
        return job

    def stop_job(self, job: Job) -> None:
        """End work at once.

        Args:
            job: The work.
        """
        job.stop()
        self._jobs.discard(job)

    def close(self) -> None:
        """End all work of the tab."""
        self._closed = True
        self._actor.close()
        self._walker.close()
        for job in list(self._jobs):
            job.stop()

    # --- what is private ----------------------------------------------------------------

    def _picked(self, name: str) -> None:
        self.post(lambda: self.select(name))

    def _step(self, document: Document) -> None:
        if document is self.document:
            return
        self._remember_score()
        self.document = document
        self._changed()

    def _remember_score(self) -> None:
        estimate = self.estimate
        if estimate is not None and len(estimate.record.returns) >= _COMPARED:
            self._score_before = estimate.record.score

    def _changed(self, *, tuned: Tuned | None = None, use_tuned: bool = False) -> None:
        """Walk a body that is new, and show it everywhere."""
        self.tuned, self.use_tuned = tuned, use_tuned
        self.walk()
        self._refresh()
        self._keep()

    def _refresh(self) -> None:
        if self.document is not None:
            for each in self.refresh:
                each()

    def _keep(self) -> None:
        design = self.design
        mark = "\N{BULLET} " if design.is_changed else ""
        set_title(self.client, f"{mark}{design.name} - codesign studio")
        text = as_json(design.graph).decode()
        keep_design(self.client, key=self._key, secret=self.secret, name=design.name, text=text)

    def _show_score(self) -> None:
        graph, estimate = self.design.graph, self.estimate
        self._shown = estimate or self._shown
        change = None
        if estimate is not None and self._score_before is not None:
            known = len(estimate.record.returns) >= _COMPARED
            change = estimate.record.score - self._score_before if known else None
        self._card.content = score_card(
            self._shown,
            mass=total_mass(graph),
            limbs=len(limbs(graph)),
            stale=estimate is None,
            trouble=in_words(self._trouble),
            change=change,
            task=self.setting.task,
            episode=self.episode,
            network="fine-tuned" if self.use_tuned else "zero-shot",
            gait=self._gait,
        )
        # The record of the first episode has no warnings yet: they would come and go.
        known = estimate is not None and len(estimate.record.returns) > 1
        if known or self._trouble:
            found = () if estimate is None else estimate.record.warnings
            trouble = [self._trouble] if self._trouble else []
            lines = [in_words(line) for line in (*trouble, *found, *notes(graph))]
            self._warnings.content = warnings_card(lines)

    def _frame(self) -> None:
        with self.client.atomic():
            self.stage.tick()

    def _failed(self, error: str) -> None:
        self.notify("An error", f"{error}. The studio goes on; undo may help.", bad=True)
