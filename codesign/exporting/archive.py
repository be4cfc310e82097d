"""An export as one zip file."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

from codesign.errors import UsageError
from morph_ops._messages import reason

#: Date of every file in an archive, so that equal exports make equal archives.
_DATE = (1980, 1, 1, 0, 0, 0)


def archive_of(folder: Path) -> Path:
    """Where the archive of an export goes: beside its folder.

    Args:
        folder: The folder of the export; it need not exist yet.

    Raises:
        UsageError: There is a file already.

    Examples:
        >>> archive_of(Path("no-such-folder")).name
        'no-such-folder.zip'
    """
    path = folder.resolve().with_name(f"{folder.resolve().name}.zip")
    if path.exists():
        raise UsageError(f"{path} exists: choose another folder with --out, or move it away")
    return path


def write_archive(folder: Path, path: Path) -> None:
    """Write a folder as a zip file, in one piece or not at all.

    Args:
        folder: The folder; its name is the first part of the names in the archive.
        path: The file.

    Raises:
        UsageError: The file cannot be written.

    Examples:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     folder = Path(parent) / "best"
        ...     folder.mkdir()
        ...     _ = (folder / "README.md").write_text("hello")
        ...     write_archive(folder, archive_of(folder))
        ...     zipfile.ZipFile(Path(parent) / "best.zip").namelist()
        ['best/README.md']
    """
    folder, draft = folder.resolve(), None
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for source in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
                name = source.relative_to(folder.parent).as_posix()
                info = zipfile.ZipInfo(name, _DATE)
                info.external_attr = 0o644 << 16
                archive.writestr(info, source.read_bytes(), zipfile.ZIP_DEFLATED)
        Path(draft).replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason(error)}") from None
    finally:
        if draft is not None:
            Path(draft).unlink(missing_ok=True)
