"""The processor and the matrix kernels, on which the last bits of a score depend.

BLAS, the library of numpy's matrix products, has kernels for each kind of processor, which add in
different orders. Two machines with different kernels give scores that differ in their last bits,
and after a thousand control steps in more than that: the motion of a robot is chaotic.
"""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

#: Names in a provenance of what may change a score from machine to machine.
PROCESSOR, KERNEL = "processor", "BLAS kernel"

_UNKNOWN = "unknown"
# The function that names the kernel, in the library that comes with numpy and in others.
_NAMES_KERNEL = ("scipy_openblas_get_corename64_", "openblas_get_corename")


def machine() -> dict[str, str]:
    """Processor and BLAS kernel of this machine; numpy is not imported.

    Examples:
        >>> list(machine())
        ['processor', 'BLAS kernel']
    """
    return {PROCESSOR: _processor(), KERNEL: _kernel()}


def difference(here: Mapping[str, str], there: Mapping[str, str], *, whose: str) -> str | None:
    """A warning if two machines have different processors or kernels, else None.

    Args:
        here: What :func:`machine` says here.
        there: What it says elsewhere; names that are missing are not compared.
        whose: Whose machine ``there`` is, such as "the start of the run".

    Examples:
        >>> print(difference({"BLAS kernel": "Zen"}, {"BLAS kernel": "Haswell"}, whose="a worker"))
        BLAS kernel: a worker has Haswell, this process has Zen: scores of equal bodies may differ
        >>> difference({"BLAS kernel": "Zen"}, {}, whose="a worker") is None
        True
    """
    parts = [
        f"{name}: {whose} has {there[name]}, this process has {here[name]}"
        for name in (PROCESSOR, KERNEL)
        if name in here and name in there and here[name] != there[name]
    ]
    return f"{'; '.join(parts)}: scores of equal bodies may differ" if parts else None


def _processor() -> str:
    try:
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    except (OSError, subprocess.CalledProcessError):
        pass
    return platform.processor() or platform.machine() or _UNKNOWN


def _kernel() -> str:
    """Name of the kernel that OpenBLAS chose; "unknown" for numpy with another library."""
    spec = find_spec("numpy")
    if spec is None or spec.origin is None:
        return _UNKNOWN
    package = Path(spec.origin).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs")
    for library in (file for folder in folders for file in sorted(folder.glob("*openblas*"))):
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        for name in _NAMES_KERNEL:
            function = getattr(loaded, name, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return (function() or _UNKNOWN.encode()).decode("ascii", "replace")
    return _UNKNOWN
