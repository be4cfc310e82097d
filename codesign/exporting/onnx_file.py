"""The network of a design as ONNX, with normalization, clock phase and clipping inside.

The graph takes ``state`` (E, n, 17), the states of E robots as they are, and ``time`` (1,), the
time since they began to move (s), where the network has a clock phase input. Where it sees the
ground, ``heights`` (E, H) are height samples (m): those at ``samples`` (H, 2) of the metadata,
places in m ahead and to the left of the torso, above the ground below the torso and at most 2 m up
or down. Where it sees a goal or an object, ``target`` (E, 3 or 12) is as in
:mod:`hyperdistill_core.tasks.sight`. All are float64. The result is ``controls`` (E, nu), float32,
inside the ranges of the actuators; ``actions`` are the same before they are clipped, which is what
the control costs of tasks count. Products are in double precision and rounded once, as in scores,
so that a rollout elsewhere is the rollout that was scored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesign.exporting.extras import require_packages
from codesign.exporting.standalone import StandaloneDesign

Floats: TypeAlias = NDArray[np.floating]

#: Version of the operators that the graph uses.
_OPSET = 17
#: Version of the file format that goes with it; older runtimes refuse newer files.
_IR_VERSION = 8


def write_onnx(design: StandaloneDesign, path: Path) -> None:
    """Write the network of a design.

    Args:
        design: The design.
        path: File to write.

    Raises:
        UsageError: The package onnx is not installed.
    """
    require_packages(["onnx"])
    import onnx

    path.write_bytes(_model(design, onnx).SerializeToString())


class _Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """Add an array; its name."""
        self.constants.append(self._onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, output: str, **attributes: Any) -> str:
        """Add an operator; the name of its result."""
        node = self._onnx.helper.make_node(operator, inputs, [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def layers(
        self, features: str, layers: Iterable[tuple[Floats, Floats]], *, prefix: str, last: bool
    ) -> str:
        """Add dense layers; ReLU follows each, the last one only where ``last`` says so."""
        pairs = list(layers)
        for number, (weight, bias) in enumerate(pairs):
            name = f"{prefix}weight_{number}"
            product = self.add(
                "MatMul", features, self.constant(name, weight), output=f"{prefix}product_{number}"
            )
            shift = self.constant(f"{prefix}bias_{number}", bias)
            features = self.add("Add", product, shift, output=f"{prefix}sum_{number}")
            if last or number < len(pairs) - 1:
                features = self.add("Relu", features, output=f"{prefix}layer_{number}")
        return features


def _model(design: StandaloneDesign, onnx: Any) -> Any:
    network, graph = design.network, _Graph(onnx)
    features = _features(design, graph)
    layers = list(zip(network.weights, network.biases, strict=True))
    features = graph.layers(features, layers, prefix="", last=False)
    low, high = design.control_range.T.astype(np.float32)
    rounded = graph.add("Cast", features, output="actions", to=onnx.TensorProto.FLOAT)
    above = graph.add("Max", rounded, graph.constant("control_low", low), output="above_low")
    graph.add("Min", above, graph.constant("control_high", high), output="controls")
    double, floats = onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT
    value_info = onnx.helper.make_tensor_value_info
    state_dim = len(network.offset) // network.n_nodes
    inputs = [value_info("state", double, ["episodes", network.n_nodes, state_dim])]
    if network.clock_harmonics:
        inputs.append(value_info("time", double, [1]))
    for name, numbers in _seen(design).items():
        inputs.append(value_info(name, double, ["episodes", numbers]))
    shape = ["episodes", network.n_controls]
    outputs = [value_info(name, floats, shape) for name in ("controls", "actions")]
    made = onnx.helper.make_graph(
        graph.nodes, "controller", inputs, outputs, initializer=graph.constants
    )
    model = onnx.helper.make_model(
        made,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="codesign",
        doc_string=__doc__,
    )
    onnx.helper.set_model_props(model, _metadata(design))
    onnx.checker.check_model(model, full_check=True)
    return model


def _features(design: StandaloneDesign, graph: _Graph) -> str:
    """Normalized, clipped states (E, n * 17), clock phase, and code of the height samples."""
    network = design.network
    inputs = [_observation(design, graph)]
    if network.clock_harmonics:
        inputs.append(_phases(network.clock_harmonics, graph))
    if network.terrain:
        seen = list(_seen(design))
        rows = graph.add("Concat", *seen, output="seen", axis=1) if seen[1:] else seen[0]
        inputs.append(graph.layers(rows, network.terrain, prefix="terrain_", last=True))
    return graph.add("Concat", *inputs, output="inputs", axis=1) if inputs[1:] else inputs[0]


def _seen(design: StandaloneDesign) -> dict[str, int]:
    """Names of the inputs of what the network sees, and how many numbers they are."""
    heights = len(design.samples)
    numbers = {"heights": heights, "target": design.network.terrain_dim - heights}
    return {name: number for name, number in numbers.items() if number}


def _observation(design: StandaloneDesign, graph: _Graph) -> str:
    """Normalized, clipped states (E, n * 17)."""
    network = design.network
    flat = graph.add(
        "Reshape",
        "state",
        graph.constant("flat_shape", np.array([0, len(network.offset)])),
        output="flat_state",
    )
    offset = graph.constant("offset", network.offset)
    centered = graph.add("Sub", flat, offset, output="centered")
    upper = graph.constant("limit", network.limit)
    lower = graph.constant("minus_limit", -network.limit)
    above = graph.add("Max", centered, lower, output="above_limit")
    return graph.add("Min", above, upper, output="observation")


def _phases(harmonics: int, graph: _Graph) -> str:
    """Clock phases (E, 2 * harmonics)."""
    rates = 2.0 * np.pi * np.arange(1.0, harmonics + 1.0)
    angles = graph.add("Mul", "time", graph.constant("rates", rates), output="angles")
    waves = [graph.add(name, angles, output=f"{name.lower()}es") for name in ("Sin", "Cos")]
    phase = graph.add("Concat", *waves, output="phase", axis=0)
    # One phase for every episode: a column of zeros of the right height is added to it.
    zeros = graph.add(
        "Mul",
        graph.add(
            "Slice",
            "flat_state",
            graph.constant("first", np.array([0])),
            graph.constant("second", np.array([1])),
            graph.constant("columns", np.array([1])),
            output="column",
        ),
        graph.constant("zero", np.zeros(1)),
        output="zeros",
    )
    return graph.add("Add", zeros, phase, output="phases")


def _metadata(design: StandaloneDesign) -> dict[str, str]:
    """What a program finds in the file beside the graph."""
    from hyperdistill_core.features import STATE

    arrays = {name: array.tolist() for name, array in design.arrays.items()}
    return {
        "design": json.dumps(arrays),
        "nodes": json.dumps(design.nodes),
        "state": json.dumps([[one.name, one.stop - one.start, one.unit] for one in STATE]),
        "samples": json.dumps(design.samples.tolist()),
        "target": design.target,
        "actuators": json.dumps(design.actuators),
        "control_dt_s": repr(design.control_dt),
        "controller": design.controller,
        "controller_hash": design.controller_hash,
    }
