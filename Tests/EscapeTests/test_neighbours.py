"""What the kernel counts for all sandboxes together. One that takes all it can get of a thing is not felt by a sandbox
of another tenant, and not by one of its own, which needs the same thing."""

import pathlib

import pytest

from nestbox_support.tenant import Tenant
from nestbox_support.waiting import eventually

ATTACKS = pathlib.Path(__file__).parent / "attacks"
# More of anything than a host has.
PLENTY = 10**7
HOARD_SECONDS = 60


@pytest.fixture
def tenants(server, plain_environment):
    """Two tenants who do not know each other."""
    both = Tenant(server), Tenant(server)
    yield both
    for tenant in both:
        tenant.remove()


class Hoard:
    """A sandbox that holds all it could get of `what`."""

    def __init__(self, sandbox, what, user):
        for name in ("attack", "hoard"):
            sandbox.files.write(f"/tmp/attacks/{name}.py", (ATTACKS / f"{name}.py").read_text())
        said, wrong = [], []
        self.command = sandbox.commands.run(
            f"python3 /tmp/attacks/hoard.py '{what}' {PLENTY}",
            background=True,
            timeout=0,
            user=user,
        )
        for stdout, stderr, _ in self.command:
            said.append(stdout or "")
            wrong.append(stderr or "")
            if "".join(said).endswith("\n"):
                break
        assert said, "".join(wrong)
        count, self.refusal = "".join(said).split()
        self.count = int(count)


def watches_a_directory(sandbox):
    """Through the API, as a client does."""
    sandbox.files.make_dir("/home/user/watched")
    events = []
    handle = sandbox.files.watch_dir("/home/user/watched")
    sandbox.files.write("/home/user/watched/file", "x")
    eventually(lambda: events.extend(handle.get_new_events()) or events, "an event of the watched directory")
    handle.stop()


def starts_a_kernel(sandbox):
    context = sandbox.create_code_context()
    assert sandbox.run_code("20 + 1", context=context).text == "21"


@pytest.mark.parametrize("user", ["user", "root"])
def test_inotify_is_each_sandboxs_own(tenants, user):
    raging, neighbour = tenants
    hoard = Hoard(raging.create(), "inotify instances", user)
    assert (hoard.refusal, hoard.count <= 128) == ("EMFILE", True), f"{hoard.count} instances"
    watches_a_directory(raging.create())
    interpreter = neighbour.create_interpreter()
    watches_a_directory(interpreter)
    starts_a_kernel(interpreter)
