"""Export: designs and histories as files that need nothing of this project.

A design is a folder: a README with a picture, a record of its score and origin, and its formats.
``mjcf`` is a scene with floor and light for any MuJoCo, and the robot alone; ``json`` is the
project's own format, and ``graphml`` the body as a graph; ``npz`` is the network of that one body
as plain arrays, ``onnx`` the same for other runtimes, and ``c`` a C99 header. ``run_standalone.py``
simulates them. Of a task with another ground than a floor, ``mjcf`` also has the robot in the world
of its first episode, and what the script needs of all episodes. ``urdf`` and ``usd`` are the body
for other tool chains, ``print`` its parts for a printer, and ``assembly`` a sheet of lengths,
masses, torques and motors. Fine-tuning trains the network of each design on its own body before it
is written.

The history of a run has three more: ``csv`` and ``parquet`` have every table of its database,
and ``phylogeny`` is its family tree in the ALife data standard.

    design             a body on its way out, with the controller that moves it
    design_files       writes designs
    design_table       designs.csv: where designs come from, and what they score
    finetuning         trains the networks of designs before they are written
    runs               export of a run
    robots             export of a robot
    finetuned_designs  fine-tuning of a run's designs, or of robots, from one call
    extras             formats that need another package or command
    history            the database as CSV or Parquet
    lineage            the family tree as a graph and as a table
    standalone         what programs without this project need of a design
    world_file         the ground of its first episode
    world_arrays       what its rewards need, and the ground of the other episodes
    network_notes      what its network takes, in words
    build_files        what a design is built from
    printing           its printable parts
    assembly           its assembly sheet
    onnx_file          its network as ONNX
    c_header           its network as C
    usd_file           the robot as OpenUSD
    run_standalone.py  the script that comes with ``npz`` and ``onnx``
    design_record      NAME.record.json: score, ancestors, settings, versions
    design_readme      README.md of a design
    plain_names        names that other programs accept
    archive            an export as one zip file
"""

from codesign.exporting.archive import archive_of, write_archive
from codesign.exporting.design import (
    DESIGN_FORMATS,
    NETWORK_FORMATS,
    SCENE_TASK,
    USUAL_FORMATS,
    Design,
    DesignRollout,
)
from codesign.exporting.design_files import export_designs
from codesign.exporting.design_table import variants_of
from codesign.exporting.finetuned_designs import finetune, require_task
from codesign.exporting.finetuning import FineTuning
from codesign.exporting.history import HISTORY_FORMATS
from codesign.exporting.lineage import phylogeny
from codesign.exporting.printing import PrintSettings
from codesign.exporting.robots import export_robot
from codesign.exporting.runs import export_run, scored_task

__all__ = [
    "DESIGN_FORMATS",
    "HISTORY_FORMATS",
    "NETWORK_FORMATS",
    "SCENE_TASK",
    "USUAL_FORMATS",
    "Design",
    "DesignRollout",
    "FineTuning",
    "PrintSettings",
    "archive_of",
    "export_designs",
    "export_robot",
    "export_run",
    "finetune",
    "phylogeny",
    "require_task",
    "scored_task",
    "variants_of",
    "write_archive",
]
