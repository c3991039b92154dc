"""Pools of ready sandboxes, and sandboxes made as new. The official client does not know that they are there."""

import concurrent.futures
import datetime
import json
import subprocess
import time

import httpx
import pytest

from nestbox_support.server import as_root, nestbox_binary
from nestbox_support.tenant import Tenant
from nestbox_support.waiting import eventually

POOL = "/nestbox/pools/base"


class PoolTenant(Tenant):
    """A tenant who keeps a pool."""

    def set(self, **settings):
        return self.api.put(POOL, json=settings)

    def pool(self):
        (pool,) = self.api.get("/nestbox/pools").json()
        return pool

    def fill(self, minimum, maximum, **settings):
        assert self.set(min=minimum, max=maximum, **settings).status_code == 200
        eventually(lambda: self.pool()["ready"] == minimum, "the pool to be full", 30)

    def remove(self):
        self.api.delete(POOL)
        super().remove()


@pytest.fixture
def tenant(server, plain_environment):
    tenant = PoolTenant(server)
    yield tenant
    tenant.remove()


@pytest.fixture
def other_tenant(server, plain_environment):
    tenant = PoolTenant(server)
    yield tenant
    tenant.remove()


@pytest.fixture
def nestbox(server, tenant):
    """`nestbox …` with the tenant's key."""

    def command(*arguments):
        environment = {"E2B_API_URL": server.url, "E2B_API_KEY": tenant.key, "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [nestbox_binary(), *arguments], env=environment, capture_output=True, text=True, timeout=60
        )

    return command


class TestServing:
    def test_a_pooled_sandbox_is_as_one_that_was_made_for_the_request(self, tenant):
        tenant.fill(1, 3)
        assert tenant.listed() == []
        time.sleep(1.1)  # so that its birth and its handover are told apart
        before = datetime.datetime.now(datetime.timezone.utc)
        sandbox = tenant.create(metadata={"m": "1"}, envs={"COLOUR": "blue"}, timeout=120)
        info = sandbox.get_info()
        assert tenant.pool()["hits"] == 1
        assert info.started_at >= before - datetime.timedelta(seconds=0.5)
        assert abs((info.end_at - info.started_at).total_seconds() - 120) < 1
        assert info.metadata == {"m": "1"}
        assert sandbox.commands.run("echo $COLOUR $E2B_SANDBOX_ID").stdout.split() == ["blue", sandbox.sandbox_id]
        sandbox.files.write("/home/user/f", "text")
        assert sandbox.files.read("/home/user/f") == "text"
        assert tenant.listed() == [sandbox.sandbox_id]
        logs = tenant.api.get(f"/v2/sandboxes/{sandbox.sandbox_id}/logs").json()["logs"]
        assert [line["message"] for line in logs][0] == "sandbox started"

    def test_its_life_is_the_requests(self, tenant):
        tenant.fill(1, 2)
        sandbox = tenant.create(timeout=2)
        assert tenant.pool()["hits"] == 1
        eventually(lambda: not sandbox.is_running(), "its end", 10)

    def test_it_is_filled_again(self, tenant):
        tenant.fill(2, 6)
        made = {tenant.create().sandbox_id for _ in range(3)}
        assert len(made) == 3
        eventually(lambda: tenant.pool()["ready"] == 2, "the pool to be full again", 30)
        pool = tenant.pool()
        assert pool["inUse"] == 3 and pool["refills"] >= 4 and pool["meanRefillMs"] > 0

    def test_nobody_gets_anothers_sandbox_and_the_maximum_holds(self, tenant):
        tenant.fill(3, 8, acquireTimeoutMs=60_000)
        most = 0

        def life(_):
            nonlocal most
            sandbox = tenant.create()
            assert sandbox.commands.run("ls /home/user/mine 2>/dev/null; touch /home/user/mine").stdout == ""
            pool = tenant.pool()
            most = max(most, pool["ready"] + pool["making"] + pool["inUse"])
            sandbox.kill()
            return sandbox.sandbox_id

        with concurrent.futures.ThreadPoolExecutor(24) as threads:
            ids = list(threads.map(life, range(72)))
        assert len(set(ids)) == 72
        assert most <= 8
        eventually(lambda: tenant.pool()["ready"] == 3 and tenant.pool()["inUse"] == 0, "the pool at rest", 30)

    def test_who_waits_too_long_is_told_so(self, tenant):
        tenant.fill(0, 1, acquireTimeoutMs=300)
        held = tenant.create()
        answer = tenant.api.post("/sandboxes", json={"templateID": "base"})
        assert answer.status_code == 503
        assert "all 1 sandboxes of the pool" in answer.json()["message"]
        assert "300 ms" in answer.json()["message"]
        held.kill()
        tenant.create().kill()
        assert tenant.pool()["timeouts"] == 1

    def test_who_waits_gets_what_comes_free(self, tenant):
        tenant.fill(0, 1, acquireTimeoutMs=60_000)
        held = tenant.create()
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(tenant.create)
            eventually(lambda: tenant.pool()["waiting"] == 1, "somebody to wait", 10)
            held.kill()
            assert waiting.result(30).is_running()

    def test_another_tenant_gets_nothing_of_it(self, tenant, other_tenant):
        tenant.fill(1, 1)
        other_tenant.create()
        assert tenant.pool()["ready"] == 1 and tenant.pool()["hits"] == 0
        assert other_tenant.api.get("/nestbox/pools").json() == []
        assert other_tenant.api.delete(POOL).status_code == 404

    def test_one_that_is_removed_ends_what_nobody_has(self, tenant):
        tenant.fill(2, 3)
        held = tenant.create()
        assert tenant.api.delete(POOL).status_code == 204
        assert tenant.api.get("/nestbox/pools").json() == []
        assert held.commands.run("echo lives").stdout == "lives\n"


