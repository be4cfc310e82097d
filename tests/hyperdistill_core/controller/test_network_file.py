"""Files of networks that are none."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest

from hyperdistill_core.controller.network_file import load_network
from hyperdistill_core.errors import CheckpointError


@pytest.mark.parametrize("kind", ["bomb", "huge shape", "text", "pipe", "other arrays"])
def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path, kind):
    path = tmp_path / "mlp.npz"
    if kind == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("n_nodes.npy", bytes(150_000_000))
    elif kind == "huge shape":
        head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999,), }"
        head = head.ljust(117) + b"\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("n_nodes.npy", b"\x93NUMPY\x01\x00" + b"\x76\x00" + head)
    elif kind == "text":
        path.write_text("no zip")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        np.savez(path, n_nodes=np.zeros(2))
    with pytest.raises(CheckpointError, match=r"mlp\.npz: ") as caught:
        load_network(path)
    assert "\n" not in str(caught.value)
