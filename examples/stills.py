"""Draw a row of stills for each robot, from the start of an episode to its end or a fall.

    python examples/stills.py ROBOT|RUN... [--out PICTURE.png] [--stills 5]

A ROBOT is a file of any format that codesign reads. For a RUN, its designs are drawn. The stills
of a row are equally spaced in time, and the camera follows the robot. A design with an .npz file
beside it moves by the network in that file. On a machine without a screen, set MUJOCO_GL=egl, or
MUJOCO_GL=osmesa (slow; needs libosmesa6).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import mujoco
import networkx as nx
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.defaults import BEST_OF, CONTROLLER
from codesign.errors import WRONG_INPUT
from codesign.scoring import load_controller, resolve_best_of
from hyperdistill_core.controller.halving import select_variant
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops._messages import one_line
from morph_ops.geometry import canonical_frames, rest_frames
from morph_ops.io import mjcf
from morph_ops.io.files import read_body

TASK = "flat"
DPI = 100
CAPTION_PX, GAP_PX = 26, 4
PALETTE = "viridis"
SUN, SUN_M = (0.35, 0.45, -0.82), 2.5
AZIMUTH_DEG, ELEVATION_DEG = 115.0, -16.0


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A still with its caption.

    Attributes:
        pixels: (H, W, 3) bytes.
        caption: One line.
    """

    pixels: np.ndarray
    caption: str


def main() -> None:
    """Draw the robots of the command line."""
    options = _parser().parse_args()
    try:
        graphs = [(path, read_body(path)) for path in _files(options.robot)]
        controller = load_controller(options.controller)
        best_of = resolve_best_of(controller, options.best_of)
        task = get_task(TASK)
        rows = []
        for path, graph in graphs:
            seed = options.seed
            policy = exported_network(path)
            if policy is None:
                variant = select_variant(graph, controller, task=task, best_of=best_of, seed=seed)
                policy = controller.for_body(graph, task.model(graph), variant=variant)
            result = rollout(
                graph, policy, task=task, episodes=1, seed=seed, record_trajectory=True
            )
            shots = draw(
                graph, result, stills=options.stills, size=options.size, dt=task.control_dt
            )
            rows.append((f"{path.stem}: {_summary(result, task.control_dt)}", shots))
    except WRONG_INPUT as error:
        sys.exit(f"error: {one_line(error)}")
    except mujoco.FatalError as error:
        sys.exit(f"error: cannot draw here, set MUJOCO_GL ({one_line(error)})")
    _sheet(rows, size=options.size).savefig(options.out, dpi=DPI)
    print(options.out)


def exported_network(robot: Path) -> BodyMLP | None:
    """The network that an exported design was scored with, or None without an .npz file."""
    file = robot.with_suffix(".npz")
    return BodyMLP.load_npz(file) if file.is_file() else None


def draw(
    graph: nx.DiGraph[str], result: Rollout, *, stills: int, size: tuple[int, int], dt: float
) -> list[Shot]:
    """Stills of a body's first episode.

    Args:
        graph: The body.
        result: A recorded rollout of the body.
        stills: Number of stills.
        size: Width and height of a still (px).
        dt: Time between two recorded states (s).

    Raises:
        ValueError: The rollout was not recorded.
    """
    if result.qpos is None:
        raise ValueError("result: expected a rollout with record_trajectory=True")
    width, height = size
    model = _scene(graph, width=width, height=height)
    data = mujoco.MjData(model)
    states = result.qpos[: result.lengths[0] + 1, 0]
    camera = mujoco.MjvCamera()
    camera.azimuth, camera.elevation = AZIMUTH_DEG, ELEVATION_DEG
    reach = np.ptp(rest_frames(graph).pos, axis=0).max() + 0.4
    camera.distance = 1.4 + 1.2 * reach
    shots = []
    with mujoco.Renderer(model, height, width) as renderer:
        for step in np.linspace(0, len(states) - 1, stills).round().astype(int):
            data.qpos[:] = states[step]
            mujoco.mj_forward(model, data)
            camera.lookat[:] = *data.qpos[:2], 0.45 * body_graph.torso(graph).pos[2]
            renderer.update_scene(data, camera)
            distance = round(states[step, 0] - states[0, 0], 1) + 0.0  # no minus before a zero
            caption = f"{step * dt:.1f} s   {distance:.1f} m"
            shots.append(Shot(pixels=renderer.render(), caption=caption))
    return shots


def _scene(graph: nx.DiGraph[str], *, width: int, height: int) -> mujoco.MjModel:
    """The body in the scene of exported designs, with a color for each depth of a limb."""
    # Canonical frames are the frames of the rollout, whose states the model takes.
    model = mujoco.MjModel.from_xml_string(mjcf.to_xml(canonical_frames(graph), scene=True))
    model.vis.global_.offwidth, model.vis.global_.offheight = width, height
    # The scene's light is overhead. A light from the side makes shadows that show the legs.
    model.light_dir[:] = SUN
    model.light_poscom0[:] = -SUN_M * np.array(SUN)
    model.mat_reflectance[:] = 0.0
    depth = nx.single_source_shortest_path_length(graph, body_graph.root(graph))
    node_color = colormaps[PALETTE]
    deepest = max(depth.values()) or 1
    for name, steps in depth.items():
        model.geom(name).rgba = node_color(0.25 + 0.7 * steps / deepest)
    return model


def _summary(result: Rollout, dt: float) -> str:
    end = "falls" if result.fell[0] else "ends"
    return (
        f"return {result.returns[0]:.0f}, {result.distance[0]:.1f} m "
        f"at {result.speed[0]:.2f} m/s, {end} after {result.lengths[0] * dt:.1f} s"
    )


def _sheet(rows: list[tuple[str, list[Shot]]], *, size: tuple[int, int]) -> Figure:
    """All rows in one picture, at the size of their pixels."""
    width, height = size
    columns = max(len(shots) for _, shots in rows)
    total_w = columns * (width + GAP_PX) - GAP_PX
    row_h = height + CAPTION_PX
    total_h = len(rows) * row_h
    figure = Figure(figsize=(total_w / DPI, total_h / DPI), dpi=DPI, facecolor="white")
    for row, (title, shots) in enumerate(rows):
        top = total_h - row * row_h
        figure.text(8 / total_w, (top - CAPTION_PX / 2) / total_h, title, fontsize=10, va="center")
        for column, shot in enumerate(shots):
            left = column * (width + GAP_PX)
            box = (left / total_w, (top - row_h) / total_h, width / total_w, height / total_h)
            _place(figure.add_axes(box), shot)
    return figure


def _place(axes: Axes, shot: Shot) -> None:
    axes.imshow(shot.pixels, interpolation="none", aspect="auto")
    axes.set_axis_off()
    axes.text(
        0.03, 0.96, shot.caption, transform=axes.transAxes, fontsize=10, va="top",
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 3},
    )  # fmt: skip


def _files(paths: list[Path]) -> list[Path]:
    """The files of the robots, and of the designs of runs."""
    found = []
    for path in paths:
        found += sorted((path / "designs").glob("*/*[0-9].json")) if path.is_dir() else [path]
    if not found:
        sys.exit(f"error: no designs in {', '.join(map(str, paths))}")
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
    parser.add_argument("--out", type=Path, default=Path("stills.png"), help="picture to write")
    parser.add_argument("--stills", type=int, default=5, help="number of stills in a row")
    parser.add_argument(
        "--size", type=_size, default=(360, 300), metavar="WxH", help="size of a still (px)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the episode's initial state")
    return parser


if __name__ == "__main__":
    main()
