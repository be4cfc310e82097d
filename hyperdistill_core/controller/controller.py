"""A distilled controller: checkpoint in, the controller of any body out.

    controller = Controller.load("flat-v2")
    body = controller.for_body(graph, task.model(graph))
    ctrl = body.act(states)

A controller may know several readings of a body: the body's context times other factors gives
other networks for the same body, of which one may move it where the first does not
(:mod:`hyperdistill_core.controller.halving`).

A checkpoint is a safetensors file: the hypernetwork's weights, the statistics that make
observations of states, and everything else as JSON in its header. Nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import mujoco
import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.checkpoints import ControllerError, find
from hyperdistill_core.controller.training_distribution import TrainingRanges
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.features import (
    STATE_DIM,
    BodyLayout,
    ContextKind,
    context_dim,
    context_features,
)
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import BodyMLP, Normalisation

KIND = "controller"
VERSION = 2
_MEAN, _VAR, _READINGS = "state_mean", "state_var", "readings"
_HASH_DIGITS = 16


@dataclass(frozen=True, eq=False, kw_only=True)
class Controller:
    """A hypernetwork with all that is needed to control a body by it.

    Attributes:
        name: of the controller; the stem of its file.
        network: the hypernetwork, in evaluation mode.
        normalisation: of the states, per feature.
        task: name of the task it was trained on.
        context: layout of its context.
        ranges: bodies it was trained on.
        provenance: how it was made, as JSON takes it.
        readings: (R, D) float32 factors on the entries of a context. The first are ones: the
            context as it is. None for these alone.

    Raises:
        ValueError: the network's context has another width than the layout ``context``, or its
            state another one than states have.
        ValueError: the readings have another width, or do not begin with ones.
    """

    name: str
    network: Hypernetwork
    normalisation: Normalisation
    task: str
    context: ContextKind
    ranges: TrainingRanges = field(default_factory=lambda: TrainingRanges({}))
    provenance: Mapping[str, Any] = field(default_factory=dict)
    readings: NDArray[np.float32] | None = None

    def __post_init__(self):
        width, expected = self.network.config.context_dim, context_dim(self.context)
        if width != expected:
            raise ValueError(
                f"context: the {self.context!r} layout has {expected} features,"
                f" the network takes {width}"
            )
        if self.network.config.state_dim != STATE_DIM:
            raise ValueError(
                f"state: a limb's has {STATE_DIM} features, the network takes "
                f"{self.network.config.state_dim}"
            )
        if self.readings is not None:
            _require_readings(self.readings, width)
        self.network.eval().requires_grad_(False)

    @property
    def n_readings(self) -> int:
        """Readings of a body that there are; at least 1."""
        return 1 if self.readings is None else len(self.readings)

    def require_readings(self, wanted: int, *, what: str = "tries") -> None:
        """Refuse more readings of a body than there are.

        Args:
            wanted: how many.
            what: the setting that wants them.

        Raises:
            ControllerError: there are fewer, or it is not even one.
        """
        if not 1 <= wanted <= self.n_readings:
            raise ControllerError(
                f"{what}: expected 1 .. {self.n_readings}, as controller {self.name} knows"
                f" {self.n_readings} reading(s) of a body, got {wanted}"
            )

    @classmethod
    def load(cls, name_or_path: str | Path) -> Controller:
        """A shipped controller by its name, or one from a file.

        Names are those of :func:`hyperdistill_core.controller.checkpoints.available`.

        Raises:
            ControllerError: no shipped controller has that name.
            ControllerError: no such file, or no controller of this version in it.
        """
        path = find(name_or_path)
        try:
            tensors, meta = load_checkpoint(path, kind=KIND)
        except CheckpointError as error:
            raise ControllerError(str(error)) from None
        if meta.get("version") != VERSION:
            raise ControllerError(
                f"{path}: expected a controller of version {VERSION}, got {meta.get('version')!r}"
            )
        try:
            statistics = [tensors.pop(key).double().numpy() for key in (_MEAN, _VAR)]
            readings = tensors.pop(_READINGS, None)
            return cls(
                name=path.stem,
                network=_network(HypernetConfig(**meta["network"]), tensors),
                normalisation=Normalisation(*statistics, clip=meta["clip"]),
                task=meta["task"],
                context=meta["context"],
                ranges=TrainingRanges({key: tuple(ends) for key, ends in meta["ranges"].items()}),
                provenance=meta["provenance"],
                readings=None if readings is None else readings.numpy(),
            )
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ControllerError(f"{path}: damaged controller ({reason})") from None

    def save(self, path: str | Path, *, half: bool = False) -> None:
        """Writes the checkpoint.

        Args:
            path: of the file; an existing one is replaced.
            half: round the weights to float16, for a file of half the size. It loads as a
                controller of its own, with a hash of its own: score, publish and compare
                the loaded one, not this object.
        """
        dtype = torch.float16 if half else torch.float32
        tensors = {name: tensor.to(dtype) for name, tensor in self.network.state_dict().items()}
        tensors[_MEAN] = torch.tensor(np.asarray(self.normalisation.mean), dtype=torch.float64)
        tensors[_VAR] = torch.tensor(np.asarray(self.normalisation.var), dtype=torch.float64)
        if self.readings is not None:
            tensors[_READINGS] = torch.tensor(self.readings, dtype=torch.float32)
        meta = {
            **self._settings(),
            "kind": KIND,
            "ranges": dict(self.ranges.limits),
            "provenance": dict(self.provenance),
        }
        save_checkpoint(Path(path), tensors, meta)

    def _settings(self) -> dict[str, Any]:
        """What decides the controls, weights and statistics apart."""
        network = asdict(self.network.config)
        if not self.network.config.terrain_dim:
            # As before there were height fields: published hashes stay as they are.
            del network["terrain_dim"], network["terrain_embed"]
        if not self.network.config.clock:
            del network["clock"]
        return {
            "version": VERSION,
            "network": network,
            "task": self.task,
            "context": self.context,
            "clip": self.normalisation.clip,
        }

    @cached_property
    def hash(self) -> str:
        """Short hexadecimal hash over weights, statistics, settings and readings."""
        digest = hashlib.sha256(json.dumps(self._settings(), sort_keys=True).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(f"{name}{list(tensor.shape)}".encode())
            digest.update(tensor.float().numpy().astype("<f4", copy=False).tobytes())
        for array in (self.normalisation.mean, self.normalisation.var):
            digest.update(np.asarray(array, dtype="<f8").tobytes())
        if self.readings is not None:
            digest.update(self.readings.astype("<f4", copy=False).tobytes())
        return digest.hexdigest()[:_HASH_DIGITS]

    def body_mlp(self, context: NDArray[np.floating], actions: NDArray[np.integer]) -> BodyMLP:
        """Controller of a body from its context.

        Args:
            context: (n, D) in the layout ``self.context``.
            actions: (nu,) flat index into (n, 2) joint slots of each control, as
                ``BodyLayout.actions``, or ``np.flatnonzero(joint_mask)``.

        Returns:
            A controller in the precision of the network.
        """
        dtype = self.network.input_encoder.embed.weight.dtype
        with torch.inference_mode(), _one_thread():
            layers = self.network.generate(torch.as_tensor(context, dtype=dtype)[None]).layers()
            arrays = [(weight[0].numpy(), bias[0].numpy()) for weight, bias in layers]
            encoder = getattr(self.network, "terrain_encoder", ())
            linear = [layer for layer in encoder if isinstance(layer, torch.nn.Linear)]
        return BodyMLP.from_layers(
            arrays,
            normalisation=self.normalisation,
            actions=actions,
            dtype=arrays[0][0].dtype,
            terrain=[(layer.weight.numpy().T, layer.bias.numpy()) for layer in linear],
            clock=self.network.config.clock,
        )

    def for_body(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel, *, reading: int = 0
    ) -> BodyMLP:
        """Controller of a body, in the order of the motors of ``model``.

        Args:
            graph: the body.
            model: a model that holds it, as its task sets it up.
            reading: which of the readings of the body is used.

        Raises:
            IndexError: there is no such reading.
        """
        if not 0 <= reading < self.n_readings:
            raise IndexError(f"reading: expected 0 .. {self.n_readings - 1}, got {reading}")
        context = context_features(graph, model, kind=self.context)
        if reading and self.readings is not None:
            context = context * self.readings[reading]
        return self.body_mlp(context, BodyLayout.from_graph(graph, model).actions)

    def warnings(self, graph: nx.DiGraph[str]) -> list[str]:
        """Where a body lies outside what the controller was trained on, a line a quantity."""
        return self.ranges.warnings(graph)


def _require_readings(readings: NDArray[np.float32], width: int) -> None:
    shape = readings.shape
    if len(shape) != 2 or shape[1] != width or not len(readings) or not (readings[0] == 1.0).all():
        raise ValueError(
            f"readings: expected rows of {width} factors, the first of them ones, got an array of"
            f" shape {shape}"
        )


def _network(config: HypernetConfig, tensors: Mapping[str, torch.Tensor]) -> Hypernetwork:
    # Initial values are drawn in vain, away from the caller's generator. Building on torch's meta
    # device would spare them, and import its compiler: more than a second.
    with torch.random.fork_rng(devices=[]):
        network = Hypernetwork(config)
    weights = {name: tensor.float() for name, tensor in tensors.items()}
    network.load_state_dict(weights, assign=True)
    return network


@contextmanager
def _one_thread() -> Iterator[None]:
    """The number of torch's threads decides the last bits of a network: a body has one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
