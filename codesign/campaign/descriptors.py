"""Descriptors: numbers that distinguish bodies in an archive.

A plugin (``package.module:name``) is a function of a scored candidate under the decorator
:func:`descriptor`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from codesign.campaign.metrics import Metric, actuator_count, checked, description, recorded
from codesign.config.names import DESCRIPTORS
from codesign.store import Candidate
from morph_ops._registry import is_plugin, unfit_plugin
from morph_ops.geometry import extent, total_mass


@dataclass(frozen=True)
class Descriptor:
    """An axis of an archive.

    Attributes:
        unit: Unit of the value; "-" for none.
        low: Lower end of the range.
        high: Upper end of the range.
        value: Function of a scored candidate.
        about: What the value is, in a few words.

    Examples:
        >>> height.low, height.high, height.unit, height.about
        (0.0, 1.5, 'm', 'Mean height of the torso.')
    """

    unit: str
    low: float
    high: float
    value: Metric
    about: str

    def clipped(self, candidate: Candidate) -> float:
        """The value, clipped to the range.

        Args:
            candidate: The scored candidate.
        """
        return min(max(self.value(candidate), self.low), self.high)


def descriptor(*, low: float, high: float, unit: str = "-") -> Callable[[Metric], Descriptor]:
    """A decorator that makes a descriptor of a function.

    Args:
        low: Lower end of the range.
        high: Upper end of the range.
        unit: Unit of the value; "-" for none.

    Raises:
        ValueError: ``low`` is not below ``high``.

    Examples:
        >>> @descriptor(low=2, high=12)
        ... def nodes(candidate):
        ...     '''Number of nodes.'''
        ...     return len(candidate.graph)
        >>> nodes.about, nodes.low, nodes.high
        ('Number of nodes.', 2, 12)
    """
    if not low < high:
        raise ValueError(f"descriptor: expected low below high, got {low:g} and {high:g}")
    return lambda value: Descriptor(unit, low, high, value, description(value))


@descriptor(low=0.4, high=3.0, unit="m")
def size(candidate: Candidate) -> float:
    """Longest side at rest."""
    return float(extent(candidate.graph).max())


@descriptor(low=1.0, high=11.0)
def limbs(candidate: Candidate) -> float:
    """Number of limbs."""
    return float(len(candidate.graph) - 1)


@descriptor(low=0.0, high=60.0, unit="kg")
def mass(candidate: Candidate) -> float:
    """Mass of the body."""
    return total_mass(candidate.graph)


@descriptor(low=1.0, high=20.0)
def actuators(candidate: Candidate) -> float:
    """Number of motors."""
    return actuator_count(candidate)


@descriptor(low=0.0, high=1.0)
def symmetry(candidate: Candidate) -> float:
    """Symmetry of the left and right duty factors."""
    return recorded(candidate, "symmetry")


@descriptor(low=0.0, high=1.0)
def contact(candidate: Candidate) -> float:
    """Share of time with any node on the ground."""
    return recorded(candidate, "contact")


@descriptor(low=0.0, high=1.5, unit="m")
def height(candidate: Candidate) -> float:
    """Mean height of the torso."""
    return recorded(candidate, "height")


@descriptor(low=0.0, high=1.0)
def duty_1(candidate: Candidate) -> float:
    """Largest duty factor of a node."""
    return _duty_factor(candidate, 0)


@descriptor(low=0.0, high=1.0)
def duty_2(candidate: Candidate) -> float:
    """Second largest duty factor of a node."""
    return _duty_factor(candidate, 1)


@descriptor(low=0.0, high=1.0)
def duty_3(candidate: Candidate) -> float:
    """Third largest duty factor of a node."""
    return _duty_factor(candidate, 2)


@descriptor(low=0.0, high=1.0)
def duty_4(candidate: Candidate) -> float:
    """Fourth largest duty factor of a node."""
    return _duty_factor(candidate, 3)


def _duty_factor(candidate: Candidate, rank: int) -> float:
    """The duty factor of the node with the n-th largest one; 0 if there are fewer nodes."""
    shares = sorted(candidate.result.duty_factors, reverse=True)
    return shares[rank] if rank < len(shares) else 0.0


def lookup_descriptor(name: str) -> Descriptor:
    """The descriptor with a name.

    Args:
        name: A name in the settings, or a plugin.

    Raises:
        UnknownNameError: There is no such descriptor, or the plugin is not one.

    Examples:
        >>> lookup_descriptor("size").unit
        'm'
    """
    found = DESCRIPTORS.lookup(name)
    if not is_plugin(name):
        return found
    if not isinstance(found, Descriptor):
        expected = "a function under @descriptor(low=..., high=...)"
        raise unfit_plugin(name, what="descriptor", expected=expected, found=found)
    return replace(found, value=checked(name, found.value))
