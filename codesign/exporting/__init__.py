"""Designs as files that need nothing of this project: to simulate, to build on, to publish.

``mjcf`` is a scene with floor and light for any MuJoCo, ``json`` the project's own format,
``npz`` the controller of that one body as plain arrays, with ``run_design.py`` to run both.

With ``finetuning`` the network of each design learns on, on its own body alone, before it is written.

A run's history: ``csv`` and ``parquet`` hold every table of its database, ``phylogeny`` is its
family tree by the ALife data standard; :func:`phylogeny` gives the tree as a graph.
"""

from codesign.exporting.designs import (
    DESIGN_FORMATS,
    SCENE_TASK,
    Design,
    DesignRollout,
    export_designs,
    export_run,
    variants_of,
)
from codesign.exporting.finetuning import FineTuning
from codesign.exporting.history import HISTORY_FORMATS
from codesign.exporting.lineage import phylogeny

__all__ = [
    "FORMATS",
    "HISTORY",
    "SCENE_TASK",
    "Design",
    "Motion",
    "Training",
    "export_designs",
    "export_run",
    "phylogeny",
    "variants_of",
]
