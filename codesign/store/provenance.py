"""Provenance: versions, machine, controller and settings of a run."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from typing import Any, cast

from codesign.config import Settings
from codesign.errors import UsageError
from codesign.machine import machine
from codesign.scoring.controllers import find_controller
from codesign.scoring.fingerprint import installed_version

#: Packages whose versions can change a result.
PACKAGES = ("deap", "mjbatch", "mujoco", "networkx", "numpy", "ribs", "torch")

#: The value of a run on several tasks that says on which scale the score of each task is.
SCALES = "scales"

#: Settings that may differ when a run is resumed. Most are no part of the result; the controller
#: is checked by its hash, and the robots of ``start`` are copies in the run folder.
MAY_DIFFER = ("workers", "cluster", "time_limit", "alarms", "top", "controller", "start")


def require_same_settings(settings: Settings, initial: Mapping[str, str]) -> None:
    """Refuse to resume a run with other settings than it started with.

    Settings in :data:`MAY_DIFFER` and ``stop.minutes`` may differ, ``top`` up to the number of
    finalists.

    Args:
        settings: The settings in the run folder now.
        initial: The :func:`provenance` of the process that started the run. Settings that are
            not in it are not compared.

    Raises:
        UsageError: A setting differs.
    """
    then = _settings_of(initial)
    now = json.loads(settings.model_dump_json())
    for values in (then, now):
        if isinstance(values.get("stop"), dict):
            values["stop"].pop("minutes", None)
    finalists = max(then.get("finalists", 0), then.get("top", 0))
    if settings.top > finalists > 0:
        raise UsageError(
            f"top: expected at most {finalists}, the finalists of the run, got {settings.top}; "
            "codesign export --top writes more designs"
        )
    for name in sorted((then.keys() & now.keys()).difference(MAY_DIFFER)):
        if then[name] != now[name]:
            raise UsageError(
                f"{name}: expected {then[name]}, with which the run started, got {now[name]}; "
                "restore it in settings.toml, or start a new run from the bodies of this one "
                "with the setting start"
            )


def _settings_of(initial: Mapping[str, str]) -> dict[str, Any]:
    """The settings in a provenance.

    Raises:
        UsageError: They are no JSON object.
    """
    try:
        found: object = json.loads(initial.get("settings", "{}"))
    except (RecursionError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(
            "provenance: expected the settings that the run started with, got none that can be "
            "read: the database is damaged"
        )
    return cast("dict[str, Any]", found)


def require_same_cluster(stored: Settings, now: Settings, initial: Mapping[str, str]) -> None:
    """Refuse a cluster that somebody wrote into the settings after the run had started.

    Args:
        stored: The settings in the run folder.
        now: The settings that the run will go on with; another cluster than the stored one is the
            user's choice.
        initial: The :func:`provenance` of the process that started the run.

    Raises:
        UsageError: The stored cluster is another one than at the start.
    """
    then = _settings_of(initial)
    cluster = json.loads(stored.model_dump_json())["cluster"]
    if now.cluster == stored.cluster and "cluster" in then and then["cluster"] != cluster:
        raise UsageError(
            "cluster: settings.toml has another one than the run started with; name it with "
            "--cluster ADDRESS (--cluster none for this machine), or allow it with --allow-custom"
        )


def provenance(settings: Settings) -> dict[str, str]:
    """Versions, machine, controller and settings of a process that works on a run.

    Args:
        settings: The settings of the run.

    Returns:
        The values by name; the version of a package that is not installed is "none".

    Raises:
        UsageError: There is no such controller.
    """
    return {
        "codesign": installed_version("codesign"),
        "python": platform.python_version(),
        **{name: installed_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        **machine(),
        "controller": settings.controller,
        # The hash of the file, which is quick; score records have the hash of the weights.
        "controller_sha256": hashlib.sha256(
            find_controller(settings.controller).read_bytes()
        ).hexdigest(),
        "settings": settings.model_dump_json(),
    }
