"""The processor and the BLAS kernel, and warnings where they differ."""

import subprocess
import sys

import numpy as np

from codesign.machine import KERNEL, PROCESSOR, difference, machine


def test_it_names_processor_and_kernel_without_importing_numpy():
    script = (
        "import sys; from codesign.machine import machine; print(machine());"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [str(machine()), "False"]
    assert all(machine().values())


def test_it_names_the_kernel_that_numpy_uses():
    bundled = "openblas" in str(np.show_config(mode="dicts")).lower()
    assert (machine()[KERNEL] != "unknown") == bundled


def test_a_difference_names_both():
    here = {PROCESSOR: "A", KERNEL: "Zen"}
    assert difference(here, here, whose="a worker") is None
    warning = difference(here, {PROCESSOR: "B", KERNEL: "Haswell"}, whose="a worker")
    assert warning == (
        "processor: a worker has B, this process has A; "
        "BLAS kernel: a worker has Haswell, this process has Zen: scores of equal bodies may differ"
    )
