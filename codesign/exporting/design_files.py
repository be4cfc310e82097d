"""The files of designs: scenes, URDF, JSON bodies, parts to print, and networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np

from codesign.exporting.build_files import with_build_files
from codesign.exporting.c_header import write_c_header
from codesign.exporting.design import (
    NETWORK_FORMATS,
    USUAL_FORMATS,
    Design,
    DesignRollout,
)
from codesign.exporting.design_table import DESIGN_TABLE, finetuned_row, write_design_table
from codesign.exporting.extras import require_packages
from codesign.exporting.finetuning import FineTuning, finetuned
from codesign.exporting.onnx_file import write_onnx
from codesign.exporting.printing import PrintSettings
from codesign.exporting.standalone import StandaloneDesign, standalone
from codesign.scoring import load_controller
from codesign.store.atomic import new_folder
from morph_ops.errors import BodyError
from morph_ops.geometry import canonical_frames
from morph_ops.io import json_file, mjcf, urdf

RUNNER = "run_standalone.py"


def export_designs(
    designs: Iterable[Design],
    folder: Path,
    *,
    formats: Sequence[str] = USUAL_FORMATS,
    rollout: DesignRollout | None = None,
    finetuning: FineTuning | None = None,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Write designs into a new folder, all of them or nothing.

    Args:
        designs: The designs to write.
        folder: The folder to make. It must not exist, or be empty.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS`. Those of networks write
            nothing without ``rollout``; ``"npz"`` and ``"onnx"`` add ``run_standalone.py``.
        rollout: The controller of the designs and the episodes to simulate with it.
        finetuning: How the networks are fine-tuned before they are written; None leaves them
            as the controller generates them.
        printing: Settings of printable parts; None for the usual ones.

    Returns:
        The designs, with networks and scores if they were fine-tuned, and with the formats that
        they cannot have.

    Raises:
        UsageError: The folder is not empty or cannot be made.
        UsageError: There is no such controller.
        UsageError: There is nothing to fine-tune.
        UsageError: A format needs a package that is not installed.
        BodyError: A design can have none of the formats.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> folder = Path(tempfile.mkdtemp()) / "designs"
        >>> _ = export_designs([Design(name="body", graph=body)], folder, formats=["json"])
        >>> [file.name for file in folder.iterdir()]
        ['body.json']
    """
    require_packages(formats)
    with (
        finetuned(list(designs), rollout, finetuning, folder=folder) as (tuned, tuned_rollout),
        new_folder(folder) as draft,
    ):
        tuned = write_designs(tuned, draft, formats, tuned_rollout, printing)
        if finetuning is not None and tuned_rollout is not None:
            rows = [finetuned_row(design, tuned_rollout) for design in tuned]
            write_design_table(rows, draft / DESIGN_TABLE)
    return tuned


def write_designs(
    designs: Sequence[Design],
    folder: Path,
    formats: Sequence[str],
    rollout: DesignRollout | None,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Write the files of designs into a folder that exists.

    Args:
        designs: The designs.
        folder: The folder.
        formats: As for :func:`export_designs`.
        rollout: As for :func:`export_designs`.
        printing: As for :func:`export_designs`.

    Returns:
        The designs, with the formats that they cannot have.

    Raises:
        UsageError: There is no such controller.
        BodyError: A design can have none of the formats.
    """
    settings = printing or PrintSettings()
    written = [
        with_build_files(_with_bodies(design, folder, formats), folder, formats, rollout, settings)
        for design in designs
    ]
    for design in written:
        if design.left_out and set(formats) <= set(design.left_out):
            raise BodyError(f"{design.name}: {next(iter(design.left_out.values()))}")
    if rollout is not None:
        _write_networks(written, folder, formats, rollout)
    return written


def _with_bodies(design: Design, folder: Path, formats: Sequence[str]) -> Design:
    """Write the body of a design; the result says which formats it cannot have."""
    if "mjcf" in formats:
        # run_standalone.py reads the state of the model's own frames.
        graph = canonical_frames(design.graph)
        mjcf.write(graph, folder / f"{design.name}.xml", scene=True)
    if "json" in formats:
        json_file.write_json(design.graph, folder / f"{design.name}.json")
    left_out: dict[str, str] = {}
    if "urdf" in formats:
        try:
            urdf.write(design.graph, folder / f"{design.name}.urdf")
        except BodyError as error:
            left_out["urdf"] = str(error)
    return replace(design, left_out=left_out)


def _write_networks(
    designs: Sequence[Design], folder: Path, formats: Sequence[str], rollout: DesignRollout
) -> None:
    if not designs or NETWORK_FORMATS.isdisjoint(formats):
        return
    controller = load_controller(rollout.controller)
    for design in designs:
        _write_network(standalone(design, controller, rollout), folder, formats)
    if not {"npz", "onnx"}.isdisjoint(formats):
        runner = resources.files("codesign.exporting") / RUNNER
        (folder / RUNNER).write_text(runner.read_text("utf-8"), "utf-8")


def _write_network(design: StandaloneDesign, folder: Path, formats: Sequence[str]) -> None:
    """Write the network of one design in the formats that hold one."""
    if "npz" in formats:
        arrays = {**design.network.arrays(), "n_layers": np.array(len(design.network.weights))}
        path = folder / f"{design.name}.npz"
        np.savez(path, allow_pickle=False, **arrays, **design.arrays)
    if "onnx" in formats:
        write_onnx(design, folder / f"{design.name}.onnx")
    if "c" in formats:
        write_c_header(design, folder / f"{design.name}.h")
