"""PNG images of strangers: what they decompress to is checked before any library does."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from morph_ops.errors import MjcfError

__all__ = ["plain_png", "png_shape"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Chunks that an image needs; all others are left out.
_NEEDED = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
#: Most bytes of a pixel, and of what is added to a row, in an image with or without interlacing.
_PIXEL_BYTES, _ROW_BYTES = 8, 16


def png_shape(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG image, by its first bytes; None for other files.

    Args:
        data: Content of the file.
    """
    if not data.startswith(_SIGNATURE) or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def plain_png(data: bytes) -> bytes:
    """A PNG image without chunks that it does not need, such as text and color profiles.

    Args:
        data: Content of the file.

    Raises:
        MjcfError: The image is damaged, or decompresses to more than its size needs.

    Examples:
        >>> plain_png(_SIGNATURE)
        Traceback (most recent call last):
        morph_ops.errors.MjcfError: a damaged PNG image
    """
    shape, chunks = png_shape(data), list(_chunks(data))
    if shape is None or not chunks:
        raise MjcfError("a damaged PNG image")
    most = shape[1] * (shape[0] * _PIXEL_BYTES + _ROW_BYTES) + _ROW_BYTES
    pixels = zlib.decompressobj()
    try:
        found = pixels.decompress(b"".join(d for kind, d in chunks if kind == b"IDAT"), most + 1)
    except zlib.error:
        raise MjcfError("a damaged PNG image") from None
    if len(found) > most:
        raise MjcfError("a PNG image that decompresses to more than its size needs")
    kept = b"".join(_chunk(kind, content) for kind, content in chunks if kind in _NEEDED)
    return _SIGNATURE + kept


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    number = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", number)
