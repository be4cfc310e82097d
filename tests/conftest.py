"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import networkx as nx

    from codesign.store import Database


def pytest_configure() -> None:
    """Handle Ctrl-C, also where a shell that started the tests in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for the key of runs, instead of that of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


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
    """File of a small controller with random weights."""
    import numpy as np
    import torch

    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.nets.hypernet_config import HypernetConfig
    from hyperdistill_core.nets.hypernetwork import Hypernetwork
    from hyperdistill_core.nets.mlp import Normalization

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = HypernetConfig(context_dim=25, hidden=16, embed=16, feedforward=16)
        network = Hypernetwork(config)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    controller = Controller(
        name="tiny",
        network=network.to_numpy(),
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="continuous",
    )
    path = tmp_path_factory.mktemp("controllers") / "tiny.safetensors"
    controller.save(path)
    return path


@pytest.fixture(scope="session")
def variant_controller(tiny_controller: Path) -> Path:
    """File of the same controller with four variants."""
    from dataclasses import replace

    import numpy as np

    from hyperdistill_core.controller.controller import Controller

    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(4, 25))
    factors[0] = 1.0
    path = tiny_controller.with_name("variants.safetensors")
    replace(Controller.load(tiny_controller), variants=factors.astype(np.float32)).save(path)
    return path


@pytest.fixture(scope="session")
def seeing_controller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a small controller with random weights, 195 height samples and a clock."""
    import numpy as np
    import torch

    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.nets.hypernet_config import HypernetConfig
    from hyperdistill_core.nets.hypernetwork import Hypernetwork
    from hyperdistill_core.nets.mlp import Normalization

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = HypernetConfig(
            context_dim=25,
            hidden=16,
            embed=16,
            feedforward=16,
            clock_harmonics=1,
            terrain_dim=195,
            terrain_embed=8,
        )
        network = Hypernetwork(config)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    controller = Controller(
        name="seeing",
        network=network.to_numpy(),
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="csr",
        context="continuous",
    )
    path = tmp_path_factory.mktemp("controllers") / "seeing.safetensors"
    controller.save(path)
    return path


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """A function that makes and opens an empty database; all close with the test."""
    from codesign.store import Database

    with ExitStack() as opened:

        def new() -> Database:
            path = tmp_path / f"{len(list(tmp_path.glob('*.sqlite')))}.sqlite"
            Database.create(path)
            return opened.enter_context(Database(path))

        yield new


@pytest.fixture(scope="session")
def in_other_frames() -> Callable[[nx.DiGraph[str]], nx.DiGraph[str]]:
    """A function that rewrites a robot with frames at random and reversed capsules."""
    from tests.helpers.frames import with_random_frames

    return with_random_frames
