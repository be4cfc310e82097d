"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import networkx as nx

    from codesign.store import Database


def pytest_configure() -> None:
    """Handle Ctrl-C, also where a shell that started the tests in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder with the Unimal-100 robots and the golden numbers of the public code."""
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("CODESIGN_REFERENCE", beside))
    if not (folder / "unimal100").is_dir():
        pytest.skip(f"no reference data at {folder}: set CODESIGN_REFERENCE to its folder")
    return folder


@pytest.fixture(scope="session")
def tiny_controller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a small controller with random weights, which moves bodies somehow."""
    import numpy as np
    import torch

    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
    from hyperdistill_core.nets.mlp import Normalization

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = HypernetConfig(context_dim=25, hidden=16, embed=16, feedforward=16)
        network = Hypernetwork(config)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    controller = Controller(
        name="tiny",
        network=network,
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="continuous",
    )
    path = tmp_path_factory.mktemp("controllers") / "tiny.safetensors"
    controller.save(path)
    return path


@pytest.fixture(scope="session")
def variant_controller(tiny_controller: Path) -> Path:
    """The same with four variants."""
    from dataclasses import replace

    import numpy as np

    from hyperdistill_core.controller.controller import Controller

    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(4, 25))
    factors[0] = 1.0
    path = tiny_controller.with_name("read.safetensors")
    replace(Controller.load(tiny_controller), variants=factors.astype(np.float32)).save(path)
    return path


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Makes and opens an empty database; all close with the test."""
    from codesign.store import Database

    with ExitStack() as opened:

        def new() -> Database:
            path = tmp_path / f"{len(list(tmp_path.glob('*.sqlite')))}.sqlite"
            Database.create(path)
            return opened.enter_context(Database(path))

        yield new


@pytest.fixture(scope="session")
def in_other_frames() -> Callable[[nx.DiGraph], nx.DiGraph]:
    """Writes a robot with frames that lie and turn as they like, and capsules back to front."""
    import numpy as np

    from morph_ops.geometry import quaternion, rest_frames, rotation
    from morph_ops.graph import limb, limbs, parent, root, torso, with_nodes

    def rewrite(graph: nx.DiGraph) -> nx.DiGraph:
        rng = np.random.default_rng(8)
        rest = rest_frames(graph)
        rows = {name: row for row, name in enumerate(rest.names)}
        turns = {name: rotation(tuple(rng.normal(size=4))) for name in rest.names}
        shifts = rng.normal(scale=0.1, size=(len(rest), 3))
        origins = dict(zip(rest.names, rest.pos + shifts, strict=True))
        head = root(graph)
        origins[head] = rest.pos[0]
        records = [(head, replace(torso(graph), quat=quaternion(turns[head])))]
        for name in limbs(graph):
            above, row, record = parent(graph, name), rows[name], limb(graph, name)
            back = turns[name].T
            shift = rest.pos[row] - origins[name]
            hinges = [
                replace(
                    joint,
                    pos=tuple((back @ (shift + joint.pos)).tolist()),
                    axis=tuple((back @ joint.axis).tolist()),
                )
                for joint in record.joints
            ]
            record = replace(
                record,
                pos=tuple((turns[above].T @ (origins[name] - origins[above])).tolist()),
                quat=quaternion(turns[above].T @ turns[name]),
                start=tuple((back @ (rest.end[row] - origins[name])).tolist()),
                end=tuple((back @ (rest.start[row] - origins[name])).tolist()),
                joints=tuple(hinges),
            )
            records.append((name, record))
        return with_nodes(graph, records)

    return rewrite
