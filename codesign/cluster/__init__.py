"""Dask clusters behind the same protocol as the local workers.

:mod:`hyperdistill_core.parallel` defines the protocol and does the work on this machine. This
package adds one more backend. :func:`start_backend` starts the one that the settings name.

    cluster_settings  which cluster to use or to start
    backends          ``start_backend``: local workers or a cluster
    dask_pool         the coordinator's side of a cluster
    start_cluster     starts local Dask workers, or jobs of a queueing system
    dask_worker       the cluster's side: child processes that do the work
"""

from codesign.cluster.backends import start_backend
from codesign.cluster.cluster_settings import ClusterSettings

__all__ = ["ClusterSettings", "start_backend"]
