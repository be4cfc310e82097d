"""Files of a replay: page, film, and strip of stills; each appears whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from codesign.replay.frames import frames, rendered
from codesign.replay.page import replay_page
from codesign.replay.recording import Recording
from codesign.replay.settings import FILM_SIZE, STILL_SIZE, VIDEO_SIZE, FilmSettings, require_format
from codesign.replay.stills import strip
from codesign.store.atomic import new_file

#: Colors of a GIF, and frames that they are taken from.
_GIF_COLORS, _SAMPLED = 96, 6


def write_recordings(
    recordings: Sequence[Recording],
    path: Path,
    *,
    title: str,
    chosen: int = 0,
    in_row: bool = False,
    settings: FilmSettings | None = None,
) -> None:
    """Write episodes as a page, a film, or strips of stills, by the ending of the file.

    Args:
        recordings: Episodes.
        path: File that ends with one of :data:`FORMATS`; one that is there is replaced.
        title: Title of a page.
        chosen: Number of the robot that the camera of a page follows first.
        in_row: Whether the robots of a page stand in this order, even if their ways cross.
        settings: How frames and stills are drawn; the usual way by default.

    Raises:
        UsageError: The file cannot be written or has another ending, a package is missing, or
            there are too many episodes.
    """
    require_format(path)
    settings = settings or FilmSettings()
    ending = path.suffix.lower()
    with new_file(path) as draft:
        if ending == ".html":
            page = replay_page(recordings, title=title, chosen=chosen, in_row=in_row)
            draft.write_text(page, "utf-8")
        elif ending == ".gif":
            _write_gif(recordings, draft, settings)
        elif ending == ".mp4":
            _write_mp4(recordings, draft, settings)
        else:
            _write_strip(recordings, draft, settings)


def _write_strip(recordings: Sequence[Recording], path: Path, settings: FilmSettings) -> None:
    picture = strip(recordings, size=settings.size or STILL_SIZE, count=settings.stills)
    if path.suffix.lower() == ".svg":
        path.write_text(picture, "utf-8")
    else:
        rendered(picture).save(path, optimize=True)


def _write_gif(recordings: Sequence[Recording], path: Path, settings: FilmSettings) -> None:
    """A film whose frames share one palette, so that little changes between them."""
    size, fps = settings.size or FILM_SIZE, settings.fps
    palette = _palette(list(frames(recordings, size=size, fps=fps, only=_SAMPLED)))
    total = _count(recordings, fps)
    images: list[Image.Image] = []
    for image in frames(recordings, size=size, fps=fps):
        images.append(image.quantize(palette=palette, dither=Image.Dither.NONE))
        settings.on_frame(len(images), total)
    # A GIF counts time in hundredths of a second.
    ends = [round(100.0 * (number + 1) / fps) for number in range(len(images))]
    lengths = [10 * int(length) for length in np.diff([0, *ends])]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=lengths,
        loop=0,
        optimize=False,
        disposal=1,
    )


def _palette(images: Sequence[Image.Image]) -> Image.Image:
    """The colors of a film, from some of its frames."""
    width, height = images[0].size
    sheet = Image.new("RGB", (width, height * len(images)))
    for row, image in enumerate(images):
        sheet.paste(image, (0, row * height))
    return sheet.quantize(colors=_GIF_COLORS, method=Image.Quantize.MEDIANCUT)


def _write_mp4(recordings: Sequence[Recording], path: Path, settings: FilmSettings) -> None:
    import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]  it ships none

    ffmpeg: Any = imageio_ffmpeg
    width, height = settings.size or VIDEO_SIZE
    # The usual color format of a video needs even sides.
    size = (width - width % 2, height - height % 2)
    total = _count(recordings, settings.fps)
    writer = ffmpeg.write_frames(
        str(path), size, fps=settings.fps, codec="libx264", quality=7, macro_block_size=2
    )
    writer.send(None)
    try:
        for number, image in enumerate(frames(recordings, size=size, fps=settings.fps), start=1):
            writer.send(np.asarray(image).tobytes())
            settings.on_frame(number, total)
    finally:
        writer.close()


def _count(recordings: Sequence[Recording], fps: float) -> int:
    return max(2, round(max(recording.seconds for recording in recordings) * fps) + 1)
