"""Cost of a control step for teachers and for the networks generated for a body.

    python benchmarks/efficiency.py [--controller flat-v3] [--nodes 12] [--repeats 30]

There are two pairs, each on a body with ``--nodes`` nodes and a motor in every joint slot:

    published  the transformer teacher of Xiong 2024 (5 layers, 128 wide, feed-forward 1024)
               and a student with hidden layers of 256
    shipped    a message-passing teacher (3 layers, 64 wide) and the named controller

Parameters and multiply-adds come from the formulas in ``hyperdistill_core.nets.cost``. Times are
those of a controller in use: from raw states to numpy controls, with the normalization, in float32
on one thread. The computation of a teacher's privileged observation is left out. A call acts for
one state or for 16 states at once. The two networks of a pair alternate, and the median of the
repeats counts, divided by the number of states. The weights are random, except for those of the
named controller: they do not change the cost of a step.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.cost import Cost, body_mlp_cost, message_passing_cost, transformer_cost
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE, BodyMLP, Normalization
from hyperdistill_core.nets.teachers import (
    MessagePassing,
    MessagePassingConfig,
    TransformerTeacher,
    TransformerTeacherConfig,
)

BATCHES = (1, 16)
CALLS = 20

#: Teacher divided by student in Xiong 2024: parameters, and compute of a step.
PUBLISHED_RATIOS = ("6-14x", "67-160x")
PUBLISHED_TEACHER = TransformerTeacherConfig(context_dim=0, state_dim=52)
PUBLISHED_STUDENT = HypernetConfig(context_dim=53)
SHIPPED_TEACHER = MessagePassingConfig(context_dim=25, state_dim=30, width=64, layers=3)


@dataclass(frozen=True)
class Network:
    """A network to be measured.

    Attributes:
        name: Name for the table.
        cost: Cost of a control step.
        state_dim: Number of observed features of a node.
        act: Function from states (E, n, state_dim) to controls (E, nu).
    """

    name: str
    cost: Cost
    state_dim: int
    act: Callable[[NDArray[np.float64]], object]


@dataclass(frozen=True)
class Row:
    """Measured costs of a network.

    Attributes:
        name: Name for the table.
        figures: Parameters, multiply-adds, and microseconds for each batch size.
    """

    name: str
    figures: tuple[float, ...]


def main() -> None:
    """Measure and print the table."""
    parser = _parser()
    options = parser.parse_args()
    # The worker imports numpy after this; more threads would slow small products down.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        measured = pool.submit(
            measure, options.controller, options.nodes, repeats=options.repeats, seed=options.seed
        )
        try:
            pairs = measured.result()
        except ControllerError as error:
            parser.error(str(error))
    Console().print(_table(pairs, options.nodes))


def measure(controller: str, nodes: int, *, repeats: int, seed: int) -> list[tuple[Row, Row]]:
    """Costs of the teacher and the generated network of each pair.

    Args:
        controller: Name or file of the controller in the shipped pair.
        nodes: Number of nodes of the body.
        repeats: Number of timings.
        seed: Seed of the random weights and states.

    Raises:
        ControllerError: No controller has this name.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    shipped = _shipped(Controller.load(controller), nodes)
    return [_alternate(pair, nodes, repeats, rng) for pair in (_published(nodes), shipped)]


def _published(n: int) -> tuple[Network, Network]:
    student = Hypernetwork(PUBLISHED_STUDENT).eval()
    with torch.inference_mode():
        layers = student.generate(torch.randn(1, n, PUBLISHED_STUDENT.context_dim)).layers()
    mlp = BodyMLP.from_layers(
        [(weight[0].numpy(), bias[0].numpy()) for weight, bias in layers],
        normalization=_identity(PUBLISHED_STUDENT.state_dim),
        actions=np.arange(n * SLOTS_PER_NODE),
    )
    teacher = _teacher(
        "transformer 5x128/1024",
        TransformerTeacher(PUBLISHED_TEACHER),
        transformer_cost(PUBLISHED_TEACHER, n),
        n,
    )
    return teacher, _student("generated", PUBLISHED_STUDENT, mlp, n)


