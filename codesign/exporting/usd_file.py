"""A robot as OpenUSD, by the converter of the Newton project."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.exporting.extras import USD_COMMAND
from morph_ops.errors import BodyError
from morph_ops.io import mjcf

if TYPE_CHECKING:
    import networkx as nx

#: Time after which a conversion counts as failed (s).
LONGEST_S = 120.0


def write_usd(graph: nx.DiGraph[str], path: Path) -> None:
    """Write a robot as one binary layer of OpenUSD, with its physics.

    Args:
        graph: The body.
        path: The file (.usdc).

    Raises:
        BodyError: The converter refuses the robot, or takes too long.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "robot.xml", Path(scratch) / "out"
        mjcf.write(graph, source)
        try:
            done = subprocess.run(
                [USD_COMMAND, str(source), str(out), "--no-layer-structure"],
                capture_output=True,
                text=True,
                timeout=LONGEST_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BodyError(f"{USD_COMMAND}: {error}") from None
        layers = sorted(out.glob("*.usd*"))
        if done.returncode or len(layers) != 1:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise BodyError(f"{USD_COMMAND} cannot convert it: {said[-1]}")
        shutil.copyfile(layers[0], path)
