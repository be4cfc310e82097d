"""The backend that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codesign.cluster.cluster_settings import ClusterSettings
from codesign.errors import UsageError
from hyperdistill_core.parallel.backend import Backend, Item, Result
from hyperdistill_core.parallel.serial import SerialBackend
from hyperdistill_core.parallel.worker_pool import WorkerPool
from morph_ops._messages import one_line


def start_backend(
    setup: Callable[[], Callable[[Item], Result]],
    *,
    workers: int,
    time_limit: float | None,
    cluster: ClusterSettings | None,
    fingerprint: Callable[[], Mapping[str, str]],
) -> Backend[Item, Result]:
    """Start what does the work.

    Args:
        setup: called once in every worker; returns the function that makes a result of
            an item. It must be picklable, as must items and results.
        workers: worker processes on this machine; 0 to work in this process.
        time_limit: an item may take so long (s), None for ever.
        cluster: do the work there instead.
        fingerprint: what a cluster's workers must have in common with this process, by name.

    Raises:
        Exception: what ``setup`` raised in a worker.
        UsageError: there is no such cluster, or its workers are others than this process.
        RunError: the cluster has no workers.
        WorkerDiedError: a worker ended while it set itself up.
    """
    if cluster is not None:
        # Imported here: Dask is optional, and takes time.
        try:
            from codesign.cluster.dask_pool import DaskPool
        except ImportError as error:
            raise UsageError(
                f"a cluster needs Dask ({one_line(error)}): pip install 'codesign[cluster]'"
            ) from None
        return DaskPool(setup, cluster=cluster, time_limit=time_limit, fingerprint=fingerprint)
    if workers == 0:
        return SerialBackend(setup)
    return WorkerPool(setup, workers=workers, time_limit=time_limit)
