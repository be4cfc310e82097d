"""Evolve robot bodies with controllers that need no training.

    import codesign

    run = codesign.evolve(codesign.Settings(population=64, generations=5), out="runs/first")
    run.best(5)                                   # the best bodies
    run.candidates()                              # every candidate, as a table
    run.export("designs", finetune=500_000)       # for MuJoCo, with networks trained further
    codesign.export_elites("runs/first", "kinds") # the best body of every kind

    codesign.write_report("runs/first")           # what it found, as a page
    codesign.write_replay("runs/first")           # its best bodies in motion, in 3D

    codesign.score("robot.xml", best_of=8)        # score a robot that you designed
    codesign.finetune("robot.xml", "tuned")       # train its own network
    codesign.export("robot.xml", "robot")         # take it away

These names, :class:`~codesign.scoring.BodyScorer` for other search programs, and ``read_body``
and ``write_body`` for robot files are all that most programs need. They load on first use, so
that importing ``codesign`` loads none of the heavy packages. Behind them are

    api         these functions; the command line is a thin layer over them
    config      settings of a campaign, from presets, TOML and ``--set``
    scoring     bodies in, score records out, without training
    campaign    the search itself, on DEAP
    store       the run folder and its database
    exporting   designs as files that plain MuJoCo loads
    drawing     pictures of bodies, without a graphics driver
    replay      episodes to watch, as pages, films and stills
    report      what runs found, as pages
    studio      design by hand, in the browser
    cluster     worker processes, here or on a Dask cluster
    gym         environments for trainers that speak Gymnasium
    cli         the command ``codesign``

Bodies are plain graphs of :mod:`morph_ops`: any DEAP script can use its operators and
:mod:`codesign.scoring` without a campaign.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from morph_ops._lazy_names import lazy_names

if TYPE_CHECKING:
    from codesign.api import (
        Observer,
        Run,
        evolve,
        export,
        export_elites,
        finetune,
        load_run,
        resume,
        score,
        write_replay,
        write_report,
    )
    from codesign.config import Settings
    from codesign.exporting import PrintSettings
    from codesign.replay import FilmSettings
    from codesign.scoring import BodyScorer, ScoreRecord
    from morph_ops import read_body, write_body

__all__ = [
    "BodyScorer",
    "FilmSettings",
    "Observer",
    "PrintSettings",
    "Run",
    "ScoreRecord",
    "Settings",
    "__version__",
    "evolve",
    "export",
    "export_elites",
    "finetune",
    "load_run",
    "read_body",
    "resume",
    "score",
    "write_body",
    "write_replay",
    "write_report",
]

try:
    __version__ = version("codesign")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

#: The module of every name that is loaded on first use.
_MODULES = {
    "BodyScorer": "codesign.scoring",
    "FilmSettings": "codesign.replay",
    "Observer": "codesign.api",
    "PrintSettings": "codesign.exporting",
    "Run": "codesign.api",
    "ScoreRecord": "codesign.scoring",
    "Settings": "codesign.config",
    "evolve": "codesign.api",
    "export": "codesign.api",
    "export_elites": "codesign.api",
    "finetune": "codesign.api",
    "load_run": "codesign.api",
    "read_body": "morph_ops",
    "resume": "codesign.api",
    "score": "codesign.api",
    "write_body": "morph_ops",
    "write_replay": "codesign.api",
    "write_report": "codesign.api",
}

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
