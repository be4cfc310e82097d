"""Motors of other programs, read so that an action of -1..1 spans their own range."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._messages import noted
from morph_ops.errors import MjcfError
from morph_ops.graph import Joint, Limb

__all__ = ["spanned", "spans_controls"]

_WHOLE = (-1.0, 1.0)


def spanned(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """A body whose controls are the actions: each of -1..1, and forward where it is positive.

    A control range of -2..2 under a gear of 50 becomes one of -1..1 under a gear of 100, and a gear
    of -50 becomes 50, each with a note: the torques that a motor can make are the same.

    Args:
        graph: A body of which each control is an action; it stays untouched.

    Raises:
        MjcfError: A control range is not as far from zero on both sides, so that no gear stands for
            it.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.graph import import_notes, joints
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> spanned(body) is body
        True
    """
    ranges: list[str] = []
    turned: list[str] = []
    nodes: list[tuple[str, Limb]] = []
    for name in body_graph.limbs(graph):
        limb = body_graph.limb(graph, name)
        joints = tuple(_spanned(joint) for joint in limb.joints)
        if joints == limb.joints:
            continue
        nodes.append((name, replace(limb, joints=joints)))
        ranges += [joint.name for joint in limb.joints if joint.ctrl_range != _WHOLE]
        turned += [joint.name for joint in limb.joints if joint.gear < 0.0]
    if not nodes:
        return graph
    notes = [*body_graph.import_notes(graph)]
    if ranges:
        notes.append(f"an action of -1..1 spans the whole control range: {noted(ranges)}")
    if turned:
        notes.append(f"a positive action turns forward under a gear below 0: {noted(turned)}")
    return body_graph.with_import_notes(body_graph.with_nodes(graph, nodes), tuple(notes))


def spans_controls(graph: nx.DiGraph[str]) -> bool:
    """Whether an action of -1..1 spans each control range, forward where it is positive.

    Args:
        graph: A body that is what its nodes say.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> spans_controls(sample_body(np.random.default_rng(11)))
        True
    """
    joints = [joint for _, joint in body_graph.joints(graph)]
    return all(joint.ctrl_range == _WHOLE and joint.gear >= 0.0 for joint in joints)


def _spanned(joint: Joint) -> Joint:
    low, high = joint.ctrl_range
    if low != -high:
        raise MjcfError(
            f"motor of joint {joint.name!r}: expected a control range as far below zero as above "
            f"it, got {low:g}..{high:g}"
        )
    return replace(joint, gear=abs(joint.gear) * high, ctrl_range=_WHOLE)
