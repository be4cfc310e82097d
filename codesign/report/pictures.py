"""Pictures of a page: bodies, bodies in motion, and gaits, as SVG without a graphics driver."""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from codesign.drawing import Camera, Window, colors_of, draw, picture_of, rest_state, solids_of
from morph_ops.geometry import extent
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    import networkx as nx

    from codesign.drawing import Solid
    from codesign.replay import Recording

THUMBNAIL = (160, 120)
CARD = (320, 240)
STROBE = (1120, 210)
SIDE = Camera(azimuth=-90.0, elevation=14.0)
#: Most poses of a body in motion in one picture.
MOST_POSES = 5
#: Distance between two poses, in sizes of the body.
APART = 1.1
#: Height of the middle of a picture of motion above the ground, as a share of its height.
GROUND_AT = 0.3
#: Place in the episode from which motion is shown, and the length of a gait diagram (s).
STEADY, GAIT_S = 0.35, 4.0
GAIT_ROW, GAIT_LABEL, GAIT_WIDTH = 15, 62, 320
#: Share of the time below which a node that hardly touches the ground has no row.
LEAST_CONTACT = 0.004


class Pictures:
    """Draws the pictures of one page, each body once.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body, pictures = sample_body(np.random.default_rng(0)), Pictures()
        >>> pictures.thumbnail(body) == pictures.thumbnail(body)
        True
    """

    def __init__(self) -> None:
        self._numbers = count()
        self._thumbnails: dict[str, tuple[str, str]] = {}

    def thumbnail(self, graph: nx.DiGraph[str]) -> str:
        """A small picture of a body at rest, which the page may hold more than once.

        The page needs :meth:`sprite`, too, which has what it shows.

        Args:
            graph: The body.
        """
        key = body_hash(graph)
        if key not in self._thumbnails:
            drawn = self._drawn(graph, THUMBNAIL, None, "")
            name = f"body-{len(self._thumbnails)}"
            inner = drawn[drawn.index("</title>") + len("</title>") : -len("</svg>")]
            width, height = THUMBNAIL
            self._thumbnails[key] = (
                name,
                f'<symbol id="{name}" viewBox="0 0 {width} {height}">{inner}</symbol>',
            )
        name, _ = self._thumbnails[key]
        width, height = THUMBNAIL
        return (
            f'<svg class="thumb" viewBox="0 0 {width} {height}" aria-hidden="true">'
            f'<use href="#{name}"/></svg>'
        )

    def sprite(self) -> str:
        """What all thumbnails show, each once."""
        symbols = "".join(symbol for _, symbol in self._thumbnails.values())
        return f'<svg class="sprite" width="0" height="0" aria-hidden="true">{symbols}</svg>'

    def at_rest(self, graph: nx.DiGraph[str], *, title: str) -> str:
        """A picture of a body at rest, for a card.

        Args:
            graph: The body.
            title: Text for screen readers.
        """
        return picture_of(graph, size=CARD, title=title, prefix=self._prefix())

    def colored(self, graph: nx.DiGraph[str], colors: Mapping[str, str], *, title: str) -> str:
        """A picture of a body whose nodes have given colors.

        Args:
            graph: The body.
            colors: Colors by node.
            title: Text for screen readers.
        """
        return self._drawn(graph, CARD, colors, title)

    def strobe(self, recording: Recording) -> str:
        """A body in motion: its poses along the ground, some moments apart.

        Args:
            recording: An episode of the body.
        """
        size_m = float(extent(recording.graph).max())
        speed = max(abs(recording.speed), 1e-6)
        every = max(1, round(APART * size_m / speed / recording.control_dt))
        first = round(STEADY * recording.steps)
        steps = [first + number * every for number in range(MOST_POSES)]
        steps = [step for step in steps if step <= recording.steps] or [recording.steps]
        model, data = recording.model, mujoco.MjData(recording.model)
        colors = colors_of(recording.graph)
        solids: list[Solid] = []
        for step in steps:
            data.qpos[:] = recording.qpos[step]
            mujoco.mj_forward(model, data)
            # Sideways drift would lead the body out of the picture.
            data.geom_xpos[:, 1] -= recording.torso[step, 1]
            solids += solids_of(model, data, colors=colors)
        along = recording.torso[steps, 0]
        width = float(np.ptp(along)) + 1.5 * size_m
        width = max(width, 1.1 * size_m * STROBE[0] / STROBE[1])
        center = np.array([along.mean(), 0.0, GROUND_AT * width * STROBE[1] / STROBE[0]])
        return draw(
            solids,
            camera=SIDE,
            size=STROBE,
            title=f"{recording.name} in motion, every {every * recording.control_dt:.2f} s",
            prefix=self._prefix(),
            window=Window(center=center, width=width, lines=1.0, length=1.2 * size_m),
        )

    def _drawn(
        self,
        graph: nx.DiGraph[str],
        size: tuple[int, int],
        colors: Mapping[str, str] | None,
        title: str,
    ) -> str:
        model, data = rest_state(graph)
        solids = solids_of(model, data, colors=colors or colors_of(graph))
        return draw(solids, size=size, title=title, prefix=self._prefix())

    def _prefix(self) -> str:
        """A prefix of ids that no other picture of the page has, of letters alone."""
        number, letters = next(self._numbers), ""
        for _ in range(3):
            number, digit = divmod(number, 26)
            letters = chr(ord("a") + digit) + letters
        return f"p{letters}x"


