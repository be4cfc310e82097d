"""Text files are written atomically, and read or refused in one line."""

from __future__ import annotations

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
