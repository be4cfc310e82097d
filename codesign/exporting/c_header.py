"""The network of a design as a C99 header: constants and one function, without allocation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.exporting.standalone import StandaloneDesign

_PER_LINE = 4

_HEADER = """\
/* {title}: the controller of one robot, for C99.

   {prefix}_act computes the controls of one control step from the state of the robot.
   Call it every {control_dt:g} s.

   state     {nodes} nodes x {state_dim} numbers, node by node; the nodes are
             {node_names}.
             The numbers of a node, in world axes:
{features}
   time      time since the robot began to move (s){unused}
   controls  {controls} numbers; the actuators are
             {actuator_names}.

   Controller {controller}, hash {controller_hash}.
   Define CODESIGN_REAL as double before the include for double precision.
   With double, and controls rounded to float, the numbers are those of the scores. */

#ifndef {guard}
#define {guard}

#include <math.h>

#ifndef CODESIGN_REAL
#define CODESIGN_REAL float
#endif

enum {{
    {prefix}_NODES = {nodes},
    {prefix}_STATE = {states},
    {prefix}_CONTROLS = {controls}
}};

{arrays}
static void {prefix}_layer(
    const CODESIGN_REAL *in, int n_in, const CODESIGN_REAL *weight, const CODESIGN_REAL *bias,
    int n_out, int relu, CODESIGN_REAL *out)
{{
    for (int j = 0; j < n_out; j++)
        out[j] = bias[j];
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++)
            out[j] += in[i] * weight[i * n_out + j];
    for (int j = 0; relu && j < n_out; j++)
        if (out[j] < 0)
            out[j] = 0;
}}

static void {prefix}_act(const CODESIGN_REAL *state, double time, CODESIGN_REAL *controls)
{{
    CODESIGN_REAL a[{widest}], b[{widest}];
    for (int i = 0; i < {prefix}_STATE; i++) {{
        CODESIGN_REAL x = state[i] - {prefix}_offset[i];
        CODESIGN_REAL limit = {prefix}_limit[i];
        a[i] = x > limit ? limit : x < -limit ? -limit : x;
    }}
{clock}{layers}    for (int i = 0; i < {prefix}_CONTROLS; i++) {{
        CODESIGN_REAL low = {prefix}_low[i], high = {prefix}_high[i];
        controls[i] = {last}[i] < low ? low : {last}[i] > high ? high : {last}[i];
    }}
}}

#endif
"""
_CLOCK = """\
    for (int k = 0; k < {harmonics}; k++) {{
        double angle = 6.283185307179586 * (k + 1) * time;
        a[{prefix}_STATE + k] = (CODESIGN_REAL)sin(angle);
        a[{prefix}_STATE + {harmonics} + k] = (CODESIGN_REAL)cos(angle);
    }}
"""


def write_c_header(design: StandaloneDesign, path: Path) -> None:
    """Write the network of a design.

    Args:
        design: The design.
        path: File to write.
    """
    from hyperdistill_core.features import STATE

    network = design.network
    prefix = identifier(design.name)
    low, high = np.nan_to_num(design.control_range, posinf=1e30, neginf=-1e30).T
    arrays = {"offset": network.offset, "limit": network.limit, "low": low, "high": high}
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"weight_{number}": weight, f"bias_{number}": bias}
    widths = [len(network.weights[0]), *(len(bias) for bias in network.biases)]
    layers, source = "", "a"
    for number, (n_in, n_out) in enumerate(pairwise(widths)):
        target, relu = "b" if source == "a" else "a", int(number < len(network.biases) - 1)
        layers += (
            f"    {prefix}_layer({source}, {n_in}, {prefix}_weight_{number}, "
            f"{prefix}_bias_{number}, {n_out}, {relu}, {target});\n"
        )
        source = target
    harmonics = network.clock_harmonics
    unused = "    (void)time;\n"
    clock = _CLOCK.format(prefix=prefix, harmonics=harmonics) if harmonics else unused
    text = _HEADER.format(
        title=_comment(design.name),
        prefix=prefix,
        guard=f"{prefix.upper()}_CONTROLLER_H",
        control_dt=design.control_dt,
        nodes=network.n_nodes,
        state_dim=len(network.offset) // network.n_nodes,
        states=len(network.offset),
        controls=network.n_controls,
        node_names=_names(design.nodes),
        actuator_names=_names(design.actuators),
        features="\n".join(
            f"             {one.start:2d} .. {one.stop - 1:2d}  {one.name} ({one.unit})"
            for one in STATE
        ),
        unused="" if harmonics else "; this network does not use it",
        controller=_comment(design.controller),
        controller_hash=design.controller_hash,
        arrays="\n".join(_array(f"{prefix}_{name}", array) for name, array in arrays.items()),
        widest=max(widths),
        clock=clock,
        layers=layers,
        last=source,
    )
    path.write_text(text, "utf-8")


def identifier(name: str) -> str:
    """A C identifier that resembles a name.

    Args:
        name: Any name.

    Examples:
        >>> identifier("design-01"), identifier("3 legs")
        ('design_01', 'robot_3_legs')
    """
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return word if word[:1].isalpha() else f"robot_{word}".rstrip("_")


def _names(names: Iterable[str]) -> str:
    return _comment(", ".join(names))


def _comment(text: str) -> str:
    """Text that does not end a comment, in ASCII."""
    return text.replace("*/", "* /").encode("ascii", "backslashreplace").decode()


def _array(name: str, array: NDArray[np.floating]) -> str:
    numbers = [repr(float(number)) for number in array.ravel()]
    lines = [
        "    " + ", ".join(numbers[first : first + _PER_LINE])
        for first in range(0, len(numbers), _PER_LINE)
    ]
    joined = ",\n".join(lines)
    return f"static const CODESIGN_REAL {name}[{len(numbers)}] = {{\n{joined}\n}};\n"
