"""Files that go out of the page: contents, never paths of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import networkx as nx

from codesign.defaults import TASK
from codesign.errors import UsageError
from codesign.studio.jobs import Channel
from morph_ops._messages import one_line
from morph_ops.errors import BodyError

if TYPE_CHECKING:
    from hyperdistill_core.nets.mlp import BodyMLP

__all__ = [
    "Bundle",
    "as_json",
    "as_mjcf",
    "export_bundle",
    "plain_name",
]

#: Longest name of a design.
_LONGEST_NAME = 60


def plain_name(name: str) -> str:
    """A name of a design that every file system accepts.

    Args:
        name: Any text, such as the name of an uploaded file.

    Examples:
        >>> plain_name("../../my robot!.xml"), plain_name("")
        ('my-robot', 'robot')
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = base.rsplit(".", 1)[0] if "." in base.lstrip(".") else base
    kept = "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "-" for c in stem)
    return "-".join(part for part in kept.split("-") if part)[:_LONGEST_NAME] or "robot"


def as_json(graph: nx.DiGraph[str]) -> bytes:
    """A body in the project's own format.

    Args:
        graph: The body.

    Examples:
        >>> import numpy as np
        >>> from codesign.studio.uploads import read_upload
        >>> from morph_ops.identity import body_hash
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> body_hash(read_upload("walker.json", as_json(body))) == body_hash(body)
        True
    """
    from morph_ops.io.json_file import to_json

    return to_json(graph).encode()


def as_mjcf(graph: nx.DiGraph[str]) -> bytes:
    """A body as MJCF.

    Args:
        graph: The body.

    Raises:
        UsageError: The body cannot be written as MJCF.
    """
    from morph_ops.io.files import write_body

    with TemporaryDirectory() as folder:
        path = Path(folder) / "robot.xml"
        try:
            write_body(graph, path)
        except BodyError as error:
            raise UsageError(one_line(error).replace(f"{folder}/", "")) from None
        return path.read_bytes()


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """What an export takes along.

    Attributes:
        name: Name of the design.
        graph: The body.
        controller: Name or file of the controller.
        variant: Number of the controller variant.
        network: The fine-tuned network; None for the generated one.
        scores: Scores before and after fine-tuning; None without.
        task: Name of the task; of another than "flat" the ground comes along.
    """

    name: str
    graph: nx.DiGraph[str]
    controller: str | Path
    variant: int = 0
    network: BodyMLP | None = None
    scores: tuple[float, float] | None = None
    task: str = TASK


def export_bundle(channel: Channel, bundle: Bundle) -> None:
    """Write a design for other programs, as one zip file.

    Args:
        channel: Gets the content of the zip file, once.
        bundle: The design.

    Raises:
        UsageError: The design cannot be exported.
    """
    from codesign.exporting import Design, DesignRollout, archive_of, export_designs, write_archive
    from codesign.scoring import BodyScorer

    network = bundle.network
    scorer = BodyScorer(controller=bundle.controller, task=bundle.task)
    record = scorer(bundle.graph, robot=bundle.name, variant=bundle.variant, policy=network)
    design = Design(
        name=bundle.name,
        graph=bundle.graph,
        variant=bundle.variant,
        network=network,
        scores=bundle.scores,
        origin={"score": record.to_dict()},
    )
    formats = ("mjcf", "json", "urdf", "graphml", "npz")
    with TemporaryDirectory() as parent:
        folder = Path(parent) / bundle.name
        export_designs(
            [design],
            folder,
            formats=formats,
            rollout=DesignRollout(controller=bundle.controller, task=bundle.task),
        )
        archive = archive_of(folder)
        write_archive(folder, archive)
        channel.send(archive.read_bytes())
