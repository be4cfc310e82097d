"""What a child changed in its parent, in colors and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from morph_ops import graph as body_graph
from morph_ops.identity import diff

if TYPE_CHECKING:
    import networkx as nx

Array = NDArray[np.float64]
#: Colors of nodes in pictures of differences; people with any color vision can tell them apart.
SAME, CHANGED, ADDED, REMOVED = "#b9c0cb", "#e69f3c", "#2fae8a", "#c2477f"
#: Fields that follow from other changes, such as the place of a limb whose parent grew.
CONSEQUENCES = frozenset({"pos"})
#: Most lines that describe one child.
MOST_LINES = 9


@dataclass(frozen=True, kw_only=True)
class Differences:
    """A child against its parent.

    Attributes:
        before: Colors of the parent's nodes by name.
        after: Colors of the child's nodes by name.
        before_names: What to write beside nodes of the parent: names of those that changed, and
            with a minus of those that the child lacks.
        after_names: The same of the child, with a plus for nodes that the parent lacks.
        words: What changed, a line each.
    """

    before: dict[str, str]
    after: dict[str, str]
    before_names: dict[str, str]
    after_names: dict[str, str]
    words: tuple[str, ...]


def differences(parent: nx.DiGraph[str], child: nx.DiGraph[str]) -> Differences:
    """What a child changed in its parent.

    Args:
        parent: The parent, or an earlier ancestor.
        child: The child.

    Examples:
        >>> from morph_ops.operators import density
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(1))
        >>> found = differences(body, density(body, np.random.default_rng(0)))
        >>> found.words[0]
        'limb/0: density 500 → 800 kg/m³'
    """
    found = diff(parent, child)
    added, removed = found.get("added", []), found.get("removed", [])
    changed: dict[str, dict[str, Any]] = found.get("changed", {})
    own = {
        name: {field: values for field, values in fields.items() if field not in CONSEQUENCES}
        for name, fields in changed.items()
    }
    own = {name: fields for name, fields in own.items() if fields}
    before = dict.fromkeys(body_graph.node_names(parent), SAME)
    after = dict.fromkeys(body_graph.node_names(child), SAME)
    before |= dict.fromkeys(own, CHANGED) | dict.fromkeys(removed, REMOVED)
    after |= dict.fromkeys(own, CHANGED) | dict.fromkeys(added, ADDED)
    words: list[str] = []
    if added:
        words.append(f"added: {', '.join(added)}")
    if removed:
        words.append(f"removed: {', '.join(removed)}")
    for name, fields in own.items():
        words += [f"{name}: {_field(field, *values)}" for field, values in fields.items()]
    if len(words) > MOST_LINES:
        words = [*words[: MOST_LINES - 1], f"and {len(words) - MOST_LINES + 1} more"]
    if not words:
        words = ["the same body"]
    same = {name: name for name in own}
    return Differences(
        before=before,
        after=after,
        before_names={**{name: f"\N{MINUS SIGN} {name}" for name in removed}, **same},
        after_names={**{name: f"+ {name}" for name in added}, **same},
        words=tuple(words),
    )


def _field(field: str, before: Any, after: Any) -> str:
    """A field with its value before and after, in the units of people."""
    slot, _, name = field.rpartition(".")
    hinge = f"{slot} hinge " if slot else ""
    if name == "end":
        return _end(np.array(before, dtype=np.float64), np.array(after, dtype=np.float64))
    unit = {"density": " kg/m³", "radius": " m", "mass": " kg", "range_deg": "°"}.get(name, "")
    label = {"range_deg": "range", "": "hinge"}.get(name, name.replace("_", " "))
    return f"{hinge}{label} {_value(before)} → {_value(after)}{unit}"


def _end(before: Array, after: Array) -> str:
    """The far end of a limb as length and direction."""
    lengths = [float(np.linalg.norm(end)) for end in (before, after)]
    cosine = float(before @ after) / max(lengths[0] * lengths[1], 1e-12)
    turn = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    parts: list[str] = []
    if abs(lengths[1] - lengths[0]) > 1e-6:
        parts.append(f"length {lengths[0]:.3g} → {lengths[1]:.3g} m")
    if turn > 0.5:
        parts.append(f"direction turned by {turn:.0f}°")
    return ", ".join(parts) or "far end moved"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float | int):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return " .. ".join(_value(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)
