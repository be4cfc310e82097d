"""Evaluation of controllers: how well they move bodies, and whether their scores rank bodies.

    robots = make_split("children", 40).entries                   # or bodies of your own
    result = evaluate([entry.graph for entry in robots], "flat-v2")
    result.summary()["mean"]

``evaluate`` runs many bodies under one controller or teacher. ``make_split`` makes the bodies:
sampled, mutated, crossed, or varied in one respect. ``calibrate`` compares scores before and after
training each body. ``statistics`` holds the confidence intervals and rank correlations of all
reports. Names are loaded on first use, because ``statistics`` needs no torch and the others do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperdistill_core.evaluation.calibration import CalibrateSettings, calibrate
    from hyperdistill_core.evaluation.evaluation import (
        Evaluation,
        evaluate,
        paired_ratio,
        select_variants,
    )
    from hyperdistill_core.evaluation.splits import Entry, Split, make_split, make_splits
    from hyperdistill_core.evaluation.variations import VARIATIONS, Variation

__all__ = [
    "VARIATIONS",
    "CalibrateSettings",
    "Entry",
    "Evaluation",
    "Split",
    "Variation",
    "calibrate",
    "evaluate",
    "make_split",
    "make_splits",
    "paired_ratio",
    "select_variants",
]

_LAZY = {
    **dict.fromkeys(("CalibrateSettings", "calibrate"), "calibration"),
    **dict.fromkeys(("Evaluation", "evaluate", "paired_ratio", "select_variants"), "evaluation"),
    **dict.fromkeys(("Entry", "Split", "make_split", "make_splits"), "splits"),
    **dict.fromkeys(("VARIATIONS", "Variation"), "variations"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
