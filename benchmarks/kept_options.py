"""The options that the results in a folder were made with: others would mix two tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

FILE = "options.json"


def keep_options(folder: Path, options: Mapping[str, object]) -> None:
    """Create a folder and write the options into it, or compare them with those that are there.

    Args:
        folder: Folder of results.
        options: Options that decide the results.

    Raises:
        SystemExit: The folder has results of other options.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    given = {
        name: value if isinstance(value, int | float) else str(value)
        for name, value in options.items()
    }
    if not path.exists():
        path.write_text(json.dumps(given, indent=2) + "\n")
        return
    kept = json.loads(path.read_text())
    for name, value in given.items():
        if kept.get(name) != value:
            raise SystemExit(
                f"error: {folder}: expected --{name.replace('_', '-')} {kept.get(name)}, which its "
                f"results were made with, got {value}; choose another --out"
            )
