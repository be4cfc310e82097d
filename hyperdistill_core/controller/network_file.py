"""Reading the network of one body from a file, which a stranger may have made."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.nets.mlp import BodyMLP
from morph_ops._messages import cut, failure
from morph_ops._text_file import read_bytes

#: Largest file, and largest size of its arrays: that of 1000 nodes (bytes).
_LARGEST = 64_000_000


def load_network(path: str | Path) -> BodyMLP:
    """The network in a file of :meth:`~hyperdistill_core.nets.mlp.BodyMLP.save_npz`.

    Args:
        path: Path of the file.

    Raises:
        CheckpointError: The file cannot be read, or is too large.
        CheckpointError: Its arrays are none of a network.
    """
    try:
        return BodyMLP.from_arrays(_arrays(path))
    except CheckpointError:
        raise
    except (ArithmeticError, BadZipFile, EOFError, LookupError, MemoryError,
            NotImplementedError, OSError, RuntimeError, TypeError, ValueError,
            zlib.error) as error:  # fmt: skip
        raise CheckpointError(
            f"{path}: expected the arrays of a network, got {cut(failure(error))}"
        ) from None


def _arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file, whose size is known before they are unpacked."""
    content = io.BytesIO(read_bytes(path, largest=_LARGEST, error=CheckpointError))
    with ZipFile(content) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _LARGEST:
        raise CheckpointError(
            f"{path}: expected arrays of at most {_LARGEST / 1e6:g} MB, got {unpacked / 1e6:.0f} MB"
        )
    with np.load(content, allow_pickle=False) as file:
        return dict(file)
