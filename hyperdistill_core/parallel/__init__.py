"""Worker processes, and what runs on them: the one worker layer of the project.

    launcher         starts processes: environment, signals, preloaded packages
    processes        one worker process with its message loop
    backend          the protocol: items in, outcomes out, in any order
    serial           the protocol in this process, one item at a time
    worker_pool      the protocol on worker processes, with a time limit and replacements
    local            the backend for a number of workers; a map over items
    vector_env       many bodies in simulation at once, on worker processes with shared memory
    env_worker       a process of a vector env
    env_shard        the bodies of a vector env that one worker simulates
    env_slot         one body of a vector env in several simulations
    env_arrays       the arrays that a vector env shares with its workers
    slot_assignment  which worker simulates which body

The vector env needs MuJoCo, so that it has to be imported by its module's name.
"""

from hyperdistill_core.parallel.backend import Backend, Outcome, WorkerDiedError, WorkerError
from hyperdistill_core.parallel.local import map_in_workers, start_local_backend
from hyperdistill_core.parallel.serial import SerialBackend
from hyperdistill_core.parallel.worker_pool import WorkerPool

__all__ = [
    "Backend",
    "Outcome",
    "SerialBackend",
    "WorkerDiedError",
    "WorkerError",
    "WorkerPool",
    "map_in_workers",
    "start_local_backend",
]
