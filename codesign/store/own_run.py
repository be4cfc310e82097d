"""A mark of runs that this user started: only they run code without being asked.

The mark is a keyed hash of what the settings name. The key lies in the user's folder for state, so
nobody else can write a mark.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from morph_ops._text_file import read_bytes, state_folder

#: File of the mark in a run folder; a run that names nothing has none.
MARK = "started-by"
_KEY_BYTES = 32


def mark(folder: Path, words: Sequence[str]) -> None:
    """Mark a run folder as started by this user.

    Where the user has no folder for the key, there is no mark, and a resume asks for the user's
    word.

    Args:
        folder: The run folder.
        words: What its settings name (:func:`codesign.config.trust.trusted_words`).
    """
    if not words:
        return
    with suppress(OSError):
        (folder / MARK).write_text(_hash(_key(), words), "utf-8")


def started_by_user(folder: Path, words: Sequence[str]) -> bool:
    """Whether this user started a run with these words.

    Args:
        folder: The run folder.
        words: What its settings name now.
    """
    with suppress(OSError, ValueError):
        found = read_bytes(folder / MARK, largest=1000)
        return hmac.compare_digest(found, _hash(_key(), words).encode())
    return False


def _hash(key: bytes, words: Sequence[str]) -> str:
    return hmac.new(key, "\n".join(words).encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    """The key of this user, made at the first use.

    Raises:
        OSError: It can be neither read nor written.
    """
    path = state_folder() / "run-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        try:
            os.link(draft, path)  # the first of two processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise OSError(f"{path}: expected a key of {_KEY_BYTES} bytes")
    return key
