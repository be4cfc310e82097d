"""What a run was made with."""

from __future__ import annotations

import hashlib
import platform

from codesign import __version__
from codesign.config import Settings
from codesign.scoring.fingerprint import installed
from codesign.scoring.scorer import find_controller

#: Packages whose versions can change a result.
PACKAGES = ("deap", "mjbatch", "mujoco", "networkx", "numpy", "ribs", "torch")


def provenance(settings: Settings) -> dict[str, str]:
    """Versions, machine, controller and settings of a process that works on a run.

    Args:
        settings: of the run.

    Returns:
        By name; a package that is not installed is "none".

    Raises:
        UsageError: there is no such controller.
    """
    return {
        "codesign": __version__,
        "python": platform.python_version(),
        **{name: installed(name) for name in PACKAGES},
        "platform": platform.platform(),
        "controller": settings.controller,
        # Of the file, which needs no torch; score records have the hash of the weights.
        "controller_sha256": hashlib.sha256(
            find_controller(settings.controller).read_bytes()
        ).hexdigest(),
        "settings": settings.model_dump_json(),
    }
