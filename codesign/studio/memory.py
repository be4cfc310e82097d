"""What tabs had when they closed, for a while: a reload closes a tab and opens another."""

from __future__ import annotations

import time
from dataclasses import dataclass

from codesign.studio.document import Document
from codesign.studio.finetuning import Tuned
from codesign.studio.walking import Setting

__all__ = ["Memories", "Memory"]

#: Most closed tabs that are remembered, and for how long (s).
MOST, LONGEST_S = 16, 900.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """What one tab worked on.

    Attributes:
        document: Its design, with the history.
        variant: Controller variant that it walked under.
        number: Number of the candidate of the run that was opened last; None without.
        setting: What it walked under.
        episode: Number of the episode that it showed.
        tuned: Its network after fine-tuning; None without.
        use_tuned: Whether it walked under that network.
    """

    document: Document
    variant: int
    number: int | None
    setting: Setting
    episode: int
    tuned: Tuned | None
    use_tuned: bool


class Memories:
    """The latest memories, by the secrets of their tabs.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> design = Document.of(sample_body(np.random.default_rng(0)), name="walker")
        >>> memory = Memory(
        ...     document=design,
        ...     variant=0,
        ...     number=None,
        ...     setting=Setting(),
        ...     episode=0,
        ...     tuned=None,
        ...     use_tuned=False,
        ... )
        >>> memories = Memories()
        >>> memories.add("secret", memory)
        >>> memories.find("secret") is memory, memories.find("guess") is None
        (True, True)
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Memory]] = {}

    def add(self, secret: str, memory: Memory) -> None:
        """Remember a tab; the oldest memory goes where there are too many.

        Args:
            secret: What only this tab knows.
            memory: What it worked on.
        """
        self._found[secret] = (time.monotonic(), memory)
        self._forget()

    def find(self, secret: str) -> Memory | None:
        """What a tab worked on; None where that is not known any more.

        Args:
            secret: What only this tab knows.
        """
        self._forget()
        return self._found[secret][1] if secret in self._found else None

    def _forget(self) -> None:
        oldest = time.monotonic() - LONGEST_S
        latest = list(self._found.items())[-MOST:]
        self._found = {secret: each for secret, each in latest if each[0] >= oldest}
