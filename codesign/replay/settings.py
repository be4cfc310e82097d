"""What a replay can be: its formats, their packages, and how pictures are drawn.

Importing this module is quick: the drawing itself loads more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from codesign.errors import UsageError

#: Most robots of a replay.
MOST_ROBOTS = 12
#: Formats by the ending of a file.
FORMATS = (".html", ".gif", ".mp4", ".png", ".svg")
#: Usual sizes of a GIF, a video and a still (px).
FILM_SIZE, VIDEO_SIZE, STILL_SIZE = (480, 360), (960, 720), (360, 300)
#: Usual frames a second of films, length of a GIF (s), and number of stills in a row.
FILM_FPS, GIF_SECONDS, STILLS = 20.0, 5.0, 5
#: Largest number of pixels of a side of a picture, and of frames a second.
MOST_PX, MOST_FPS = 3840, 60.0
#: Package that a format needs, the extra that has it, and what to write instead.
_NEEDS = {
    ".html": ("viser", "studio", "a .gif, .png or .svg"),
    ".mp4": ("imageio_ffmpeg", "video", "a .gif"),
}

OnFrame = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class FilmSettings:
    """How frames and stills are drawn.

    Attributes:
        size: Width and height of a frame, or of a still (px); None for the usual one.
        fps: Frames a second.
        stills: Number of stills in a row.
        on_frame: Called after each frame of a film with the number of frames so far, and of all.

    Raises:
        UsageError: A number is out of range.
    """

    size: tuple[int, int] | None = None
    fps: float = FILM_FPS
    stills: int = STILLS
    on_frame: OnFrame = lambda done, total: None

    def __post_init__(self) -> None:
        if self.size is not None and not all(32 <= side <= MOST_PX for side in self.size):
            raise UsageError(
                f"size: expected sides of 32 to {MOST_PX} px, got {self.size[0]}x{self.size[1]}"
            )
        if not 1.0 <= self.fps <= MOST_FPS:
            raise UsageError(f"fps: expected 1 to {MOST_FPS:g}, got {self.fps:g}")
        if not 1 <= self.stills <= 50:
            raise UsageError(f"stills: expected 1 to 50, got {self.stills}")


def require_format(path: Path) -> None:
    """Refuse a file that a replay cannot be, before anything is simulated.

    Args:
        path: The file.

    Raises:
        UsageError: There is no such format, or a package for it is missing.

    Examples:
        >>> require_format(Path("walk.png"))
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        listed = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise UsageError(
            f"{path}: expected a file that ends with {listed}, got {ending or 'no ending'}"
        )
    package, extra, instead = _NEEDS.get(ending, ("", "", ""))
    if package and find_spec(package) is None:
        raise UsageError(
            f"a replay as {ending} requires {package}: run pip install 'codesign[{extra}]', or "
            f"write {instead}"
        )
