"""The backend that the settings name."""

from __future__ import annotations

import sys

import pytest

from codesign.cluster import ClusterSettings, start_backend
from codesign.errors import UsageError
from hyperdistill_core.parallel import SerialBackend
from tests.helpers.pool_work import doubler


def test_without_a_cluster_the_work_is_local():
    backend = start_backend(doubler, workers=0, time_limit=None, cluster=None, fingerprint=dict)
    assert isinstance(backend, SerialBackend)


def test_a_cluster_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "codesign.cluster.dask_pool", raising=False)
    with pytest.raises(UsageError, match=r"needs Dask .*: run pip install 'codesign\[cluster\]'"):
        start_backend(
            doubler,
            workers=1,
            time_limit=None,
            cluster=ClusterSettings(kind="local"),
            fingerprint=dict,
        )
