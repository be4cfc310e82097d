"""What a run was made with."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping

from codesign import __version__
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring.fingerprint import installed_version
from codesign.scoring.controllers import find_controller

#: Packages whose versions can change a result.
PACKAGES = ("deap", "mjbatch", "mujoco", "networkx", "numpy", "ribs", "torch")


#: Settings that are no part of what a search finds, and those whose files are known by other means:
#: a controller by its hash, the robots of ``start`` by the copies in the run folder.
FREE = ("workers", "cluster", "time_limit", "alarms", "top", "controller", "start")


def require_same_settings(settings: Settings, begun: Mapping[str, str]) -> None:
    """Refuse to go on with a run under other settings than it began with.

    Args:
        settings: as they are in the run folder now.
        begun: what :func:`provenance` said when the run began; settings that its version of
            codesign did not have are passed over.

    Raises:
        UsageError: one differs, but for those of ``FREE`` and ``stop.minutes``.
    """
    then = json.loads(begun.get("settings", "{}"))
    now = json.loads(settings.model_dump_json())
    for values in (then, now):
        values.get("stop", {}).pop("minutes", None)
    for name in sorted((then.keys() & now.keys()).difference(FREE)):
        if then[name] != now[name]:
            raise UsageError(
                f"{name}: expected {then[name]}, which the run began with, got {now[name]}; put it "
                "back in settings.toml, or begin a new run with the bodies of this one (start)"
            )


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
        **{name: installed_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "controller": settings.controller,
        # Of the file, which needs no torch; score records have the hash of the weights.
        "controller_sha256": hashlib.sha256(
            find_controller(settings.controller).read_bytes()
        ).hexdigest(),
        "settings": settings.model_dump_json(),
    }
