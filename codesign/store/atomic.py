"""Folders that appear complete or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from codesign.errors import UsageError
from morph_ops._messages import reason


def check_free(path: Path) -> None:
    """Refuse a path that is taken.

    Args:
        path: The path of a folder to make.

    Raises:
        UsageError: ``path`` is a file, or a folder that is not empty.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file: choose another folder with --out")
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"{path} exists and is not empty: choose another folder with --out")


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
        raise UsageError(
            f"cannot make the folder {path}: {reason(error)}; choose another folder with --out"
        ) from None
    old = draft.with_name(f"{draft.name}-old")
    try:
        draft.chmod(0o777 & ~_umask())
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
        raise UsageError(
            f"cannot make the folder {path}: {reason(error)}; choose another folder with --out"
        ) from None


def _keep_other_files(old: Path, new: Path, *, results: str) -> None:
    """Move the files that are not results from the old folder into the new one."""
    for file in old.iterdir():
        if not fnmatch(file.name, results) and not (new / file.name).exists():
            file.rename(new / file.name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all; one that is there is replaced.

    Args:
        path: The file.
        text: What it says.

    Raises:
        UsageError: The file cannot be written.

    Examples:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     write_text(Path(parent) / "page.html", "<p>done")
        ...     [file.name for file in Path(parent).iterdir()]
        ['page.html']
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)
