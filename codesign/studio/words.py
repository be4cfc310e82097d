"""Words for what programs name by identifiers: nodes, hinges, operators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import networkx as nx

from morph_ops.geometry import rest_frames
from morph_ops.graph import node_names, parent, root

__all__ = ["in_words", "made_by", "titles"]

#: Names of nodes and hinges of the UNIMAL space, also as exported files write them.
_NODE = re.compile(r"\b(?:(torso)[/-]\d+|(limb)([xy]?)[/-](\d+))\b")
#: How far beside the middle a limb ends that is called left or right (m).
_BESIDE_M = 0.01
#: What operators did.
_MADE = {
    "grow_limb": "new limbs",
    "delete_limb": "limbs removed",
    "limb_params": "limbs resized or turned",
    "dof": "other hinge axes",
    "joint_angle": "other hinge ranges",
    "gear": "other motors",
    "density": "other density",
    "scale_own": "rescaled",
    "limb_length": "limbs longer or shorter",
    "crossover": "a limb of another body",
    "sample": "random body",
    "start": "starting body",
    "variant": "another controller variant",
}


def in_words(text: str) -> str:
    """A text in which nodes and hinges of the UNIMAL space have names that a person reads.

    Args:
        text: A name, or a sentence with names in it.

    Examples:
        >>> in_words("torso/0"), in_words("limb/3 hits limb/12")
        ('torso', 'limb 3 hits limb 12')
        >>> in_words("hinge 'limby/2' turns")
        "hinge 'y of limb 2' turns"
        >>> in_words("left_thigh")
        'left_thigh'
    """

    def word(match: re.Match[str]) -> str:
        torso, limb, axis, number = match.groups()
        return torso or (f"{axis} of " if axis else "") + f"{limb} {number}"

    return _NODE.sub(word, text)


def titles(graph: nx.DiGraph[str]) -> dict[str, str]:
    """What to call each node of a body in a list, by its name, depth first; no two are alike.

    Args:
        graph: A body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> list(titles(sample_body(np.random.default_rng(11))).values())
        ['torso', 'limb 0 (middle)', 'limb 1 (right, on limb 0)', 'limb 2 (left, on limb 0)']
    """
    frames = rest_frames(graph, in_torso=True)
    found: dict[str, str] = {}
    for name in node_names(graph):
        above = parent(graph, name)
        if above is None:
            found[name] = in_words(name)
            continue
        y = float(frames.end[frames.names.index(name), 1])
        side = "middle" if abs(y) < _BESIDE_M else "left" if y > 0 else "right"
        on = "" if above == root(graph) else f", on {in_words(above)}"
        found[name] = f"{in_words(name)} ({side}{on})"
    times = Counter(found.values())
    return {name: text if times[text] == 1 else name for name, text in found.items()}


def made_by(operators: Sequence[str]) -> str:
    """What operators did to a body, in the order in which they first did it.

    Args:
        operators: Names of operators; unknown ones, such as those of plugins, are said as they are.

    Examples:
        >>> made_by(["grow_limb", "gear", "grow_limb"])
        'new limbs, other motors'
    """
    return ", ".join(dict.fromkeys(_MADE.get(name, name.replace("_", " ")) for name in operators))
