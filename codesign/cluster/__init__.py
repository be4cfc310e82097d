"""Where work is done: in this process, in worker processes, or on a Dask cluster.

All of them are a :class:`Backend`: items in, outcomes out, in any order. Work that crashes or
hangs costs its item, never the campaign, but for :class:`Serial`, which is this process.

    serial       one item at a time, here
    pool         worker processes on this machine, with a time limit
    dask_pool    the same worker processes, one for each thread of the workers of a Dask cluster
    dask_worker  what such a worker does
    settings     which cluster
"""

from codesign.cluster.cluster_settings import Cluster
from codesign.cluster.start import start
from hyperdistill_core.parallel.backend import Backend, Outcome, WorkerDiedError
from hyperdistill_core.parallel.serial import Serial
from hyperdistill_core.parallel.worker_pool import ProcessPool

__all__ = ["Backend", "Cluster", "Outcome", "ProcessPool", "Serial", "WorkerDiedError", "start"]
