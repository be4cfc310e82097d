"""What the network of a design takes, in words: for its README."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from codesign.exporting.world_arrays import has_own_ground
from codesign.exporting.world_file import WORLD_NPZ, WORLD_XML

if TYPE_CHECKING:
    from hyperdistill_core.tasks import Task

_STATE = """\
Every {control_ms:g} ms it takes the state of the robot, 17 numbers for each node, and gives a
control for each motor. `run_standalone.py` computes the state, and the header names its numbers.
"""
_GROUND = """\
The z of the nodes is their height above the ground below the torso.
"""
_GOAL = """\
On the task {task} the axes of the state are turned about z, so that the next goal lies along x.
`run_standalone.py` turns them where the ground of the task is given; flat ground has no goal.
"""
_HEIGHTS = """\
It also sees the ground: {samples} height samples (m), the input `heights`. Each is the height of
the ground at a place around the torso, minus the height of the ground below the torso, and at most
2 m up or down. Where there is no ground, it is -2 m. The places are {extent}. They turn with the
heading of the torso, the direction of its x-axis seen from above, and do not tilt with it. The
array `samples` ({samples}, 2), in the `.npz`, in the metadata of the `.onnx` and in the header, has
how far each is ahead of the torso and to its left (m), in the order of the input. In training the
ground was known on cells of {cell:g} m. On flat ground all samples are 0.
"""
_TARGETS = {
    "goal": """\
It also sees where to go: 3 numbers, the input `target`. They are cosine and sine of the direction
of the goal, counted from the heading of the torso to the left, and 1 / (1 + its horizontal distance
in m). Without a goal it goes along the x-axis: cos(heading), -sin(heading) and 0.
""",
    "object": """\
It also sees an object to push: 12 numbers, the input `target`. They are four vectors in the frame
of the torso: from the torso to the object (m), the object's velocity minus the torso's (m/s), its
angular velocity (rad/s), and from the torso to the goal (m). Each is divided by 1 + its length.
Without an object all are 0.
""",
}
_FOLDED = """\
The network of the controller sees {numbers} numbers: the ground, or a goal. In these files they are
folded in, as on flat ground without a goal: the network takes the state alone. Export without
`--blind` for the network that sees.
"""
_WORLD = """\
`{file}` is the ground of the first episode of the task {task}, with the seed {seed};
{others}
"""
_SAME = "it is the same in all episodes."
_OTHERS = "other episodes have other ground."
_NOT_SIMULATED = "`run_standalone.py` leaves it out: the rewards of the task are code of its own."


def network_notes(record: Mapping[str, Any], files: Collection[str]) -> str:
    """Paragraphs on the inputs of a network, and on the ground that it comes with.

    Args:
        record: The record of the design, from
            :func:`~codesign.exporting.design_record.design_record`, with a network.
        files: Names of the files of the design.

    Examples:
        >>> record = {"design": "walker", "task": "flat", "seed": 0, "height_samples": 0,
        ...     "target": "", "folded_sight": 195}
        >>> network_notes(record, ["walker.npz"]).count("sees 195 numbers")
        1
    """
    from hyperdistill_core.tasks import get_task
    from hyperdistill_core.tasks.terrain.height_map import CELL_M

    task, samples = get_task(record["task"]), record["height_samples"]
    alone = {task.name: {"file": f"{record['design']}{WORLD_XML}"}}
    worlds = {name: world["file"] for name, world in record.get("worlds", alone).items()}
    tasks = [task, *(get_task(name) for name in worlds if name != task.name)]
    parts = [_STATE.format(control_ms=1000 * task.control_dt)]
    if any(_has_ground(each, record["seed"]) for each in tasks):
        parts.append(_GROUND)
    parts += [_GOAL.format(task=each.name) for each in tasks if each.faces_goal]
    if samples:
        parts.append(_HEIGHTS.format(samples=samples, extent=_extent(samples), cell=CELL_M))
    if record["target"]:
        parts.append(_TARGETS[record["target"]])
    if record["folded_sight"]:
        parts.append(_FOLDED.format(numbers=record["folded_sight"]))
    for each in tasks:
        file = worlds.get(each.name, "")
        if file in files:
            others = _OTHERS if has_own_ground(each) else _SAME
            if file.replace(WORLD_XML, WORLD_NPZ) not in files:
                others = f"{others} {_NOT_SIMULATED}"
            parts.append(
                _WORLD.format(file=file, task=each.name, seed=record["seed"], others=others)
            )
    return "\n".join(parts)


def _has_ground(task: Task, seed: int) -> bool:
    """Whether states on a task count heights from uneven ground."""
    return task.world(seed).height_map is not None and not task.world_z


def _extent(samples: int) -> str:
    """Where the samples lie."""
    from codesign.exporting.standalone import sample_places

    ahead, left = sample_places(samples).T
    return (
        f"up to {-ahead.min():g} m behind, {ahead.max():g} m ahead, and {left.max():g} m to either "
        "side, dense near the torso and sparse far from it"
    )
