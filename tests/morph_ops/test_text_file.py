"""Text files are written atomically, and read or refused in one line."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from morph_ops import BodyError
from morph_ops._text_file import read_text, require_writable, write_text


def test_a_written_file_replaces_the_old_one_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("old", "näw\n"):
        write_text(path, text)
        assert read_text(path) == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="utf-8-sig")
    assert read_text(tmp_path / "a.txt") == "text"


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BodyError, match="no such file"):
        read_text(tmp_path / "a.txt")
    with pytest.raises(BodyError, match="cannot be read"):
        read_text(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"a\xff")
    with pytest.raises(BodyError, match=r"no UTF-8 text \(byte 1\); save it as UTF-8"):
        read_text(tmp_path / "a.txt")
    with pytest.raises(KeyError, match="no such file"):
        read_text(tmp_path / "b.txt", error=KeyError)


def test_paths_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BodyError, match=r"cannot be written \(it is a folder\)"):
        require_writable(tmp_path)
    with pytest.raises(BodyError, match=r"cannot be written \(there is no folder .*/gone\)"):
        write_text(tmp_path / "gone" / "a.txt", "text")


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    real = tmp_path / "folder" / "real.txt"
    real.parent.mkdir()
    real.write_text("old")
    link, again = tmp_path / "link.txt", tmp_path / "again.txt"
    link.symlink_to(real)
    again.symlink_to("link.txt")
    write_text(again, "new")
    assert link.is_symlink()
    assert again.is_symlink()
    assert real.read_text() == "new"
    assert [file.name for file in real.parent.iterdir()] == ["real.txt"]
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "made.txt")
    write_text(tmp_path / "dangling.txt", "made")
    assert (tmp_path / "made.txt").read_text() == "made"


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(BodyError, match="a: cannot be written"):
        write_text(tmp_path / "a", "text")


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs are of Unix")
def test_a_fifo_is_written_to_and_stays(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_text()), daemon=True)
    reader.start()
    write_text(fifo, "through")
    reader.join(timeout=10)
    assert got == ["through"]
    assert fifo.is_fifo()


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no /dev/null")
def test_a_device_is_written_to_and_stays() -> None:
    write_text("/dev/null", "text")
    assert Path("/dev/null").is_char_device()
