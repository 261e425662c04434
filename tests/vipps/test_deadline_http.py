"""The private names of urllib3 that `app.vipps.deadline_http` uses."""

import inspect

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from app.vipps.deadline_http import pool_manager


def test_urllib3_still_has_the_private_names() -> None:
    assert list(inspect.signature(HTTPConnection._new_conn).parameters) == ["self"]
    assert "self._new_conn()" in inspect.getsource(HTTPConnection.connect)
    assert "self._new_conn()" in inspect.getsource(HTTPSConnection.connect)
    assert "self._dns_host" in inspect.getsource(HTTPConnection._new_conn)


def test_pools_of_both_schemes_use_the_timed_connections() -> None:
    pools = pool_manager(2)
    for scheme in ("http", "https"):
        pool = pools.connection_from_host("localhost", 1, scheme)
        assert isinstance(pool, urllib3.HTTPConnectionPool)
        assert pool.ConnectionCls.__module__ == "app.vipps.deadline_http"
