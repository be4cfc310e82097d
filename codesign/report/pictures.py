"""Pictures of a page: bodies, bodies in motion, and gaits, as SVG without a graphics driver."""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING

from codesign.drawing import colors_of, draw, node_labels, rest_state, solids_of
from codesign.report import motion
from codesign.report.strobe import STEADY, strobe
from morph_ops import graph as body_graph
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    import networkx as nx

    from codesign.replay import Recording

THUMBNAIL = (160, 120)
CARD = (320, 240)
#: Length of a gait diagram (s).
GAIT_S = 4.0
GAIT_LABEL, GAIT_WIDTH = 62, 320
#: Heights of a row of a gait diagram, and of all rows if these are not exceeded (px).
GAIT_ROWS, GAIT_HEIGHT = (15, 28), 160
#: Share of the time below which a node that hardly touches the ground has no row.
LEAST_CONTACT = 0.004
#: Most names in a picture.
MOST_NAMES = 14
#: Most characters of all moving pictures of a page.
MOST_MOTION = 2_000_000


class Pictures:
    """Draws the pictures of one page, each body once.

    Args:
        most_motion: Most characters of all moving pictures.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body, pictures = sample_body(np.random.default_rng(0)), Pictures()
        >>> pictures.thumbnail(body) == pictures.thumbnail(body)
        True
    """

    def __init__(self, *, most_motion: int = MOST_MOTION) -> None:
        self._numbers, self._films = count(), count()
        self._thumbnails: dict[str, tuple[str, str]] = {}
        self._frames: list[str] = []
        self._left = most_motion

    def thumbnail(self, graph: nx.DiGraph[str]) -> str:
        """A small picture of a body at rest, which the page may hold more than once.

        The page needs :meth:`sprite`, too, which has what it shows.

        Args:
            graph: The body.
        """
        key = body_hash(graph)
        if key not in self._thumbnails:
            name = f"body-{len(self._thumbnails)}"
            drawn = self._drawn(graph, THUMBNAIL, title="")
            self._thumbnails[key] = (name, _symbol(drawn, name, THUMBNAIL))
        name, _ = self._thumbnails[key]
        width, height = THUMBNAIL
        return (
            f'<svg class="thumb" viewBox="0 0 {width} {height}" aria-hidden="true">'
            f'<use href="#{name}"/></svg>'
        )

    def sprite(self) -> str:
        """What all thumbnails and moving pictures show, each once."""
        symbols = "".join(symbol for _, symbol in self._thumbnails.values())
        symbols += "".join(self._frames)
        return f'<svg class="sprite" width="0" height="0" aria-hidden="true">{symbols}</svg>'

    def at_rest(self, graph: nx.DiGraph[str], *, title: str) -> str:
        """A picture of a body at rest with short names of its limbs, for a card.

        Args:
            graph: The body.
            title: Text for screen readers.
        """
        return self._drawn(graph, CARD, title=title, names=short_names(graph))

    def colored(
        self,
        graph: nx.DiGraph[str],
        colors: Mapping[str, str],
        *,
        title: str,
        names: Mapping[str, str],
    ) -> str:
        """A picture of a body whose nodes have given colors.

        Args:
            graph: The body.
            colors: Colors by node.
            title: Text for screen readers.
            names: What to write beside nodes.
        """
        return self._drawn(graph, CARD, colors, title=title, names=names)

    def moving(self, recording: Recording, *, title: str) -> str:
        """A body in motion for as often as the page shows it; empty if the page has too much.

        The page needs :meth:`sprite`, too, which has the frames, and a script that shows them one
        after another; without it the first one stands.

        Args:
            recording: An episode of the body.
            title: Text for screen readers.
        """
        if self._left <= 0:
            return ""
        name = f"film-{next(self._films)}"
        drawn, ground, seconds = motion.frames_of(
            recording, prefix=self._prefix(), ground=f"{name}-ground"
        )
        symbols = [_symbol(one, f"{name}-{n}", motion.SIZE) for n, one in enumerate(drawn)]
        shared = [f"<defs>{ground}</defs>"] if ground else []
        self._left -= sum(map(len, symbols + shared))
        if self._left < 0:
            return ""
        self._frames += symbols + shared
        width, height = motion.SIZE
        return (
            f'<svg class="film" viewBox="0 0 {width} {height}" role="img" data-film="{name}" '
            f'data-frames="{len(symbols)}" data-ms="{1000.0 * seconds:g}">'
            f'<title>{html.escape(title)}</title><use href="#{name}-0"/></svg>'
        )

    def strobe(self, recording: Recording) -> str:
        """A body in motion: its poses along the ground, some moments apart.

        Args:
            recording: An episode of the body.
        """
        return strobe(recording, prefix=self._prefix())

    def _drawn(
        self,
        graph: nx.DiGraph[str],
        size: tuple[int, int],
        colors: Mapping[str, str] | None = None,
        *,
        title: str,
        names: Mapping[str, str] | None = None,
    ) -> str:
        model, data = rest_state(graph)
        return draw(
            solids_of(model, data, colors=colors or colors_of(graph)),
            size=size,
            title=title,
            prefix=self._prefix(),
            labels=node_labels(model, data, names or {})[:MOST_NAMES],
        )

    def _prefix(self) -> str:
        """A prefix of ids that no other picture of the page has, of letters alone."""
        number, letters = next(self._numbers), ""
        for _ in range(3):
            number, digit = divmod(number, 26)
            letters = chr(ord("a") + digit) + letters
        return f"p{letters}x"


def short_names(graph: nx.DiGraph[str]) -> dict[str, str]:
    """Names of limbs without what they have in common, those at the ends of the tree first.

    Args:
        graph: The body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> short_names(sample_body(np.random.default_rng(0)))["limb/1"]
        '1'
    """
    root = body_graph.root(graph)
    limbs = [name for name in body_graph.node_names(graph) if name != root]
    limbs.sort(key=lambda name: bool(body_graph.children(graph, name)))
    short = {name: name.rpartition("/")[2] for name in limbs}
    return short if len(set(short.values())) == len(limbs) else {name: name for name in limbs}


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
    high = min(max(GAIT_HEIGHT // max(len(rows), 1), GAIT_ROWS[0]), GAIT_ROWS[1])
    colors = colors_of(recording.graph)
    step = (GAIT_WIDTH - GAIT_LABEL) / max(len(touching), 1)
    parts: list[str] = []
    for row, number in enumerate(rows):
        name, top = recording.nodes[number], row * high
        parts.append(
            f'<text x="{GAIT_LABEL - 6}" y="{top + high / 2 + 3.5:g}" text-anchor="end">'
            f"{html.escape(name)}</text>"
            f'<rect x="{GAIT_LABEL}" y="{top + 2}" width="{GAIT_WIDTH - GAIT_LABEL}" '
            f'height="{high - 4}" class="track"/>'
        )
        for start, end in _spans(touching[:, number].tolist()):
            parts.append(
                f'<rect x="{GAIT_LABEL + start * step:.1f}" y="{top + 2}" '
                f'width="{max((end - start) * step, 0.8):.1f}" height="{high - 4}" '
                f'fill="{colors[name]}"/>'
            )
    height = len(rows) * high + 16
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


def _symbol(drawn: str, name: str, size: tuple[int, int]) -> str:
    """A picture as a symbol that ``use`` elements show."""
    inner = drawn[drawn.index("</title>") + len("</title>") : -len("</svg>")]
    return f'<symbol id="{name}" viewBox="0 0 {size[0]} {size[1]}">{inner}</symbol>'


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
