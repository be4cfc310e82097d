"""A body in motion that begins again without a jump: one or more strides of an episode.

On uneven ground the loop is taken where there is most to see, and the ground jumps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codesign.replay.frames import LINES_M, Film
from codesign.replay.ground import Ground
from codesign.report.sights import sights

if TYPE_CHECKING:
    from codesign.replay import Recording

Array = NDArray[np.float64]
#: Size of a moving picture (px).
SIZE = (400, 280)
#: Shortest and longest loop, and time between two frames (s).
SHORTEST_S, LONGEST_S, FRAME_S = 0.8, 1.6, 0.04
#: Share of the episode at its beginning and its end in which no loop is sought.
BEFORE, AFTER = 0.3, 0.1
#: Weight of speeds (1/s) against positions, where two moments are compared.
SPEEDS = 0.06


def loop_of(recording: Recording) -> tuple[int, int]:
    """First and last control step of the part whose end is most like its beginning.

    Args:
        recording: An episode.
    """
    total, dt = recording.steps, recording.control_dt
    stride = _stride(recording)
    first, last = round(BEFORE * total), round((1.0 - AFTER) * total)
    shortest = stride * round(SHORTEST_S / dt / stride)
    if last - first <= shortest:
        return 0, total
    longest = min(stride * round(LONGEST_S / dt / stride), last - first)
    ground = Ground(recording)
    below = ground.on(recording.qpos[first : last + 1, :2])[:, 2]
    positions = recording.qpos[first : last + 1, 2:].copy()  # wherever on the ground it is
    positions[:, 0] -= below
    # Of the moments at which most of the world is in view, that which loops best.
    seen = sights(recording, ground)[first : last + 1]
    moments = np.concatenate([positions, SPEEDS / dt * np.gradient(positions, axis=0)], axis=1)
    best = (np.inf, first, first + shortest)
    for length in range(shortest, longest + 1, stride):
        apart = np.square(moments[length:] - moments[:-length]).mean(axis=1)
        apart[seen[:-length] < seen[:-length].max()] = np.inf
        start = int(apart.argmin())
        best = min(best, (float(apart[start]), first + start, first + start + length))
    return best[1], best[2]


def frames_of(recording: Recording, *, prefix: str, ground: str) -> tuple[list[str], str, float]:
    """The frames of a loop as SVG elements, the ground that they share, and the time between two.

    The camera goes with the body at its mean speed, and the lines on the ground are as far apart
    as makes them meet at the end of the loop.

    Args:
        recording: An episode.
        prefix: Start of all ids of frames, letters alone.
        ground: Id of the ground.

    Returns:
        The frames; uneven ground as a group of elements with that id, empty on flat ground; the
        time between two frames (s).
    """
    first, last = loop_of(recording)
    dt, stride = recording.control_dt, _stride(recording)
    part = recording.part(first * dt, last * dt)
    distance = abs(part.distance)
    lines = distance / round(distance / LINES_M) if distance > LINES_M else LINES_M
    film = Film(part, size=SIZE, steady=True, lines=lines, ground=ground)
    steps = range(0, max(part.steps, 1), stride)
    pictures = [
        film.picture(step, title="", prefix=f"{prefix}{number}x")
        for number, step in enumerate(steps)
    ]
    return pictures, film.ground(), stride * dt


def _stride(recording: Recording) -> int:
    return max(1, round(FRAME_S / recording.control_dt))
