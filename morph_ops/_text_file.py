"""Reading and writing small text files, whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from morph_ops.errors import BodyError


def read_text(path: str | os.PathLike[str], *, error: type[Exception] = BodyError) -> str:
    """Text of a UTF-8 file.

    Args:
        path: of the file.
        error: class of the exception to raise.

    Raises:
        BodyError: no such file, a folder, no permission, or no UTF-8 text; as ``error``.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError as problem:
        raise error(f"{path}: no UTF-8 text (byte {problem.start}); save it as UTF-8") from None


def require_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a file that could not be written, before the work that would fill it.

    Raises:
        BodyError: ``path`` is a folder, or its folder does not exist or is closed to us.
    """
    target = Path(path)
    if target.is_dir():
        raise BodyError(f"{path}: cannot be written (it is a folder)")
    if not target.parent.is_dir():
        raise BodyError(f"{path}: cannot be written (there is no folder {target.parent})")
    if not os.access(target.parent, os.W_OK):
        raise BodyError(f"{path}: cannot be written (no permission for {target.parent})")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 file so that readers see the old text or the new, never a part.

    Raises:
        BodyError: the folder does not exist or cannot be written to.
    """
    target = Path(path)
    require_writable(target)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError as problem:
        raise BodyError(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        draft.unlink(missing_ok=True)