def gait_diagram(recording: Recording) -> str:
    """Which nodes touch the ground when, over some seconds of an episode.

    Args:
        recording: The episode.

    Returns:
        An SVG element; colors are those of the limbs.
    """
    last = recording.steps
    first = min(round(STEADY * last), max(0, last - round(GAIT_S / recording.control_dt)))
    stop = min(last, first + round(GAIT_S / recording.control_dt))
    touching = recording.contacts[first : stop + 1]
    shares = recording.contacts.mean(axis=0)
    rows = [number for number in range(len(recording.nodes)) if shares[number] > LEAST_CONTACT]
    colors = colors_of(recording.graph)
    step = (GAIT_WIDTH - GAIT_LABEL) / max(len(touching), 1)
    parts: list[str] = []
    for row, number in enumerate(rows):
        name, top = recording.nodes[number], row * GAIT_ROW
        parts.append(
            f'<text x="{GAIT_LABEL - 6}" y="{top + 11}" text-anchor="end">'
            f"{html.escape(name)}</text>"
            f'<rect x="{GAIT_LABEL}" y="{top + 2}" width="{GAIT_WIDTH - GAIT_LABEL}" '
            f'height="{GAIT_ROW - 4}" class="track"/>'
        )
        for start, end in _spans(touching[:, number].tolist()):
            parts.append(
                f'<rect x="{GAIT_LABEL + start * step:.1f}" y="{top + 2}" '
                f'width="{max((end - start) * step, 0.8):.1f}" height="{GAIT_ROW - 4}" '
                f'fill="{colors[name]}"/>'
            )
    height = len(rows) * GAIT_ROW + 16
    seconds = (stop - first) * recording.control_dt
    parts.append(
        f'<text x="{GAIT_LABEL}" y="{height - 3}">{first * recording.control_dt:.1f} s</text>'
        f'<text x="{GAIT_WIDTH}" y="{height - 3}" text-anchor="end">'
        f"{first * recording.control_dt + seconds:.1f} s</text>"
    )
    named = ", ".join(f"{recording.nodes[number]} {shares[number]:.0%}" for number in rows)
    return (
        f'<svg class="gait" viewBox="0 0 {GAIT_WIDTH} {height}" width="{GAIT_WIDTH}" '
        f'height="{height}" role="img"><title>Share of time on the ground: '
        f"{html.escape(named) or 'none'}</title>{''.join(parts)}</svg>"
    )


def _spans(flags: list[bool]) -> list[tuple[int, int]]:
    """First index, and index after the last one, of each stretch of true values."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for index, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            spans.append((start, index))
            start = None
    return spans
