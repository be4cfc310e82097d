"""Reading and atomic writing of small text files."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from morph_ops.errors import BodyError

T = TypeVar("T")

#: Largest text file: far above every robot and settings file (bytes).
LARGEST_TEXT = 10_000_000


def state_folder() -> Path:
    """The folder of this user for what the project keeps between runs; it may not exist."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "codesign"


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file; a name that no file can have, such as a very long one, is none.

    Args:
        path: Path of the file.

    Examples:
        >>> is_file("9" * 5000)
        False
    """
    # pathlib raises an error for a name that is too long.
    return os.path.isfile(path)


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is a folder; a name that no folder can have is none.

    Args:
        path: Path of the folder.

    Examples:
        >>> is_folder("."), is_folder("9" * 5000)
        (True, False)
    """
    return os.path.isdir(path)


def read_bytes(
    path: str | os.PathLike[str], *, largest: int, error: type[Exception] = BodyError
) -> bytes:
    """The content of a regular file; what never ends or blocks is refused.

    Args:
        path: Path of the file.
        largest: Largest allowed size (bytes).
        error: Class of the exceptions to raise.

    Raises:
        BodyError: There is no such file, or it is not readable.
        BodyError: The file is a folder, a pipe or a device.
        BodyError: The file is too large.

    Examples:
        >>> read_bytes("/dev/zero", largest=10)
        Traceback (most recent call last):
        morph_ops.errors.BodyError: /dev/zero: cannot be read (it is a pipe or a device)
    """
    if "\0" in str(path):
        raise error(f"{str(path)!r}: expected a path without zero bytes")
    try:
        # Without O_NONBLOCK, opening a pipe waits for its writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise error(f"{path}: cannot be read (it is a pipe or a device)")
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror})") from None
    if len(content) > largest:
        raise error(f"{path}: expected at most {largest / 1e6:g} MB, got a larger file")
    return content


def read_text(
    path: str | os.PathLike[str],
    *,
    largest: int = LARGEST_TEXT,
    error: type[Exception] = BodyError,
) -> str:
    """The text of a UTF-8 file; a byte order mark is dropped.

    Args:
        path: Path of the file.
        largest: Largest allowed size (bytes).
        error: Class of the exceptions to raise.

    Raises:
        BodyError: The file cannot be read, or is too large, see :func:`read_bytes`.
        BodyError: The file is not UTF-8 text.

    Examples:
        >>> read_text("missing.txt")
        Traceback (most recent call last):
        morph_ops.errors.BodyError: missing.txt: no such file
    """
    content = read_bytes(path, largest=largest, error=error)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{path}: no UTF-8 text (byte {problem.start}); save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_parsed(
    path: str | os.PathLike[str],
    parse: Callable[[str], T],
    *,
    error: type[BodyError] = BodyError,
) -> T:
    """What a parser makes of a UTF-8 file; its errors name the file.

    Args:
        path: Path of the file.
        parse: Function of the text.
        error: Class of the exceptions to raise.

    Raises:
        BodyError: The file cannot be read as text, see :func:`read_text`.
        BodyError: ``parse`` refuses the text.

    Examples:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> write_text(file, "3 4")
        >>> read_parsed(file, str.split)
        ['3', '4']
    """
    text = read_text(path, error=error)
    try:
        return parse(text)
    except BodyError as problem:
        raise error(f"{path}: {problem}") from None


def require_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that cannot be written, before the work that would fill the file.

    Args:
        path: Path of the file.

    Raises:
        BodyError: The path is a folder, its folder does not exist, or there is no permission.

    Examples:
        >>> require_writable("missing/note.txt")
        Traceback (most recent call last):
        morph_ops.errors.BodyError: missing/note.txt: cannot be written (there is no folder missing)
    """
    target = _target(path)
    if target.is_dir():
        raise BodyError(f"{path}: cannot be written (it is a folder)")
    if _is_special(target):
        if not os.access(target, os.W_OK):
            raise BodyError(f"{path}: cannot be written (no permission)")
        return
    if not target.parent.is_dir():
        raise BodyError(f"{path}: cannot be written (there is no folder {target.parent})")
    if not os.access(target.parent, os.W_OK):
        raise BodyError(f"{path}: cannot be written (no permission for {target.parent})")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 file atomically: readers see the old text or the new, never a part.

    A symbolic link is followed. What is no regular file, such as a device or a FIFO, is written to.

    Args:
        path: Path of the file; an existing file is replaced.
        text: The new content.

    Raises:
        BodyError: The path is a folder, its folder does not exist, or there is no permission.
        BodyError: Writing fails, for example because the disk is full.

    Examples:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "note.txt"
        >>> write_text(file, "hello")
        >>> read_text(file)
        'hello'
    """
    require_writable(path)
    target = _target(path)
    if _is_special(target):
        _write_to(target, text, path)
        return
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError as problem:
        raise BodyError(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        draft.unlink(missing_ok=True)


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that a path stands for, at the end of all symbolic links."""
    try:
        return Path(path).resolve() if Path(path).is_symlink() else Path(path)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
        raise BodyError(f"{path}: cannot be written (its links form a circle)") from None


def _is_special(target: Path) -> bool:
    return target.exists() and not target.is_file() and not target.is_dir()


def _write_to(target: Path, text: str, path: str | os.PathLike[str]) -> None:
    """Write to what is no regular file, and leave it in its place."""
    try:
        with target.open("w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as problem:
        raise BodyError(f"{path}: cannot be written ({problem.strerror})") from None
