"""A server for each test, as these tests break theirs."""

import os

import e2b
import pytest

from nestbox_support import host
from nestbox_support.server import CLIENT_VARIABLES, Server, free_port
from nestbox_support.wire import Envd


@pytest.fixture
def own(monkeypatch):
    """A server of the test's own, on a port that stays the same when it is started again."""
    if os.geteuid() != 0:
        pytest.skip("reads /proc of processes that belong to root")
    server = Server(listen=f"127.0.0.1:{free_port()}")
    try:
        server.start()
        for name in CLIENT_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server
    finally:
        server.remove()


@pytest.fixture
def name(own):
    """Of the server's cgroups."""
    return host.instance(own)


@pytest.fixture
def sandbox(own):
    return e2b.Sandbox.create(timeout=300)


@pytest.fixture
def wire(own, sandbox):
    with Envd(own, sandbox.sandbox_id, sandbox._envd_access_token) as client:
        yield client
