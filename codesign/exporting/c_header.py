"""The network of a design as a C99 header: constants and one function, without allocation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
{features}{seen}
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
    {prefix}_HEIGHTS = {heights},
    {prefix}_TARGET = {target},
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

{places}static void {prefix}_act(
    const CODESIGN_REAL *state, {arguments}double time, CODESIGN_REAL *controls)
{{
    CODESIGN_REAL a[{widest}], b[{widest}];
    for (int i = 0; i < {prefix}_STATE; i++) {{
        CODESIGN_REAL x = state[i] - {prefix}_offset[i];
        CODESIGN_REAL limit = {prefix}_limit[i];
        a[i] = x > limit ? limit : x < -limit ? -limit : x;
    }}
{clock}{code}{layers}    for (int i = 0; i < {prefix}_CONTROLS; i++) {{
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
_SEEN = """
   heights   {heights} numbers (m): heights of the ground above the ground below the torso, at
             most 2 m up or down. {prefix}_places gives where they are, in world axes: the
             places turn with the heading of the torso, the direction of its x-axis seen from
             above, and not with its tilt. The z of positions in the state is above the ground
             below the torso, too."""
_TARGETS = {
    "goal": """
   target    3 numbers: cosine and sine of the direction of the goal, counted from the heading of
             the torso to the left, and 1 / (1 + its horizontal distance in m). Without a goal:
             cos(heading), -sin(heading) and 0.""",
    "object": """
   target    12 numbers, four vectors in the frame of the torso: from the torso to the object (m),
             the object's velocity minus the torso's (m/s), its angular velocity (rad/s), and from
             the torso to the goal (m); each is divided by 1 + its length. Without an object: 0.""",
    "": "",
}
_COPY = """\
    for (int i = 0; i < {number}; i++)
        seen[{first}i] = {name}[i];
"""
_PLACES = """\
/* Places of the heights: x and y (m) of each, for a torso at x, y with this heading (rad). */
static inline void {prefix}_places(double x, double y, double heading, double *places)
{{
    double c = cos(heading), s = sin(heading);
    for (int i = 0; i < {prefix}_HEIGHTS; i++) {{
        double ahead = (double){prefix}_samples[2 * i], left = (double){prefix}_samples[2 * i + 1];
        places[2 * i] = x + c * ahead - s * left;
        places[2 * i + 1] = y + s * ahead + c * left;
    }}
}}

"""


def write_c_header(design: StandaloneDesign, path: Path) -> None:
    """Write the network of a design.

    Args:
        design: The design.
        path: File to write.
    """
    from hyperdistill_core.features import STATE

    network, heights = design.network, len(design.samples)
    prefix = identifier(design.name)
    names, encoder = (
        [(f"{kind}weight_{k}", f"{kind}bias_{k}") for k in range(len(layers))]
        for kind, layers in (("", network.weights), ("terrain_", network.terrain))
    )
    widths = [len(network.weights[0]), *(len(bias) for bias in network.biases)]
    seen = [network.terrain_dim, *(len(bias) for _, bias in network.terrain)]
    # The inputs are in a, and layers write into b and a in turn.
    buffers = ["ba"[number % 2] for number in range(len(names))]
    layers = _calls(prefix, names, widths, ["a", *buffers], relus=len(names) - 1)
    inputs, code = _inputs(design, prefix), ""
    if encoder:
        place = f"a + {widths[0] - seen[-1]}"
        code = f"    CODESIGN_REAL seen[{seen[0]}];\n{''.join(inputs.values())}"
        code += _calls(prefix, encoder, seen, ["seen", "b", place], relus=len(encoder))
    harmonics = network.clock_harmonics
    unused = "    (void)time;\n"
    clock = _CLOCK.format(prefix=prefix, harmonics=harmonics) if harmonics else unused
    text = _HEADER.format(
        title=_comment(design.name),
        prefix=prefix,
        seen=(_SEEN.format(prefix=prefix, heights=heights) if heights else "")
        + _TARGETS[design.target],
        heights=heights,
        target=network.terrain_dim - heights,
        arguments="".join(f"const CODESIGN_REAL *{name}, " for name in inputs),
        places=_PLACES.format(prefix=prefix) if heights else "",
        code=code,
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
        arrays="\n".join(
            _array(f"{prefix}_{name}", array)
            for name, array in _arrays(design, [*names, *encoder]).items()
        ),
        widest=max(widths + seen),
        clock=clock,
        layers=layers,
        last=buffers[-1],
    )
    path.write_text(text, "utf-8")


def _arrays(
    design: StandaloneDesign, layers: Iterable[tuple[str, str]]
) -> dict[str, NDArray[np.floating]]:
    """The constants by name, those of layers under the names of the network's arrays."""
    network = design.network
    low, high = np.nan_to_num(design.control_range, posinf=1e30, neginf=-1e30).T
    arrays = {"offset": network.offset, "limit": network.limit, "low": low, "high": high}
    kept = network.arrays()
    arrays |= {name: kept[name] for pair in layers for name in pair}
    return arrays | ({"samples": design.samples} if len(design.samples) else {})


def _inputs(design: StandaloneDesign, prefix: str) -> dict[str, str]:
    """The inputs of what the network sees, and the loops that copy each behind the one before."""
    inputs: dict[str, str] = {}
    if len(design.samples):
        inputs["heights"] = _COPY.format(number=f"{prefix}_HEIGHTS", first="", name="heights")
    if design.target:
        first = f"{prefix}_HEIGHTS + "
        inputs["target"] = _COPY.format(number=f"{prefix}_TARGET", first=first, name="target")
    return inputs


def _calls(
    prefix: str,
    names: Sequence[tuple[str, str]],
    widths: Sequence[int],
    places: Sequence[str],
    *,
    relus: int,
) -> str:
    """Calls that compute layers one after the other, from each place to the next one."""
    calls = ""
    for number, (weight, bias) in enumerate(names):
        source, target = places[number], places[number + 1]
        calls += (
            f"    {prefix}_layer({source}, {widths[number]}, {prefix}_{weight}, {prefix}_{bias}, "
            f"{widths[number + 1]}, {int(number < relus)}, {target});\n"
        )
    return calls


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
