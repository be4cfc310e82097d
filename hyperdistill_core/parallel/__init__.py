"""Worker processes, and what runs on them.

    processes    starts and ends worker processes; one message loop for all of them
    backend      the protocol: items in, outcomes out, in any order
    serial       the protocol in this process, one item at a time
    worker_pool  the protocol on worker processes, with a time limit and replacements
    vector_env   many bodies in simulation at once, on worker processes with shared memory
"""

from hyperdistill_core.parallel.backend import Backend, Outcome, WorkerDiedError
from hyperdistill_core.parallel.serial import SerialBackend
from hyperdistill_core.parallel.worker_pool import WorkerPool

__all__ = ["Backend", "Outcome", "SerialBackend", "WorkerDiedError", "WorkerPool"]
