"""The backend that the settings name: this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from codesign.cluster.cluster_settings import ClusterSettings
from codesign.errors import UsageError
from hyperdistill_core.parallel import Backend, start_local_backend
from morph_ops._messages import one_line

Item = TypeVar("Item")
Result = TypeVar("Result")


def start_backend(
    setup: Callable[[], Callable[[Item], Result]],
    *,
    workers: int,
    time_limit: float | None,
    cluster: ClusterSettings | None,
    fingerprint: Callable[[], Mapping[str, str]],
) -> Backend[Item, Result]:
    """Start the backend that does the work.

    Args:
        setup: Picklable function that every worker calls once. It returns the function that
            makes a result of an item. Items and results must be picklable.
        workers: Number of worker processes on this machine; 0 to work in this process.
        time_limit: Longest time that an item may take (s); None for no limit.
        cluster: Cluster that works instead of this machine; None for this machine.
        fingerprint: Picklable function that returns, by name, what the workers of a cluster must
            have in common with this process.

    Raises:
        Exception: The error that ``setup`` raised in a worker.
        UsageError: Dask is not installed, or there is no such cluster, or its workers differ
            from this process.
        RunError: The cluster has no workers.
        WorkerDiedError: A worker died during its setup.

    Examples:
        >>> backend = start_backend(
        ...     lambda: abs, workers=0, time_limit=None, cluster=None, fingerprint=dict
        ... )
        >>> backend.location
        'this process'
    """
    if cluster is None:
        return start_local_backend(setup, workers=workers, time_limit=time_limit)
    try:
        # Imported here because Dask is optional and its import takes time.
        from codesign.cluster.dask_pool import DaskPool
    except ImportError as error:
        raise UsageError(
            f"a cluster needs Dask ({one_line(error)}): run pip install 'codesign[cluster]'"
        ) from None
    return DaskPool(setup, cluster=cluster, time_limit=time_limit, fingerprint=fingerprint)
