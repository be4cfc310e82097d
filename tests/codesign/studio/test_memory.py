"""What is remembered of tabs that closed."""

from __future__ import annotations

import pytest

from codesign.studio import memory
from codesign.studio.document import Document
from codesign.studio.memory import Memories, Memory
from codesign.studio.walking import Setting


@pytest.fixture
def design(body):
    return Memory(
        document=Document.of(body, name="walker"),
        variant=0,
        number=None,
        setting=Setting(),
        episode=0,
        tuned=None,
        use_tuned=False,
    )


def test_only_who_knows_the_secret_finds_a_design(design):
    memories = Memories()
    memories.add("secret", design)
    assert memories.find("secret") is design
    assert memories.find("secre") is None
    assert memories.find("") is None


def test_the_oldest_designs_are_forgotten(design):
    memories = Memories()
    for number in range(memory.MOST + 2):
        memories.add(str(number), design)
    found = [memories.find(str(number)) is not None for number in range(memory.MOST + 2)]
    assert found == [False, False] + [True] * memory.MOST


def test_designs_are_forgotten_after_a_while(design, monkeypatch):
    memories, now = Memories(), [1000.0]
    monkeypatch.setattr(memory.time, "monotonic", lambda: now[0])
    memories.add("secret", design)
    now[0] += memory.LONGEST_S - 1.0
    assert memories.find("secret") is design
    now[0] += 2.0
    assert memories.find("secret") is None
