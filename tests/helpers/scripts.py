"""Scripts beside the packages, run in this process, which has imported what they import."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run_main(main: Callable[[], object], *options: str) -> subprocess.CompletedProcess[str]:
    """Call the main function of a script with options; its exit code, and what it printed."""
    out, err, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["script", *options])
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
            if isinstance(code, str):
                print(code, file=err)
                code = 1
    return subprocess.CompletedProcess(options, code, out.getvalue(), err.getvalue())


def load_benchmark(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a benchmark, for one test.

    It sees one core, and where it starts itself as a process, its main function runs here.

    Args:
        name: Name of the script, without its extension.
        monkeypatch: The fixture of the test.
    """
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    # Benchmarks set these for their process.
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    module = importlib.import_module(name)
    if hasattr(module, "subprocess"):
        run = partial(_run, module)
        monkeypatch.setattr(module, "subprocess", SimpleNamespace(run=run, PIPE=subprocess.PIPE))
    return module


def _run(
    script: Any, command: Sequence[str], **options: Any
) -> subprocess.CompletedProcess[str] | subprocess.CompletedProcess[bytes]:
    """``subprocess.run``, but for the script itself."""
    program, file, *arguments = command
    if program != sys.executable or file != script.__file__:
        return subprocess.run(command, **options)
    threads = torch.get_num_threads()
    try:
        return run_main(script.main, *arguments)
    finally:
        torch.set_num_threads(threads)
