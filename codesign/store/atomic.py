"""Folders and files that appear complete or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from codesign.errors import UsageError
from morph_ops._messages import reason

_UMASK = os.umask(0)
os.umask(_UMASK)


def check_free(path: Path) -> None:
    """Refuse a path that is taken, or in a folder that must not be written to.

    Args:
        path: The path of a folder to make.

    Raises:
        UsageError: ``path`` is a file, or a folder that is not empty.
        UsageError: ``path`` cannot be made.
    """
    try:
        if path.exists() and not path.is_dir():
            raise UsageError(f"{path} is a file: choose another folder with --out")
        if path.is_dir() and any(path.iterdir()):
            raise UsageError(f"{path} exists and is not empty: choose another folder with --out")
        above = next(folder for folder in path.resolve().parents if folder.exists())
        # Permissions do not tell: root passes over them, and some file systems over root.
        os.rmdir(tempfile.mkdtemp(prefix=f".{path.name}-", dir=above))
    except OSError as error:
        raise _not_made(path, error) from None


@contextmanager
def new_folder(path: Path, *, replace: str | None = None) -> Generator[Path]:
    """A hidden folder to fill, which becomes ``path`` when the ``with`` block ends.

    If the block raises an error, ``path`` stays as it was.

    Args:
        path: The folder to make.
        replace: Pattern of the file names of an earlier result. The new folder replaces an old
            one; other files of the old one are kept, unless a new file has the same name. None
            means that the folder must not exist, or be empty.

    Yields:
        The hidden folder.

    Raises:
        UsageError: ``path`` is not empty, or cannot be made.

    Examples:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     with new_folder(Path(parent) / "designs") as draft:
        ...         _ = (draft / "robot.json").write_text("{}")
        ...     [file.name for file in (Path(parent) / "designs").iterdir()]
        ['robot.json']
    """
    if replace is None:
        check_free(path)
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise _not_made(path, error) from None
    old = draft.with_name(f"{draft.name}-old")
    try:
        draft.chmod(0o777 & ~_UMASK)
        yield draft
        if replace is not None and path.is_dir():
            path.rename(old)
        _put(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        if old.is_dir():
            old.rename(path)
        raise
    if replace is not None and old.is_dir():
        _keep_other_files(old, path, results=replace)
        shutil.rmtree(old, ignore_errors=True)


def _put(draft: Path, path: Path) -> None:
    try:
        draft.rename(path)
    except OSError as error:  # another process was faster
        raise _not_made(path, error) from None


def _not_made(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot make the folder {path}: {reason(error)}; choose another folder with --out"
    )


def _keep_other_files(old: Path, new: Path, *, results: str) -> None:
    """Move the files that are not results from the old folder into the new one."""
    for file in old.iterdir():
        if not fnmatch(file.name, results) and not (new / file.name).exists():
            file.rename(new / file.name)


@contextmanager
def new_file(path: Path) -> Generator[Path]:
    """A hidden file to write, which becomes ``path`` when the ``with`` block ends.

    If the block ends early, by an error or Ctrl-C, ``path`` stays as it was.

    Args:
        path: The file to make; one that is there is replaced.

    Yields:
        The hidden file, with the same ending.

    Raises:
        UsageError: The file cannot be written.

    Examples:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with new_file(Path(folder) / "note.txt") as draft:
        ...         _ = draft.write_text("hello")
        ...     [file.name for file in Path(folder).iterdir()]
        ['note.txt']
    """
    target = path.resolve()
    draft = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    try:
        yield draft
        os.replace(draft, target)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)
