"""The files of designs: a folder for each, with its body, its network, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import networkx as nx
import numpy as np

from codesign.exporting.build_files import with_build_files
from codesign.exporting.c_header import write_c_header
from codesign.exporting.design import (
    CONTROLLER_FORMATS,
    DESIGN_FORMATS,
    NETWORK_FORMATS,
    USUAL_FORMATS,
    Design,
    DesignRollout,
)
from codesign.exporting.design_readme import README, design_readme
from codesign.exporting.design_record import RECORD, design_record, write_design_record
from codesign.exporting.design_table import DESIGN_TABLE, finetuned_row, write_design_table
from codesign.exporting.extras import require_packages
from codesign.exporting.finetuning import FineTuning, finetuned, with_records
from codesign.exporting.onnx_file import write_onnx
from codesign.exporting.plain_names import with_plain_names
from codesign.exporting.printing import PrintSettings
from codesign.exporting.standalone import StandaloneDesign, standalone
from codesign.exporting.usd_file import write_usd
from codesign.exporting.world_file import write_worlds
from codesign.scoring import load_controller
from codesign.store.atomic import new_folder
from morph_ops.errors import BodyError
from morph_ops.geometry import canonical_frames
from morph_ops.io import graphml_file, json_file, mjcf, urdf

RUNNER = "run_standalone.py"
#: Ending of the name of the MJCF file that has the robot alone.
BARE = ".bare.xml"
PICTURE_SIZE = (480, 360)


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

    Each design has a folder of its name. Beside the formats it gets a README with a picture, and
    a record of where it comes from.

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
        >>> sorted(file.name for file in (folder / "body").iterdir())
        ['README.md', 'body.json', 'body.record.json', 'body.svg']
    """
    require_packages(formats)
    with (
        finetuned(list(designs), rollout, finetuning, folder=folder) as (tuned, tuned_rollout),
        new_folder(folder) as draft,
    ):
        if finetuning is not None and tuned_rollout is not None:
            tuned = with_records(tuned, tuned_rollout)
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
    """Write designs into a folder that exists: one folder for each.

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
    if set(formats).isdisjoint(DESIGN_FORMATS):
        return list(designs)
    controller = None
    if designs and rollout is not None and not CONTROLLER_FORMATS.isdisjoint(formats):
        controller = load_controller(rollout.controller)
    settings = printing or PrintSettings()
    written: list[Design] = []
    for design in designs:
        own = folder / design.name
        own.mkdir()
        plain = with_plain_names(design.graph)
        design = with_build_files(
            _with_bodies(design, plain, own, formats), own, formats, controller, rollout, settings
        )
        if design.left_out and set(formats) <= set(design.left_out):
            raise BodyError(f"{design.name}: {next(iter(design.left_out.values()))}")
        written.append(design)
        if rollout is not None and "mjcf" in formats:
            write_worlds(plain, rollout, own, design.name)
        made = None
        if controller and rollout and not NETWORK_FORMATS.isdisjoint(formats):
            made = standalone(replace(design, graph=plain), controller, rollout)
            _write_network(made, own, formats)
        _describe(design, made, own)
    return written


def _with_bodies(
    design: Design, plain: nx.DiGraph[str], folder: Path, formats: Sequence[str]
) -> Design:
    """Write the body of a design, which is also given with plain names.

    The result says which formats it cannot have.
    """
    stem = folder / design.name
    if "mjcf" in formats:
        # run_standalone.py reads the state of the model's own frames.
        own_frames = canonical_frames(plain)
        mjcf.write(own_frames, stem.with_name(f"{stem.name}.xml"), scene=True)
        mjcf.write(own_frames, stem.with_name(f"{stem.name}{BARE}"))
    if "json" in formats:
        json_file.write_json(design.graph, stem.with_name(f"{stem.name}.json"))
    if "graphml" in formats:
        graphml_file.write_graphml(design.graph, stem.with_name(f"{stem.name}.graphml"))
    left_out: dict[str, str] = {}
    for format_, end, write in (("urdf", ".urdf", urdf.write), ("usd", ".usdc", write_usd)):
        if format_ in formats:
            try:
                write(plain, stem.with_name(f"{stem.name}{end}"))
            except BodyError as error:
                left_out[format_] = str(error)
    return replace(design, left_out=left_out)


def _write_network(design: StandaloneDesign, folder: Path, formats: Sequence[str]) -> None:
    """Write the network of one design in the formats that hold one."""
    if "npz" in formats:
        path = folder / f"{design.name}.npz"
        np.savez(path, allow_pickle=False, **{**design.arrays, **design.network.arrays()})
    if "onnx" in formats:
        write_onnx(design, folder / f"{design.name}.onnx")
    if "c" in formats:
        write_c_header(design, folder / f"{design.name}.h")
    if not {"npz", "onnx"}.isdisjoint(formats):
        runner = resources.files("codesign.exporting") / RUNNER
        (folder / RUNNER).write_text(runner.read_text("utf-8"), "utf-8")


def _describe(design: Design, made: StandaloneDesign | None, folder: Path) -> None:
    """Write the picture, the record and the README of a design."""
    # Imported late, since SciPy's geometry loads slowly and a score does not need it.
    from codesign.drawing import colors_of, draw, rest_state, solids_of

    model, data = rest_state(design.graph)
    solids = solids_of(model, data, colors=colors_of(design.graph))
    picture = draw(solids, title=f"{design.name} at rest", size=PICTURE_SIZE)
    (folder / f"{design.name}.svg").write_text(picture, "utf-8")
    record = design_record(design, made)
    write_design_record(record, folder / f"{design.name}{RECORD}")
    files = [file.name for file in folder.iterdir()]
    (folder / README).write_text(design_readme(record, design.graph, model, files), "utf-8")
