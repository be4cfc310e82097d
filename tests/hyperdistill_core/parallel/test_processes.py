"""How worker processes start and end, in programs that have started no worker before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hyperdistill_core.parallel.processes import WorkerProcess, launcher
from tests.helpers.pool_work import doubler

ROOT = Path(__file__).parents[3]


def run_program(program: str, **options) -> tuple[int, str, str]:
    """Exit code, output and errors of a program."""
    here = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", here + program],
        capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


ONE_ITEM = """
from hyperdistill_core.parallel import WorkerPool
from tests.helpers.pool_work import drain, thread_reporter
with WorkerPool(thread_reporter, workers=1) as pool:
    pool.submit(0, None)
    print(*drain(pool)[0].result)
"""
ONE_THREAD = (0, "1 1\n", "")


def test_workers_have_one_thread():
    without = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    assert run_program(ONE_ITEM, env=without) == ONE_THREAD


def test_files_of_the_user_are_no_packages(tmp_path):
    for name in ("networkx", "statistics"):
        (tmp_path / f"{name}.py").write_text("raise AttributeError('not this one')")
    program = f"import networkx, os, statistics\nos.chdir({str(tmp_path)!r})" + ONE_ITEM
    assert run_program(program) == ONE_THREAD


def test_workers_start_where_none_can_be_forked(tmp_path):
    long = tmp_path / ("long" * 25)
    long.mkdir()
    assert run_program(ONE_ITEM, env=os.environ | {"TMPDIR": str(long)}) == ONE_THREAD


def test_workers_start_after_the_fork_server_is_gone():
    begin = "import os, signal\nfrom hyperdistill_core.parallel.launcher import fork_server_pid"
    kill = "os.kill(fork_server_pid(), signal.SIGKILL)"
    assert run_program(begin + ONE_ITEM + kill + ONE_ITEM) == (0, "1 1\n1 1\n", "")


def test_a_fork_server_of_other_code_is_not_used():
    begin = "from multiprocessing import forkserver\nforkserver.ensure_running()"
    assert run_program(begin + ONE_ITEM) == ONE_THREAD


def test_even_the_first_worker_starts_with_ctrl_c_blocked():
    program = """
import signal
from functools import partial
from hyperdistill_core.parallel import WorkerPool
with WorkerPool(partial(partial, signal.pthread_sigmask, signal.SIG_BLOCK), workers=1) as pool:
    pool.submit(0, ())
    [outcome] = pool.collect()
print(signal.SIGINT in outcome.result)
"""
    assert run_program(program) == (0, "True\n", "")


def test_a_worker_that_hangs_ends_with_its_parent():
    program = """
import os
from hyperdistill_core.parallel import WorkerPool
from tests.helpers.pool_work import sleeper
pool = WorkerPool(sleeper, workers=1)
pool.submit(0, 3600)
os._exit(0)
"""
    # The worker holds this program's output as well: it closes when both are gone.
    assert run_program(program) == (0, "", "")


def test_a_worker_answers_in_order_also_after_an_error():
    worker = WorkerProcess(doubler)
    for item in (1, -1, 2):
        worker.send(item)
    setup, first, error, second = (worker.receive() for _ in range(4))
    assert (setup, first, second) == ((None, None, None), (2, None, None), (4, None, None))
    assert error[1] == "ValueError: no negative items"
    worker.kill()
    worker.join()
    assert worker.describe_end() == "killed by SIGKILL"


def test_a_closed_worker_ends_by_itself():
    worker = WorkerProcess(doubler)
    worker.receive()
    worker.close(patience_s=30.0)
    assert worker.describe_end() == "exit code 0"


def test_there_is_one_launcher():
    assert launcher() is launcher()
