"""Starts Dask clusters: workers on this machine, or jobs of a queueing system."""

from __future__ import annotations

import shutil
import signal
from typing import Any

import distributed

from codesign.cluster.cluster_settings import KINDS, LOCAL, ClusterSettings
from codesign.errors import UsageError
from morph_ops._messages import one_line


def start_cluster(settings: ClusterSettings) -> Any:
    """Start the cluster that the settings describe by its kind.

    Args:
        settings: Settings with a kind.

    Returns:
        The Dask cluster, a context manager that ends it.

    Raises:
        UsageError: The cluster cannot be started as the settings say, or a package or a command
            is missing.
    """
    try:
        return _start_local(settings) if settings.kind == LOCAL else _start_jobs(settings)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"cluster: cannot start {settings.name}: {one_line(error)}") from None


def _start_local(settings: ClusterSettings) -> Any:
    options: dict[str, Any] = {
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        # Any free port: Dask warns if another cluster has taken the usual one.
        "dashboard_address": "127.0.0.1:0",
        "n_workers": settings.workers,
        **settings.options,
    }
    return distributed.LocalCluster(**options)


def _start_jobs(settings: ClusterSettings) -> Any:
    handler = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue
    except ImportError as error:
        raise UsageError(
            f"{settings.name} needs dask-jobqueue ({one_line(error)}): "
            "run pip install 'codesign[cluster]'"
        ) from None
    finally:
        # Its import makes Ctrl-C end the process without cleaning up.
        signal.signal(signal.SIGINT, handler)
    kind: Any = getattr(dask_jobqueue, KINDS[settings.kind or ""])
    command = kind.job_cls.submit_command.split()[0]
    if shutil.which(command) is None:
        raise UsageError(
            f"cluster: {settings.name} needs the command {command}, which this machine does not "
            "have: start the campaign on a machine that submits jobs"
        )
    cluster = kind(**settings.options)
    # scale() would not replace a job that ended at its time limit.
    cluster.adapt(minimum_jobs=settings.jobs or 1, maximum_jobs=settings.jobs or 1)
    return cluster
