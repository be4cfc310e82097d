"""Draw a row of stills for each robot, from the start of an episode to its end or a fall.

    python examples/stills.py ROBOT|RUN... [--out PICTURE.svg] [--stills 5]

A ROBOT is a file of any format that codesign reads. For a RUN, its designs are drawn. The stills
of a row are equally spaced in time, and the picture follows the robot; lines on the floor are half
a meter apart. A design with an .npz file beside it moves by the network in that file. Browsers
show SVG, and need no graphics driver for it.
"""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Sequence
from pathlib import Path

import mujoco
import networkx as nx
import numpy as np

from codesign.defaults import BEST_OF, CONTROLLER
from codesign.drawing import Camera, Window, colors_of, draw, solids_of
from codesign.errors import WRONG_INPUT
from codesign.scoring import load_controller, resolve_best_of
from hyperdistill_core.controller.halving import select_variant
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.tasks import get_task
from morph_ops._messages import one_line
from morph_ops.geometry import extent
from morph_ops.io.files import read_body, robot_files

TASK = "flat"
CAPTION_PX, GAP_PX = 26, 4
CAMERA = Camera(azimuth=-65.0, elevation=16.0)
#: Width of what a still shows, in sizes of the robot and in meters beyond that.
ROOM, ROOM_M = 1.3, 0.4
LINES_M = 0.5
#: Height of the middle of a still, as a share of what it shows.
MIDDLE = 0.42


def main() -> None:
    """Draw the robots of the command line."""
    options = _parser().parse_args()
    try:
        robots = [(path, read_body(path)) for path in _files(options.robot)]
        controller = load_controller(options.controller)
        best_of = resolve_best_of(controller, options.best_of)
        task = get_task(TASK)
        rows: list[tuple[str, list[str]]] = []
        for path, graph in robots:
            seed = options.seed
            policy = exported_network(path)
            if policy is None:
                variant = select_variant(graph, controller, task=task, best_of=best_of, seed=seed)
                policy = controller.for_body(graph, task.model(graph), variant=variant)
            result = rollout(
                graph, policy, task=task, episodes=1, seed=seed, record_trajectory=True
            )
            shots = stills(
                graph, result, count=options.stills, size=options.size, prefix=f"r{len(rows)}s"
            )
            rows.append((f"{path.stem}: {_summary(result, task.control_dt)}", shots))
    except WRONG_INPUT as error:
        sys.exit(f"error: {one_line(error)}")
    options.out.write_text(sheet(rows, size=options.size), "utf-8")
    print(options.out)


def exported_network(robot: Path) -> BodyMLP | None:
    """The network that an exported design was scored with, or None without an .npz file."""
    file = robot.with_suffix(".npz")
    return BodyMLP.load_npz(file) if file.is_file() else None


def stills(
    graph: nx.DiGraph[str], result: Rollout, *, count: int, size: tuple[int, int], prefix: str
) -> list[str]:
    """Stills of a body's first episode, as SVG elements.

    Args:
        graph: The body.
        result: A recorded rollout of the body.
        count: Number of stills.
        size: Width and height of a still (px).
        prefix: Start of the ids in the stills.

    Raises:
        ValueError: The rollout was not recorded.
    """
    if result.qpos is None:
        raise ValueError("result: expected a rollout with record_trajectory=True")
    task, colors = get_task(TASK), colors_of(graph)
    model = task.model(graph)
    data = mujoco.MjData(model)
    states = result.qpos[: result.lengths[0] + 1, 0]
    width = ROOM * float(extent(graph).max()) + ROOM_M
    middle = MIDDLE * width * size[1] / size[0]
    shots: list[str] = []
    start = 0.0
    for step in np.linspace(0, len(states) - 1, count).round().astype(int):
        data.qpos[:] = states[step]
        mujoco.mj_forward(model, data)
        x, y, _ = data.xpos[1]
        start = start if shots else float(x)
        text = draw(
            solids_of(model, data, colors=colors),
            camera=CAMERA,
            size=size,
            title=f"{step * task.control_dt:.1f} s   {round(float(x) - start, 1) + 0.0:.1f} m",
            prefix=f"{prefix}{len(shots)}s",
            window=Window(center=np.array([x, y, middle]), width=width, lines=LINES_M),
        )
        shots.append(text)
    return shots


def sheet(rows: Sequence[tuple[str, Sequence[str]]], *, size: tuple[int, int]) -> str:
    """All rows in one picture.

    Args:
        rows: The title of each row, and its stills; the title of a still is its caption.
        size: Width and height of a still (px).
    """
    width, height = size
    columns = max(len(shots) for _, shots in rows)
    total = (columns * (width + GAP_PX) - GAP_PX, len(rows) * (height + CAPTION_PX))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total[0]}" height="{total[1]}" '
        f'viewBox="0 0 {total[0]} {total[1]}" font-family="sans-serif" font-size="13">'
        '<rect width="100%" height="100%" fill="white"/>'
    ]
    for row, (title, shots) in enumerate(rows):
        top = row * (height + CAPTION_PX)
        parts.append(f'<text x="8" y="{top + 18}">{html.escape(title)}</text>')
        for column, shot in enumerate(shots):
            left = column * (width + GAP_PX)
            caption = shot.split("<title>", 1)[1].split("</title>", 1)[0]
            parts.append(shot.replace("<svg ", f'<svg x="{left}" y="{top + CAPTION_PX}" ', 1))
            parts.append(f'<text x="{left + 8}" y="{top + CAPTION_PX + 16}">{caption}</text>')
    return "".join([*parts, "</svg>\n"])


def _summary(result: Rollout, dt: float) -> str:
    end = "falls" if result.fell[0] else "ends"
    return (
        f"return {result.returns[0]:.0f}, {result.distance[0]:.1f} m "
        f"at {result.speed[0]:.2f} m/s, {end} after {result.lengths[0] * dt:.1f} s"
    )


def _files(paths: list[Path]) -> list[Path]:
    """The files of the robots, and of the designs of runs."""
    found: list[Path] = []
    for path in paths:
        found += robot_files(path / "designs") if path.is_dir() else [path]
    return found


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Draw a row of stills for each robot.")
    parser.add_argument("robot", nargs="+", type=Path, metavar="ROBOT|RUN")
    parser.add_argument("--controller", default=CONTROLLER, help="name or file of the controller")
    parser.add_argument(
        "--best-of",
        type=int,
        metavar="N",
        help=f"controller variants tried for a robot without an .npz file; {BEST_OF} by default",
    )
    parser.add_argument("--out", type=Path, default=Path("stills.svg"), help="picture to write")
    parser.add_argument("--stills", type=int, default=5, help="number of stills in a row")
    parser.add_argument(
        "--size", type=_size, default=(360, 300), metavar="WxH", help="size of a still (px)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the episode's initial state")
    return parser


if __name__ == "__main__":
    main()
