"""Names of nodes, engraved in their parts in a font of small boxes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from manifold3d import Manifold
from numpy.typing import NDArray

from codesign.exporting.printing.layout import Layout, NodeShape, node_of
from codesign.exporting.printing.shapes import capsule_of, solid, union

Array = NDArray[np.float64]

_DEPTH_MM = 0.8
#: Size of a dot of a character as a share of a node's radius; least and largest size (mm).
_DOT_SHARE, _LEAST_DOT_MM, _LARGEST_DOT_MM = 0.04, 0.45, 1.5
#: Dots overlap by this share, so that two that meet at a corner are one piece.
_OVERLAP = 0.05
#: Columns from one character to the next, and rows of a character.
_PITCH, _ROWS = 4, 5
#: The five rows of each character from the top; the bits of a digit are its three columns.
_FONT = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71317", "4": "55711", "5": "74717",
    "6": "74757", "7": "71222", "8": "75757", "9": "75717", "A": "25755", "B": "65656",
    "C": "34443", "D": "65556", "E": "74647", "F": "74644", "G": "34553", "H": "55755",
    "I": "72227", "J": "11152", "K": "55655", "L": "44447", "M": "57755", "N": "65555",
    "O": "25552", "P": "65644", "Q": "25563", "R": "65655", "S": "34216", "T": "72222",
    "U": "55557", "V": "55552", "W": "55775", "X": "55255", "Y": "55222", "Z": "71247",
    "/": "11244", "-": "00700", "_": "00007", ".": "00002", " ": "00000",
}  # fmt: skip


def engravings(part: Manifold, placed: Layout, name: str) -> Iterator[tuple[Manifold, str]]:
    """A part with its name in it, in one place after the other.

    Where all of a name does not fit, it is the end of the name.

    Args:
        part: The part.
        placed: Nodes and hinges.
        name: Name of the part.

    Yields:
        The part and the text.
    """
    node = node_of(name)
    for text in dict.fromkeys((node, node.rpartition("/")[2])):
        if not text or not set(text.upper()) <= set(_FONT):
            continue
        shape = placed.nodes.get(name)
        cuts = _on_node(text, placed, shape) if shape else _on_knuckle(text, placed, name)
        for cut, volume in cuts:
            removed = (part ^ cut).volume()
            if 0.99 * volume < removed < 1.01 * volume:
                yield part - cut, text


def _on_node(text: str, placed: Layout, shape: NodeShape) -> Iterator[tuple[Manifold, float]]:
    """Texts in the surface of a node, with what each removes from a whole one (mm^3)."""
    dot = float(np.clip(_DOT_SHARE * shape.radius, _LEAST_DOT_MM, _LARGEST_DOT_MM))
    letters = _letters(text, dot, below=0.4 * shape.radius, above=1.0)
    whole = solid(capsule_of(shape))
    core = solid(capsule_of(shape, margin=-_DEPTH_MM))
    for place, right, out in _panels(placed, shape, _width(text, dot)):
        cut = _placed(letters, place, right, out) - core
        yield cut, (whole ^ cut).volume()


def _panels(placed: Layout, shape: NodeShape, width: float) -> Iterator[tuple[Array, Array, Array]]:
    """Places on a node, with the directions in which the text runs and faces."""
    if not shape.hinges:
        for direction in itertools.product((0.0, 1.0, -1.0), repeat=3):
            # No text on top or below: it would have no direction of its own.
            if any(direction[:2]):
                out = np.array(direction) / np.linalg.norm(direction)
                right = np.cross((0.0, 0.0, 1.0), out)
                yield shape.start + shape.radius * out, right / np.linalg.norm(right), out
        return
    hinge = shape.hinges[-1]
    start = hinge.pivot + (placed.size.body_start + placed.size.eye) * hinge.frame[:, 2]
    axis = shape.end - start
    length = float(np.linalg.norm(axis))
    if length < width:
        return
    right = axis / length
    side = np.cross(right, np.eye(3)[int(np.argmin(np.abs(right)))])
    side = side / np.linalg.norm(side)
    free = (length - width) / length
    for along in (0.5, 0.5 - free / 4.0, 0.5 + free / 4.0, 0.5 - free / 2.0, 0.5 + free / 2.0):
        for angle in np.pi / 4.0 * np.arange(8):
            out = np.cos(angle) * side + np.sin(angle) * np.cross(right, side)
            yield start + along * axis + shape.radius * out, right, out


def _on_knuckle(text: str, placed: Layout, name: str) -> Iterator[tuple[Manifold, float]]:
    """Texts on the flat sides of a knuckle's fork, below its shaft."""
    size, [hinge] = placed.size, placed.forks(name)
    room = size.depth + size.wall - size.shaft / 2.0 - size.clearance
    dot = min(room / (_ROWS + 1), 2.0 * size.cheek / (_PITCH * len(text) + 1), _LARGEST_DOT_MM)
    if dot < _LEAST_DOT_MM:
        return
    letters = _letters(text, dot, below=_DEPTH_MM, above=1.0)
    volume = letters.volume() * _DEPTH_MM / (_DEPTH_MM + 1.0)
    x, y, z = hinge.frame.T
    for sign in (1.0, -1.0):
        place = hinge.pivot + sign * size.fork * x - (hinge.base - room / 2.0) * z
        yield _placed(letters, place, sign * y, sign * x), volume


def _letters(text: str, dot: float, *, below: float, above: float) -> Manifold:
    """A text around the origin: x to the right, y up, z out of the surface."""
    boxes: list[Manifold] = []
    grow = _OVERLAP * dot
    for column, character in enumerate(text.upper()):
        for row, bits in enumerate(_FONT[character]):
            for first, last in _runs(int(bits)):
                x = (column * _PITCH + first) * dot - _width(text, dot) / 2.0
                y = (_ROWS / 2.0 - row - 1) * dot
                size = ((last - first) * dot + 2.0 * grow, dot + 2.0 * grow, below + above)
                boxes.append(Manifold.cube(size).translate((x - grow, y - grow, -below)))
    return union(boxes)


def _runs(bits: int) -> list[tuple[int, int]]:
    """First and next column of each run of dots in a row of three."""
    filled = [column for column in range(3) if bits >> (2 - column) & 1]
    starts = [column for column in filled if column - 1 not in filled]
    ends = [column + 1 for column in filled if column + 1 not in filled]
    return list(zip(starts, ends, strict=True))


def _width(text: str, dot: float) -> float:
    return (_PITCH * len(text) - 1) * dot


def _placed(letters: Manifold, place: Array, right: Array, out: Array) -> Manifold:
    return letters.transform(np.stack([right, np.cross(out, right), out, place], axis=1))
