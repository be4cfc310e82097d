"""Settings of a campaign: frozen, checked once, from presets, TOML files and ``--set``.

Later sources win: defaults, preset, campaign file, ``--set``, then single options such
as ``--seed``. What comes out is written into the run folder, complete, so that a run
does not depend on defaults that may change.

settings  the campaign
tables    its tables: rates, limits, stop, alarms
sources   where settings come from, and TOML
"""

from codesign.config.settings import (
    ALGORITHMS,
    DESCRIPTORS,
    ISLANDS,
    OBJECTIVES,
    RACING,
    Settings,
    usable_cores,
)
from codesign.config.sources import (
    DEFAULT_PRESET,
    build,
    chosen_cluster,
    load,
    parse,
    presets,
    read,
    to_toml,
)
from codesign.config.tables import Alarms, Limits, Racing, Rates, Stop

__all__ = [
    "ALGORITHMS",
    "DEFAULT_PRESET",
    "DESCRIPTORS",
    "ISLANDS",
    "OBJECTIVES",
    "RACING",
    "Alarms",
    "Limits",
    "Racing",
    "Rates",
    "Settings",
    "Stop",
    "build",
    "chosen_cluster",
    "load",
    "parse",
    "presets",
    "read",
    "to_toml",
    "usable_cores",
]
