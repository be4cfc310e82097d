"""Specialists as policies of single bodies, and their scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.evaluation.evaluation import score_policies
from hyperdistill_core.features import BodyLayout
from hyperdistill_core.nets.mlp import BodyMLP, Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.teacher_file import load_teacher


def load_specialists(path: Path) -> tuple[Teacher, Normalization]:
    """Specialists and the normalization of their observations from a checkpoint.

    Args:
        path: File of the checkpoint.

    Raises:
        CheckpointError: The file is not the checkpoint of specialists.

    Examples:
        >>> from hyperdistill_core.controller.checkpoints import find
        >>> file = find("flat-v0").parent / "flat-v0" / "teacher.safetensors"
        >>> load_specialists(file)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        hyperdistill_core.errors.CheckpointError: ...: expected specialists, got a gnn
    """
    network, normalization, _ = load_teacher(path)
    if network.separate_bodies is None:
        raise CheckpointError(f"{path}: expected specialists, got a {network.kind}")
    return network, normalization


def specialist_policy(
    network: Teacher, normalization: Normalization, body: int, graph: nx.DiGraph[str], task: str
) -> BodyMLP:
    """The network of one body as a policy for rollouts.

    Args:
        network: Specialists of all bodies.
        normalization: Normalization of their observations.
        body: Number of the body.
        graph: The body.
        task: Name of the task.

    Examples:
        >>> from hyperdistill_core.nets.teachers import Specialists, SpecialistsConfig
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> network = Specialists(SpecialistsConfig(bodies=1, n_max=12)).requires_grad_(False)
        >>> plain = Normalization(np.zeros(17), np.ones(17))
        >>> policy = specialist_policy(network, plain, 0, body, "flat")
        >>> policy.act(np.zeros((1, len(body), 17))).shape == (1, policy.n_controls)
        True
    """
    layout = BodyLayout.from_graph(graph, get_task(task).model(graph))
    layers, terrain = (
        [(weight.numpy(), bias.numpy()) for weight, bias in of_body]
        for of_body in (network.layers(body, len(graph)), network.terrain_layers(body))
    )
    return BodyMLP.from_layers(
        layers,
        normalization=normalization,
        actions=layout.actions,
        terrain=terrain,
        clock_harmonics=network.clock_harmonics,
    )


def score_specialists(
    graphs: Sequence[nx.DiGraph[str]],
    specialists: Sequence[tuple[Path, int]],
    *,
    task: str,
    episodes: int,
    seed: int,
    n_workers: int,
) -> NDArray[np.float64]:
    """Mean returns (specialists,) under mean actions.

    Args:
        graphs: All bodies of the checkpoints.
        specialists: The checkpoint file and the number of the body, for each specialist.
        task: Name of the task.
        episodes: Number of episodes of each specialist.
        seed: Seed of the episodes' initial states.
        n_workers: Number of processes.

    Raises:
        CheckpointError: A file is not the checkpoint of specialists.
    """
    return score_policies(
        [(graphs[body], policy) for policy, body in _policies(graphs, specialists, task)],
        task=task,
        episodes=episodes,
        seed=seed,
        n_workers=n_workers,
    )


def _policies(
    graphs: Sequence[nx.DiGraph[str]], specialists: Sequence[tuple[Path, int]], task: str
) -> Iterator[tuple[BodyMLP, int]]:
    loaded = {path: load_specialists(path) for path in {path for path, _ in specialists}}
    for path, body in specialists:
        yield specialist_policy(*loaded[path], body, graphs[body], task), body