class TestSettings:
    @pytest.mark.parametrize(
        "body,field",
        [
            ({"min": 2, "max": 1}, "min"),
            ({"min": -1, "max": 1}, "min"),
            ({"min": 0, "max": 0}, "max"),
            ({"min": 0, "max": 4097}, "max"),
            ({"min": 0, "max": 1, "acquireTimeoutMs": 300_001}, "acquireTimeoutMs"),
            ({"min": 0}, "max"),
            ({"min": "1", "max": 1}, "min"),
            ({"min": 0.5, "max": 1}, "min"),
        ],
    )
    def test_a_bad_field_is_refused_by_its_name(self, tenant, body, field):
        answer = tenant.api.put(POOL, json=body)
        assert answer.status_code == 400
        assert field in answer.json()["message"]

    def test_a_template_that_is_not_there_has_no_pool(self, tenant):
        assert tenant.api.put("/nestbox/pools/nowhere", json={"min": 0, "max": 1}).status_code == 404

    def test_without_a_key_there_are_none(self, server):
        for method, path in [("GET", "/nestbox/pools"), ("PUT", POOL), ("DELETE", POOL)]:
            assert httpx.request(method, server.url + path, trust_env=False).status_code == 401


class TestReset:
    def test_processes_files_and_environment_are_gone_and_the_name_stays(self, tenant):
        sandbox = tenant.create(envs={"COLOUR": "blue"}, metadata={"m": "1"})
        ends = sandbox.get_info().end_at
        sandbox.files.write("/home/user/mine", "text")
        sandbox.commands.run("sudo touch /etc/mine 2>/dev/null; touch /tmp/mine; true")
        sandbox.commands.run("sleep 1000", background=True)
        answer = tenant.api.post(f"/nestbox/sandboxes/{sandbox.sandbox_id}/reset")
        assert answer.status_code == 200
        assert answer.json()["sandboxID"] == sandbox.sandbox_id
        look = "ls /home/user/mine /tmp/mine /etc/mine 2>/dev/null; echo [$COLOUR]; pgrep sleep || true"
        seen = sandbox.commands.run(look)
        assert seen.stdout == "[]\n"
        info = sandbox.get_info()
        assert info.metadata == {"m": "1"} and info.end_at == ends

    def test_it_can_be_reset_again_and_again(self, tenant):
        sandbox = tenant.create()
        for turn in range(5):
            sandbox.files.write("/tmp/turn", str(turn))
            assert tenant.api.post(f"/nestbox/sandboxes/{sandbox.sandbox_id}/reset").status_code == 200
            assert not sandbox.files.exists("/tmp/turn")
        sandbox.kill()
        assert tenant.api.post(f"/nestbox/sandboxes/{sandbox.sandbox_id}/reset").status_code == 404

    def test_another_tenants_is_not_found(self, tenant, other_tenant):
        sandbox = tenant.create()
        assert other_tenant.api.post(f"/nestbox/sandboxes/{sandbox.sandbox_id}/reset").status_code == 404
        assert sandbox.is_running()


class TestCommandLine:
    def test_a_pool_is_set_listed_and_removed(self, nestbox, tenant):
        done = nestbox("pool", "set", "base", "--min", "1", "--max", "3", "--acquire-timeout", "2s")
        assert done.returncode == 0, done.stderr
        (pool,) = json.loads(nestbox("pool", "list", "--json").stdout)
        assert (pool["templateID"], pool["min"], pool["max"], pool["acquireTimeoutMs"]) == ("base", 1, 3, 2000)
        assert "base" in nestbox("pool", "list").stdout
        assert nestbox("pool", "remove", "base").returncode == 0
        assert json.loads(nestbox("pool", "list", "--json").stdout) == []

    def test_root_sets_any_tenants_and_the_server_takes_it_up(self, server, tenant):
        set_pool = [nestbox_binary(), "pool", "set", "base", "--data", server.data, "--tenant", tenant.name]
        subprocess.run(as_root(*set_pool, "--min", "1", "--max", "1"), check=True)
        eventually(lambda: [pool["ready"] for pool in tenant.api.get("/nestbox/pools").json()] == [1], "the pool", 15)

    def test_a_sandbox_is_reset(self, nestbox, tenant):
        sandbox = tenant.create()
        sandbox.files.write("/tmp/f", "x")
        assert nestbox("sandbox", "reset", sandbox.sandbox_id).returncode == 0
        assert not sandbox.files.exists("/tmp/f")
