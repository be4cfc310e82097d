"""Finding and reading robots: files, folders, designs of runs, and bodies in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

import networkx as nx

from codesign.api.run import Run
from codesign.errors import WRONG_INPUT, UsageError
from codesign.exporting import variants_of
from codesign.store import Candidate, RunFolder
from morph_ops import graph as body_graph
from morph_ops._messages import failure, one_line
from morph_ops._text_file import is_folder
from morph_ops.io.files import read_body, robot_files

Robot: TypeAlias = "str | Path | Run | nx.DiGraph[str]"
"""A robot: a file, a folder of files, a run folder, a run, or a body."""
_T = TypeVar("_T")

#: How many of the files that cannot be used an error names.
_NAMED = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class RobotFile:
    """A robot that was found, and how a run scored it.

    Attributes:
        name: File, or "robot 0", "robot 1", ... for bodies in memory.
        path: File; None for a body in memory.
        graph: Body; None for a file, which is not read yet.
        variant: Controller variant that a run scored it with; None if no run did.
        root: Name of the first body of the robot in a file with several robots.
    """

    name: str
    path: Path | None = None
    graph: nx.DiGraph[str] | None = None
    variant: int | None = None
    root: str | None = None


def find_robots(
    robots: Robot | RobotFile | Sequence[Robot | RobotFile],
    *,
    controller: str | Path,
    root: str | None = None,
) -> list[RobotFile]:
    """The robots that paths stand for, without reading them.

    Args:
        robots: One or more of: a robot file, a folder of them, a run folder or a run, which
            stands for the designs that it wrote, or a body in memory.
        controller: Name or file of the controller; a run's designs have the variants of their
            scores if the run used the same one.
        root: Name of the first body of the robot, for files with several robots; None leaves
            that of a robot that was found before.

    Returns:
        Robots in the order given; a file that comes up twice is there once.

    Raises:
        BodyError: A folder has no robots in it.
        UsageError: A run folder cannot be read, or something is no robot.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> [robot.name for robot in find_robots(bodies, controller="flat-v2")]
        ['robot 0', 'robot 1']
    """
    found: dict[object, RobotFile] = {}
    for index, robot in enumerate(as_list(robots)):
        for one in _resolved(robot, index, str(controller)):
            found.setdefault((one.path or id(one.graph), one.root), one)
    return [robot if root is None else replace(robot, root=root) for robot in found.values()]


def as_list(robots: _T | Sequence[_T]) -> list[_T]:
    """One robot, or several, as a list.

    Raises:
        UsageError: It is neither.
    """
    if isinstance(robots, str | Path | Run | RobotFile | nx.DiGraph):
        return [cast("_T", robots)]
    if not isinstance(robots, Iterable):
        raise _no_robot(robots)
    return list(cast("Sequence[_T]", robots))


def _resolved(robot: Robot | RobotFile, index: int, controller: str) -> list[RobotFile]:
    if isinstance(robot, RobotFile):
        return [robot]
    if isinstance(robot, nx.DiGraph):
        return [RobotFile(name=f"robot {index}", graph=robot)]
    if not isinstance(robot, str | Path | Run):  # pyright: ignore[reportUnnecessaryIsInstance]  users
        raise _no_robot(robot)
    path = robot.path if isinstance(robot, Run) else Path(robot)
    if RunFolder.is_run(path):
        folder = RunFolder(path).designs
        variants = variants_of(folder, controller)
        # A design is one robot, whatever formats it was written in.
        designs = {file.stem: file for file in reversed(robot_files(folder))}
        return [
            RobotFile(name=str(file), path=file, variant=variants.get(file.stem))
            for file in reversed(designs.values())
        ]
    files = robot_files(path) if is_folder(path) else [path]
    return [RobotFile(name=str(file), path=file) for file in files]


def _no_robot(value: object) -> UsageError:
    """The error about a value that is no robot."""
    hint = ": use its .graph" if isinstance(value, Candidate) else ""
    return UsageError(
        "robots: expected a body, a robot file, a folder, a run, or a list of them, got "
        f"{type(value).__name__}{hint}"
    )


def read_robots(robots: Sequence[RobotFile]) -> tuple[list[nx.DiGraph[str]], dict[int, str]]:
    """Bodies of robots that a controller can move.

    Args:
        robots: What :func:`find_robots` found.

    Returns:
        Bodies in order without those that cannot be used, and for each of these by its number
        what is wrong with it.

    Raises:
        UsageError: None of them can be used; the message names the first of them.
    """
    graphs: list[nx.DiGraph[str]] = []
    wrong: dict[int, str] = {}
    for number, robot in enumerate(robots):
        try:
            graph = robot.graph if robot.path is None else read_body(robot.path, root=robot.root)
        except WRONG_INPUT as error:
            wrong[number] = one_line(error)
            continue
        except Exception as error:
            # A defect of the reader must not keep the other robots of a folder from their scores.
            wrong[number] = f"{robot.name}: unexpected {failure(error)}; please report it"
            continue
        if graph is None:
            raise ValueError(f"{robot.name}: expected a path or a graph, got neither")
        if not any(body_graph.joints(graph)):
            wrong[number] = (
                f"{robot.name}: expected a robot with at least one joint, got a torso alone"
            )
            continue
        graphs.append(graph)
    if graphs or not wrong:
        return graphs, wrong
    if len(wrong) == 1:
        raise UsageError(wrong[0])
    named = "; ".join(list(wrong.values())[:_NAMED])
    raise UsageError(f"{len(wrong)} of {len(robots)} robots cannot be scored: {named}")
