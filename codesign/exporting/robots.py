"""Export of robots that are not from a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from codesign.defaults import CONTROLLER, EPISODES
from codesign.errors import UsageError
from codesign.exporting.design import (
    CONTROLLER_FORMATS,
    SCENE_TASK,
    USUAL_FORMATS,
    Design,
    DesignRollout,
)
from codesign.exporting.design_files import export_designs
from codesign.exporting.printing import PrintSettings
from codesign.scoring import BodyScorer, load_controller, resolve_best_of
from morph_ops import graph as body_graph
from morph_ops.io.files import read_body


def export_robot(
    robot: Path,
    folder: Path,
    *,
    formats: Sequence[str] = USUAL_FORMATS,
    controller: str | Path = CONTROLLER,
    best_of: int | None = None,
    task: str = SCENE_TASK,
    blind: bool = False,
    printing: PrintSettings | None = None,
) -> Design:
    """Write one robot for other programs.

    With a network, its record has the score of the robot under it.

    Args:
        robot: File of the robot.
        folder: The folder to make. It must not exist, or be empty.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS`.
        controller: Name of a shipped controller, or path of a controller file, for networks.
        best_of: Number of variants to try for networks; the best is written. None for the
            usual number (:data:`~codesign.defaults.BEST_OF`), or all that the controller has.
        task: Name of the task of the score; of another than ``"flat"`` the world is written, too.
        blind: Whether networks with height samples get flat ground folded in.
        printing: Settings of printable parts; None for the usual ones.

    Returns:
        The design that the robot became.

    Raises:
        BodyError: The file is not a robot.
        UsageError: The folder is not empty or cannot be made.
        UsageError: There is no such controller, or it has fewer than ``best_of`` variants.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from morph_ops.io.files import write_body
        >>> from morph_ops.sampling import sample_body
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     robot = Path(parent) / "robot.json"
        ...     write_body(sample_body(np.random.default_rng(0)), robot)
        ...     _ = export_robot(robot, Path(parent) / "out", formats=["mjcf"])
        ...     sorted(file.name for file in (Path(parent) / "out" / "robot").iterdir())
        ['README.md', 'robot.bare.xml', 'robot.record.json', 'robot.svg', 'robot.xml']
    """
    design = Design(name=robot.stem, graph=read_body(robot))
    # The script simulates the episodes of the score.
    rollout = DesignRollout(controller=controller, task=task, blind=blind, episodes=EPISODES)
    if not CONTROLLER_FORMATS.isdisjoint(formats) and any(body_graph.joints(design.graph)):
        [design] = with_best_variants([design], controller, best_of, task=task)
        scorer = BodyScorer(
            controller=controller,
            task=task,
            episodes=rollout.episodes,
            seed=rollout.seed,
            best_of=best_of,
        )
        record = scorer(design.graph, robot=design.name, variant=design.variant)
        design = replace(design, origin={"score": record.to_dict()})
    [written] = export_designs(
        [design],
        folder,
        formats=formats,
        rollout=rollout,
        printing=printing,
    )
    return written


def read_designs(robots: Sequence[Path]) -> list[Design]:
    """Robots with a motor, as designs named after their files.

    Args:
        robots: Files of robots.

    Raises:
        BodyError: A file is not a robot.
        UsageError: A robot has no motor, or two files have the same name.
    """
    designs: dict[str, Design] = {}
    for robot in robots:
        graph = read_body(robot)
        if not any(body_graph.joints(graph)):
            raise UsageError(
                f"{robot}: expected a robot with at least one joint to control, got a torso alone"
            )
        if robot.stem in designs:
            raise UsageError(f"{robot}: another robot has the name {robot.stem}, rename one")
        designs[robot.stem] = Design(name=robot.stem, graph=graph)
    return list(designs.values())


def with_best_variants(
    designs: Sequence[Design],
    controller: str | Path,
    best_of: int | None,
    *,
    task: str = SCENE_TASK,
) -> list[Design]:
    """The designs with the variants that score best in short rollouts.

    Args:
        designs: The designs; each has a joint to control.
        controller: Name or file of the controller.
        best_of: Number of variants to try; None for the usual number.
        task: Name of the task of the rollouts.

    Raises:
        UsageError: There is no such controller, or it has fewer than ``best_of`` variants.
    """
    from hyperdistill_core.controller.halving import select_variant
    from hyperdistill_core.tasks import get_task

    loaded, world = load_controller(controller), get_task(task)
    count = resolve_best_of(loaded, best_of)
    return [
        replace(design, variant=select_variant(design.graph, loaded, task=world, best_of=count))
        for design in designs
    ]
