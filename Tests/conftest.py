"""Fixtures of all Python suites. They lend: what a fixture made, it ends."""

import os

import httpx
import pytest

from nestbox_support.both import Flavour
from nestbox_support.interpreter import InterpreterWire
from nestbox_support.server import CLIENT_VARIABLES, Server, client_environment
from nestbox_support.wire import Envd

# A sandbox that a failed run forgot ends by itself.
SANDBOX_SECONDS = 600


@pytest.fixture(scope="session")
def server():
    """One server for all tests that do not break servers."""
    server = Server()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def plain_environment(server):
    """The official client, unmodified, finds the server by its environment."""
    before = dict(os.environ)
    for name in CLIENT_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(server.environment("plain"))
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session", params=["sync", "async"])
def flavour(request, plain_environment):
    flavour = Flavour(request.param)
    yield flavour
    flavour.close()


@pytest.fixture(scope="session")
def Sandbox(plain_environment):
    import e2b

    return e2b.Sandbox


@pytest.fixture(scope="module")
def sandbox(flavour):
    """A sandbox that the tests of one module share, once for each client. They leave it usable."""
    sandbox = flavour.Sandbox.create(timeout=SANDBOX_SECONDS)
    yield sandbox
    sandbox.kill()


@pytest.fixture(scope="module")
def box(Sandbox):
    """The same, by the synchronous client only, for tests that speak the wire by hand."""
    sandbox = Sandbox.create(timeout=SANDBOX_SECONDS)
    yield sandbox
    sandbox.kill()


@pytest.fixture
def new_sandbox(Sandbox):
    """Makes sandboxes for one test."""
    made = []

    def create(**options):
        made.append(Sandbox.create(**{"timeout": SANDBOX_SECONDS} | options))
        return made[-1]

    yield create
    for sandbox in made:
        sandbox.kill()


@pytest.fixture(scope="module")
def interpreter(flavour):
    """A sandbox of the code interpreter for the tests of one module, once for each client. They leave it usable, and
    its default contexts alive; names that they leave in them are their own."""
    sandbox = flavour.Interpreter.create(timeout=SANDBOX_SECONDS)
    yield sandbox
    sandbox.kill()


@pytest.fixture(scope="module")
def notebook(plain_environment):
    """The same, by the synchronous client only, for tests to which the client does not matter."""
    import e2b_code_interpreter

    sandbox = e2b_code_interpreter.Sandbox.create(timeout=SANDBOX_SECONDS)
    yield sandbox
    sandbox.kill()


@pytest.fixture
def new_interpreter(plain_environment):
    """Makes sandboxes of the code interpreter for one test."""
    import e2b_code_interpreter

    made = []

    def create(**options):
        made.append(e2b_code_interpreter.Sandbox.create(**{"timeout": SANDBOX_SECONDS} | options))
        return made[-1]

    yield create
    for sandbox in made:
        sandbox.kill()


@pytest.fixture
def directory(sandbox, request):
    """An empty directory in the shared sandbox."""
    return _fresh_directory(sandbox)


@pytest.fixture
def box_directory(box):
    return _fresh_directory(box)


def _fresh_directory(sandbox):
    return sandbox.commands.run("mktemp -d /tmp/test-XXXXXXXX").stdout.strip()


@pytest.fixture(scope="session")
def api(server, plain_environment):
    """The control plane by hand, with a good key."""
    with httpx.Client(
        base_url=server.url, headers={"X-API-KEY": os.environ["E2B_API_KEY"]}, timeout=30, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def envd(server):
    """envd by hand: `envd(sandbox)`, or with another token."""
    opened = []

    def client(sandbox, token=..., **options):
        token = sandbox._envd_access_token if token is ... else token
        opened.append(Envd(server, sandbox.sandbox_id, token, **options))
        return opened[-1]

    yield client
    for client in opened:
        client.close()


@pytest.fixture
def kernels(server):
    """The code interpreter by hand: `kernels(sandbox)`, or with another token."""
    opened = []

    def client(sandbox, token=..., **options):
        token = sandbox._envd_access_token if token is ... else token
        opened.append(InterpreterWire(server, sandbox.sandbox_id, token, **options))
        return opened[-1]

    yield client
    for client in opened:
        client.close()


@pytest.fixture(scope="session")
def environment_for(server):
    """A whole environment for a child process that uses one of the three client configurations."""
    return lambda client: client_environment(server, client)
