"""Search over robot bodies: everything that a user sees.

    config      settings of a campaign, from presets, TOML and ``--set``
    scoring     bodies in, score records out, without any training
    campaign    the search itself, on DEAP
    store       the run folder and its database
    export      designs as files that plain MuJoCo loads
    cluster     worker processes, here or on a Dask cluster
    cli         the command ``codesign``

Bodies are plain graphs of :mod:`morph_ops`, so that any DEAP script can take its
operators and :func:`codesign.scoring.score` without the campaign. Importing
``codesign`` imports none of the heavy packages.
"""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("codesign")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