def _shipped(controller: Controller, n: int) -> tuple[Network, Network]:
    config = controller.network.config
    context = np.random.default_rng(0).normal(size=(n, config.context_dim))
    mlp = controller.body_mlp(context, np.arange(n * SLOTS_PER_NODE))
    teacher = _teacher(
        "message passing 3x64",
        MessagePassing(SHIPPED_TEACHER),
        message_passing_cost(SHIPPED_TEACHER, n),
        n,
    )
    return teacher, _student(controller.name, config, mlp, n)


def _student(name: str, config: HypernetConfig, mlp: BodyMLP, n: int) -> Network:
    cost = body_mlp_cost(config, n, mlp.n_controls)
    return Network(
        f"{name} MLP, {config.hidden}", cost, config.state_dim, partial(mlp.act, time=0.0)
    )


def _teacher(
    name: str, network: MessagePassing | TransformerTeacher, cost: Cost, n: int
) -> Network:
    config = network.eval().config
    normalization = _identity(config.state_dim)
    present = torch.ones(1, n, dtype=torch.bool)
    body = BodyTensors(torch.randn(1, n, config.context_dim), present, [[0] * n])

    @torch.inference_mode()
    def act(states: NDArray[np.float64]) -> NDArray[np.float32]:
        observed = normalization.observe(states).astype(np.float32)[None]
        means = network.means(torch.from_numpy(observed), body)
        return means.numpy().reshape(len(states), -1)

    return Network(name, cost, config.state_dim, act)


def _identity(state_dim: int) -> Normalization:
    return Normalization(np.zeros(state_dim), np.ones(state_dim))


def _alternate(
    pair: tuple[Network, Network], n: int, repeats: int, rng: np.random.Generator
) -> tuple[Row, Row]:
    micros: list[list[float]] = [[] for _ in pair]
    for batch in BATCHES:
        states = [rng.normal(size=(batch, n, network.state_dim)) for network in pair]
        seconds: list[list[float]] = [[] for _ in pair]
        for repeat in range(repeats + 1):
            for network, batch_states, times in zip(pair, states, seconds, strict=True):
                began = time.perf_counter()
                for _ in range(CALLS):
                    network.act(batch_states)
                if repeat:  # the first repeat warms up
                    times.append((time.perf_counter() - began) / CALLS)
        for row, times in zip(micros, seconds, strict=True):
            row.append(1e6 * median(times) / batch)
    teacher, student = (
        Row(network.name, (network.cost.parameters, network.cost.multiply_adds, *row))
        for network, row in zip(pair, micros, strict=True)
    )
    return teacher, student


def _table(pairs: list[tuple[Row, Row]], n: int) -> Table:
    table = Table(
        title=f"one control step of a body with {n} nodes",
        caption=f"us ({BATCHES[-1]}): time of one state in a call with {BATCHES[-1]} states",
    )
    table.add_column("network")
    for column in ("parameters", "multiply-adds", *(f"us ({batch})" for batch in BATCHES)):
        table.add_column(column, justify="right")
    for pair in pairs:
        for row in pair:
            counts, micros = row.figures[:2], row.figures[2:]
            cells = [f"{count:,}" for count in counts] + [f"{number:,.1f}" for number in micros]
            table.add_row(row.name, *cells)
        teacher, student = (row.figures for row in pair)
        ratios = [f"{more / less:.1f}x" for more, less in zip(teacher, student, strict=True)]
        table.add_row("ratio", *ratios, end_section=True)
    table.add_row("ratios of Xiong 2024", *PUBLISHED_RATIOS, "", "")
    return table


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def _parser() -> argparse.ArgumentParser:
    summary = "Cost of a control step for teachers and for the networks generated for a body."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--controller", default="flat-v3", help="name or file of a controller")
    parser.add_argument("--nodes", type=_count, default=12, help="limbs plus torso of the body")
    parser.add_argument("--repeats", type=_count, default=30, help="number of repeats")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and states")
    return parser


if __name__ == "__main__":
    main()
