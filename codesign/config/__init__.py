"""Settings of a campaign: immutable, validated once, from presets, TOML files and ``--set``.

Later sources win: defaults, preset, campaign file, ``--set``, then single options such as
``--seed``. The result is written into the run folder, complete, so that a run does not depend on
defaults that may change.

    settings     the campaign
    tables       its tables: rates, limits, stop, racing, alarms
    consistency  settings that must fit each other
    names        the names that settings accept: algorithms, objectives, descriptors
    sources      where settings come from, and TOML
"""

from codesign.config.cores import usable_cores
from codesign.config.names import ALGORITHMS, DESCRIPTORS, ISLANDS, OBJECTIVES, RACING
from codesign.config.scenes import with_pinned_scenes
from codesign.config.settings import Settings
from codesign.config.sources import (
    DEFAULT_PRESET,
    cluster_at,
    load,
    parse_toml,
    presets,
    read_toml,
    to_toml,
)
from codesign.config.tables import Adaptation, Alarms, Limits, Racing, Rates, Scales, Stop

__all__ = [
    "ALGORITHMS",
    "DEFAULT_PRESET",
    "DESCRIPTORS",
    "ISLANDS",
    "OBJECTIVES",
    "RACING",
    "Adaptation",
    "Alarms",
    "Limits",
    "Racing",
    "Rates",
    "Scales",
    "Settings",
    "Stop",
    "cluster_at",
    "load",
    "parse_toml",
    "presets",
    "read_toml",
    "to_toml",
    "usable_cores",
    "with_pinned_scenes",
]
