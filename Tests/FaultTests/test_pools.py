"""kill -9 of the server in the midst of it: no pooled sandbox is lost, leaked or handed out twice."""

import concurrent.futures
import os
import random
import re
import threading
import time

import e2b
import httpx

from nestbox_support import host
from nestbox_support.waiting import eventually


def client(server):
    key = server.environment()["E2B_API_KEY"]
    return httpx.Client(base_url=server.url, headers={"X-API-KEY": key}, timeout=30, trust_env=False)


def pool(api):
    (found,) = api.get("/nestbox/pools").json()
    return found


def fill(api, minimum, maximum):
    settings = {"min": minimum, "max": maximum, "acquireTimeoutMs": 20_000}
    assert api.put("/nestbox/pools/base", json=settings).status_code == 200
    eventually(lambda: pool(api)["ready"] == minimum, "the pool to be full", 30)


def alive(name):
    """Every sandbox that the kernel knows of."""
    names = {os.path.basename(path) for path in host.cgroups(name)}
    return {one for one in names if re.fullmatch("s-i[a-z0-9]{19}", one)}


def listed(api):
    return {one["sandboxID"] for one in api.get("/v2/sandboxes").json()}


def test_after_a_death_the_pool_is_full_again_and_what_was_handed_out_is_its_owners(own, name):
    with client(own) as api:
        fill(api, 3, 10)
        held = e2b.Sandbox.create(timeout=300)
        held.files.write("kept", "mine")
        own.kill()
        own.start()
        eventually(lambda: pool(api)["ready"] == 3, "the pool to be full again", 30)
        assert pool(api)["inUse"] == 1
        assert held.files.read("kept") == "mine"
        fresh = e2b.Sandbox.create(timeout=300)
        assert fresh.sandbox_id != held.sandbox_id
        assert not fresh.files.exists("kept")
        # What the dead server had ready is gone: these are all there are.
        eventually(lambda: len(alive(name)) == 5, "no sandbox but these", 30)


def test_deaths_in_a_storm_of_requests_hand_nothing_out_twice_and_leak_nothing(own, name):
    with client(own) as api:
        fill(api, 3, 12)
        got, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    sandbox = e2b.Sandbox.create(timeout=300)
                    got.append(sandbox.sandbox_id)
                    mark = sandbox.commands.run("cat /tmp/mark 2>/dev/null; echo x > /tmp/mark").stdout
                    assert mark == "", "a used sandbox was handed out"
                    sandbox.kill()
                except AssertionError:
                    raise
                except Exception:  # whatever a dying server does to a request
                    time.sleep(0.05)

        with concurrent.futures.ThreadPoolExecutor(6) as threads:
            asking = [threads.submit(ask) for _ in range(6)]
            for _ in range(4):
                time.sleep(random.uniform(0.3, 1.2))
                own.kill()
                own.start()
            stop.set()
            for one in asking:
                one.result(90)
        assert len(got) == len(set(got))
        for sandbox_id in listed(api):
            api.delete(f"/sandboxes/{sandbox_id}")
        at_rest = lambda: pool(api)["ready"] == 3 and pool(api)["inUse"] == 0
        eventually(at_rest, "the pool at rest", 30)
        eventually(lambda: len(alive(name)) == 3, "no sandbox but the ready ones", 30)


def test_a_server_that_ends_with_its_sandboxes_leaves_none_that_were_being_made(own, name):
    with client(own) as api:
        fill(api, 4, 10)
    own.stop_with_sandboxes()
    assert not alive(name)
