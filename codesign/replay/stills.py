"""A strip of stills for each robot, from the start of an episode to its end."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from codesign.replay.frames import INK, PAPER, SOFT, Film
from codesign.replay.recording import Recording
from codesign.replay.settings import STILL_SIZE, STILLS

CAPTION_PX, GAP_PX = 28, 4


def strip(
    recordings: Sequence[Recording], *, size: tuple[int, int] = STILL_SIZE, count: int = STILLS
) -> str:
    """Rows of stills that are equally spaced in time, one row for each robot.

    Args:
        recordings: Episodes.
        size: Width and height of a still (px).
        count: Number of stills in a row.

    Returns:
        The text of an SVG picture.

    Examples:
        >>> strip([one], count=3)[:4]  # doctest: +SKIP
        '<svg'
    """
    width, height = size
    total = (count * (width + GAP_PX) - GAP_PX, len(recordings) * (height + CAPTION_PX))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total[0]}" height="{total[1]}" '
        f'viewBox="0 0 {total[0]} {total[1]}" font-family="DejaVu Sans, sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="{PAPER}"/>'
    ]
    for row, recording in enumerate(recordings):
        top = row * (height + CAPTION_PX)
        parts.append(
            f'<text x="8" y="{top + 19}" fill="{INK}"><tspan font-weight="bold">'
            f"{html.escape(recording.name)}</tspan>"
            f'<tspan dx="10" fill="{SOFT}">{html.escape(summary(recording))}</tspan></text>'
        )
        parts += _row(recording, row, top + CAPTION_PX, size, count)
    return "".join([*parts, "</svg>\n"])


def summary(recording: Recording) -> str:
    """What an episode came to, in one line.

    Args:
        recording: The episode.
    """
    return (
        f"score {recording.score:.0f}, {recording.distance:.1f} m at {recording.speed:.2f} m/s, "
        f"{recording.ending}"
    )


def _row(recording: Recording, row: int, top: int, size: tuple[int, int], count: int) -> list[str]:
    parts: list[str] = []
    film = Film(recording, size=size)
    for column, step in enumerate(np.linspace(0, recording.steps, count).round().astype(int)):
        caption, left = film.caption(int(step)), column * (size[0] + GAP_PX)
        picture = film.picture(
            int(step), title=f"{recording.name}: {caption}", prefix=f"r{row}s{column}s"
        )
        parts.append(picture.replace("<svg ", f'<svg x="{left}" y="{top}" ', 1))
        parts.append(
            f'<text x="{left + 8}" y="{top + 16}" fill="{SOFT}" xml:space="preserve">{caption}'
            "</text>"
        )
    return parts
