"""One thread that does everything for a tab, in order.

Buttons, sliders, news of a walker and frames of a replay come from different threads. An
:class:`Actor` runs them one after the other, so that nothing else needs a lock. Of actions that
come faster than they can be done, such as those of a slider that is dragged, the newest counts.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable

from morph_ops._messages import failure

__all__ = ["FRAME_S", "Actor"]

Action = Callable[[], None]

#: Time between two frames (s).
FRAME_S = 1.0 / 30.0


class Actor:
    """A thread with a queue.

    Args:
        on_frame: Called between actions, once a frame.
        on_error: Called with what went wrong in an action, in one line.

    Examples:
        >>> done = threading.Event()
        >>> actor = Actor(on_frame=lambda: None, on_error=print)
        >>> actor.post(done.set)
        >>> done.wait(timeout=10.0)
        True
        >>> actor.close()
    """

    def __init__(self, *, on_frame: Action, on_error: Callable[[str], None]) -> None:
        self._on_frame, self._on_error = on_frame, on_error
        self._queue: deque[tuple[str, Action]] = deque()
        self._condition = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def post(self, action: Action, *, key: str = "") -> None:
        """Do something as soon as possible.

        Args:
            action: What to do.
            key: Actions with the same key replace each other while they wait.
        """
        with self._condition:
            if key and self._queue and self._queue[-1][0] == key:
                self._queue.pop()
            self._queue.append((key, action))
            self._condition.notify()

    def close(self) -> None:
        """Do nothing more; what is being done is finished."""
        with self._condition:
            self._closed = True
            self._queue.clear()
            self._condition.notify()

    def _run(self) -> None:
        next_frame = time.monotonic()
        while True:
            with self._condition:
                if not self._queue and not self._closed:
                    self._condition.wait(max(0.0, next_frame - time.monotonic()))
                if self._closed:
                    return
                action = self._queue.popleft()[1] if self._queue else None
            if action is not None:
                self._do(action)
            if time.monotonic() >= next_frame:
                self._do(self._on_frame)
                next_frame = max(next_frame + FRAME_S, time.monotonic() + FRAME_S / 2)

    def _do(self, action: Action) -> None:
        try:
            action()
        except Exception as error:
            if self._closed:  # the tab is gone, and so are its handles
                return
            traceback.print_exc()
            self._on_error(failure(error))
