"""The control plane: create, connect, list, describe, extend and kill sandboxes."""

import datetime
import re
import secrets
import threading

import e2b
import pytest
from e2b import SandboxQuery, SandboxState

from nestbox_support.waiting import eventually
from nestbox_support.wire import assert_api_error

SANDBOX_ID = re.compile(r"[a-z0-9]+")
UNKNOWN = "i0123456789abcdefghi"


@pytest.fixture
def created(api):
    """Creates by hand; `created(version, **body)` gives the response."""
    made = []

    def create(version="v2", headers=None, **body):
        path = "/v2/sandboxes" if version == "v2" else "/sandboxes"
        response = api.post(path, json={"templateID": "base"} | body, headers=headers)
        if response.status_code == 201:
            made.append(response.json()["sandboxID"])
        return response

    yield create
    for sandbox_id in made:
        api.delete(f"/sandboxes/{sandbox_id}")


def end_of(api, sandbox_id):
    return datetime.datetime.fromisoformat(api.get(f"/sandboxes/{sandbox_id}").json()["endAt"])


def seconds_left(api, sandbox_id):
    return (end_of(api, sandbox_id) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


class TestCreate:
    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_the_answer_is_201_with_what_clients_need(self, created, version):
        response = created(version)
        assert response.status_code == 201
        sandbox = response.json()
        assert SANDBOX_ID.fullmatch(sandbox["sandboxID"])
        assert sandbox["templateID"] == "base"
        assert isinstance(sandbox["clientID"], str)
        assert tuple(map(int, sandbox["envdVersion"].split("."))) >= (0, 6, 13)
        assert sandbox["envdAccessToken"]

    @pytest.mark.parametrize("version,seconds", [("v1", 15), ("v2", 300)])
    def test_the_default_life_is_that_of_the_version(self, created, api, version, seconds):
        left = seconds_left(api, created(version).json()["sandboxID"])
        assert seconds - 5 < left <= seconds + 1

    def test_the_asked_life_is_kept(self, created, api):
        assert 1190 < seconds_left(api, created(timeout=1200).json()["sandboxID"]) <= 1201

    def test_what_older_clients_say_too_is_understood(self, created):
        assert created("v1", secure=True, timeout=60).status_code == 201

    def test_metadata_comes_back(self, flavour):
        sandbox = flavour.Sandbox.create(metadata={"task": "a b=c&d", "größe": "7"})
        try:
            assert sandbox.get_info().metadata == {"task": "a b=c&d", "größe": "7"}
        finally:
            sandbox.kill()

    def test_its_environment_reaches_every_command(self, new_sandbox):
        sandbox = new_sandbox(envs={"COLOUR": "blue", "EMPTY": "", "QUOTED": "a'b\"c $d\nnext"})
        seen = sandbox.commands.run('printf \'%s|%s|%s\' "$COLOUR" "${EMPTY-unset}" "$QUOTED"').stdout
        assert seen == "blue||a'b\"c $d\nnext"

    def test_a_template_may_be_named_with_a_tag(self, created):
        assert created(templateID="base:default").status_code == 201

    def test_a_thousand_can_not_be_mistaken_for_each_other(self, created):
        ids = {created().json()["sandboxID"] for _ in range(5)}
        assert len(ids) == 5


class TestIdempotency:
    def test_the_same_key_gives_the_same_sandbox(self, created):
        key = {"Idempotency-Key": secrets.token_hex(16)}
        first, second = created(headers=key), created(headers=key)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()

    def test_the_official_client_gets_the_same_sandbox_again(self, Sandbox, new_sandbox):
        key = secrets.token_hex(8)
        assert new_sandbox(idempotency_key=key).sandbox_id == new_sandbox(idempotency_key=key).sandbox_id

    def test_two_keys_give_two_sandboxes(self, created):
        ids = {created(headers={"Idempotency-Key": secrets.token_hex(8)}).json()["sandboxID"] for _ in range(2)}
        assert len(ids) == 2

    def test_requests_at_the_same_time_make_one(self, created):
        key, answers = {"Idempotency-Key": secrets.token_hex(16)}, []
        threads = [threading.Thread(target=lambda: answers.append(created(headers=key))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = {answer.json()["sandboxID"] for answer in answers if answer.status_code == 201}
        assert len(made) == 1
        assert {answer.status_code for answer in answers} <= {201, 409}

    @pytest.mark.parametrize("key", ["", "UPPER", "with space", "a_b", "x" * 256])
    def test_a_key_that_is_none_is_refused(self, created, key):
        assert_api_error(created(headers={"Idempotency-Key": key}), 400)


class TestDescribe:
    def test_a_sandbox_is_described_in_full(self, box, api):
        detail = api.get(f"/sandboxes/{box.sandbox_id}").json()
        assert detail["sandboxID"] == box.sandbox_id
        assert detail["templateID"] == "base"
        assert detail["state"] == "running"
        assert (detail["cpuCount"], detail["memoryMB"], detail["diskSizeMB"]) == (2, 512, 4096)
        assert detail["envdAccessToken"] == box._envd_access_token
        started, ends = (datetime.datetime.fromisoformat(detail[name]) for name in ("startedAt", "endAt"))
        assert started < datetime.datetime.now(datetime.timezone.utc) < ends

    def test_the_official_client_reads_it(self, sandbox):
        described = sandbox.get_info()
        assert described.sandbox_id == sandbox.sandbox_id
        assert described.state == SandboxState.RUNNING
        assert described.started_at < described.end_at

    def test_an_unknown_one_is_not_found(self, flavour, api):
        with pytest.raises(e2b.SandboxNotFoundException):
            flavour.Sandbox.get_info(UNKNOWN)
        assert_api_error(api.get(f"/sandboxes/{UNKNOWN}"), 404, UNKNOWN)


class TestKill:
    def test_kill_answers_true_then_false(self, flavour):
        sandbox = flavour.Sandbox.create(timeout=60)
        assert sandbox.kill() is True
        assert sandbox.kill() is False
        assert sandbox.is_running() is False

    def test_kill_answers_204_then_404(self, created, api):
        sandbox_id = created().json()["sandboxID"]
        response = api.delete(f"/sandboxes/{sandbox_id}")
        assert (response.status_code, response.content) == (204, b"")
        assert_api_error(api.delete(f"/sandboxes/{sandbox_id}"), 404)

    def test_an_unknown_one_can_not_be_killed(self, flavour):
        assert flavour.Sandbox.kill(UNKNOWN) is False

    def test_ten_kills_at_once_kill_once(self, created, api):
        sandbox_id, answers = created().json()["sandboxID"], []
        kill = lambda: answers.append(api.delete(f"/sandboxes/{sandbox_id}").status_code)
        threads = [threading.Thread(target=kill) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(answers) <= {204, 404}
        assert 204 in answers


class TestConnect:
    def test_a_connected_client_shares_files_and_environment(self, flavour, sandbox, directory):
        sandbox.files.write(f"{directory}/shared", "seen by both")
        other = flavour.Sandbox.connect(sandbox.sandbox_id)
        assert other.files.read(f"{directory}/shared") == "seen by both"
        assert other.commands.run("echo $E2B_SANDBOX_ID").stdout.strip() == sandbox.sandbox_id

    def test_an_unknown_one_is_not_found(self, flavour):
        with pytest.raises(e2b.SandboxNotFoundException):
            flavour.Sandbox.connect(UNKNOWN)

    @pytest.mark.parametrize("path", ["/v2/sandboxes/{}/connect", "/sandboxes/{}/connect"])
    def test_a_running_one_answers_200_with_its_token(self, box, api, path):
        response = api.post(path.format(box.sandbox_id), json={"timeout": 300})
        assert response.status_code == 200
        assert response.json()["envdAccessToken"] == box._envd_access_token

    @pytest.mark.parametrize("path", ["/v2/sandboxes/{}/connect", "/sandboxes/{}/connect"])
    def test_it_lengthens_a_life_and_never_shortens_it(self, created, api, path):
        sandbox_id = created(timeout=300).json()["sandboxID"]
        before = end_of(api, sandbox_id)
        assert api.post(path.format(sandbox_id), json={"timeout": 30}).status_code == 200
        assert end_of(api, sandbox_id) == before
        assert api.post(path.format(sandbox_id), json={"timeout": 900}).status_code == 200
        assert end_of(api, sandbox_id) > before

    def test_the_old_resume_of_a_running_one_is_a_conflict(self, box, api):
        assert_api_error(api.post(f"/sandboxes/{box.sandbox_id}/resume", json={"timeout": 60}), 409)

    def test_the_old_resume_of_an_unknown_one_is_not_found(self, api):
        assert_api_error(api.post(f"/sandboxes/{UNKNOWN}/resume", json={"timeout": 60}), 404)


class TestTimeout:
    @pytest.mark.parametrize("seconds", [30, 2000])
    def test_it_sets_the_end_both_ways(self, new_sandbox, api, seconds):
        sandbox = new_sandbox(timeout=300)
        sandbox.set_timeout(seconds)
        assert seconds - 5 < seconds_left(api, sandbox.sandbox_id) <= seconds + 1

    def test_the_answer_is_204(self, box, api):
        response = api.post(f"/sandboxes/{box.sandbox_id}/timeout", json={"timeout": 600})
        assert (response.status_code, response.content) == (204, b"")

    @pytest.mark.parametrize("seconds", [0, -1])
    def test_no_time_at_all_ends_it_now(self, flavour, seconds):
        sandbox = flavour.Sandbox.create(timeout=60)
        sandbox.set_timeout(seconds)
        eventually(lambda: not sandbox.is_running(), "the sandbox to be gone", 5)
        assert sandbox.kill() is False

    def test_an_unknown_one_is_not_found(self, flavour):
        with pytest.raises(e2b.SandboxNotFoundException):
            flavour.Sandbox.set_timeout(UNKNOWN, 60)

    def test_a_refresh_lengthens_and_never_shortens(self, created, api):
        sandbox_id = created(timeout=300).json()["sandboxID"]
        before = end_of(api, sandbox_id)
        response = api.post(f"/sandboxes/{sandbox_id}/refreshes", json={"duration": 10})
        assert (response.status_code, response.content) == (204, b"")
        assert end_of(api, sandbox_id) == before
        assert api.post(f"/sandboxes/{sandbox_id}/refreshes", json={"duration": 900}).status_code == 204
        assert end_of(api, sandbox_id) > before


def all_of(paginator):
    found = []
    while paginator.has_next:
        found += paginator.next_items()
    return found


class TestList:
    @pytest.fixture(scope="class")
    def group(self, Sandbox):
        """Five sandboxes, oldest first, known by a mark in their metadata."""
        mark = secrets.token_hex(8)
        made = [
            Sandbox.create(timeout=300, metadata={"mark": mark, "number": str(i), "odd text": f"b=c&d {i} ü%20"})
            for i in range(5)
        ]
        yield mark, [sandbox.sandbox_id for sandbox in made]
        for sandbox in made:
            sandbox.kill()

    def test_a_running_sandbox_is_listed(self, flavour, group):
        _, ids = group
        listed = {sandbox.sandbox_id: sandbox for sandbox in all_of(flavour.Sandbox.list())}
        assert set(ids) <= set(listed)
        assert listed[ids[0]].state == SandboxState.RUNNING
        assert listed[ids[0]].template_id == "base"

    def test_newest_first_unless_asked_otherwise(self, flavour, group):
        mark, ids = group
        query = SandboxQuery(metadata={"mark": mark})
        listed = lambda **how: [one.sandbox_id for one in all_of(flavour.Sandbox.list(query=query, **how))]
        assert listed() == ids[::-1]
        assert listed(order="desc") == ids[::-1]
        assert listed(order="asc") == ids

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    def test_pages_together_are_the_list(self, flavour, group, limit, order):
        mark, ids = group
        paginator, pages = (
            flavour.Sandbox.list(query=SandboxQuery(metadata={"mark": mark}), limit=limit, order=order),
            [],
        )
        while paginator.has_next:
            pages.append([sandbox.sandbox_id for sandbox in paginator.next_items()])
        assert all(len(page) <= limit for page in pages)
        assert sum(pages, []) == (ids if order == "asc" else ids[::-1])

    def test_the_last_page_has_no_token(self, api, group):
        mark, _ = group
        query = {"metadata": f"mark%3D{mark}", "limit": "2"}
        tokens = []
        while not tokens or tokens[-1]:
            response = api.get("/v2/sandboxes", params={**query, "nextToken": tokens[-1] if tokens else None})
            tokens.append(response.headers.get("X-Next-Token", ""))
        assert len(tokens) == 3

    def test_metadata_filters_by_every_pair(self, flavour, group):
        mark, ids = group
        found = lambda metadata: [
            sandbox.sandbox_id for sandbox in all_of(flavour.Sandbox.list(query=SandboxQuery(metadata=metadata)))
        ]
        assert found({"mark": mark, "number": "3"}) == [ids[3]]
        assert found({"mark": mark, "number": "9"}) == []
        assert found({"mark": mark[:-1]}) == []

    def test_metadata_survives_three_encodings(self, flavour, group):
        mark, ids = group
        query = SandboxQuery(metadata={"mark": mark, "odd text": "b=c&d 2 ü%20"})
        assert [sandbox.sandbox_id for sandbox in all_of(flavour.Sandbox.list(query=query))] == [ids[2]]

    @pytest.mark.parametrize(
        "states,count",
        [([SandboxState.RUNNING], 5), ([SandboxState.PAUSED], 0), ([SandboxState.RUNNING, SandboxState.PAUSED], 5)],
    )
    def test_the_state_filters(self, flavour, group, states, count):
        query = SandboxQuery(metadata={"mark": group[0]}, state=states)
        assert len(all_of(flavour.Sandbox.list(query=query))) == count

    def test_the_time_of_the_start_filters(self, flavour, group):
        mark, ids = group
        middle = flavour.Sandbox.get_info(ids[2]).started_at
        query = SandboxQuery(metadata={"mark": mark}, started_after=middle)
        assert [one.sandbox_id for one in all_of(flavour.Sandbox.list(query=query, order="asc"))] == ids[2:]

    def test_the_template_filters(self, flavour, group):
        count = lambda template: len(
            all_of(flavour.Sandbox.list(query=SandboxQuery(metadata={"mark": group[0]}, template=template)))
        )
        assert count("base") == 5
        assert count("other") == 0

    def test_a_killed_one_is_no_longer_listed(self, flavour, new_sandbox):
        mark = secrets.token_hex(8)
        new_sandbox(metadata={"mark": mark}).kill()
        assert all_of(flavour.Sandbox.list(query=SandboxQuery(metadata={"mark": mark}))) == []

    def test_the_old_list_is_one_page_of_the_running(self, api, group):
        mark, ids = group
        listed = api.get("/sandboxes", params={"metadata": f"mark%3D{mark}"})
        assert listed.status_code == 200
        assert {sandbox["sandboxID"] for sandbox in listed.json()} == set(ids)

    @pytest.mark.parametrize(
        "name,value",
        [
            ("limit", "0"),
            ("limit", "-1"),
            ("limit", "ten"),
            ("limit", "99999999999999999999"),
            ("order", "sideways"),
            ("state", "asleep"),
            ("startedAfter", "yesterday"),
            ("nextToken", "!not-a-token!"),
        ],
    )
    def test_a_filter_that_is_none_is_refused_by_name(self, api, name, value):
        assert_api_error(api.get("/v2/sandboxes", params={name: value}), 400, name)


class TestMetrics:
    def test_they_tell_of_cpu_memory_and_disk(self, flavour, sandbox):
        sandbox.commands.run("head -c 50000000 /dev/urandom > /tmp/grown")
        metrics = eventually(sandbox.get_metrics, "a first measurement", 20)[-1]
        assert metrics.cpu_count == 2
        assert metrics.cpu_used_pct >= 0
        assert 0 < metrics.mem_used <= metrics.mem_total == 512 << 20
        assert 0 < metrics.disk_used < metrics.disk_total <= 4096 << 20

    def test_a_range_of_time_limits_them(self, sandbox):
        eventually(sandbox.get_metrics, "a first measurement", 20)
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        assert sandbox.get_metrics(start=now - day, end=now + day)
        assert sandbox.get_metrics(start=now + day, end=now + 2 * day) == []

    def test_an_unknown_sandbox_has_none(self, api):
        assert_api_error(api.get(f"/sandboxes/{UNKNOWN}/metrics"), 404)

    def test_several_sandboxes_can_be_asked_at_once(self, api, box):
        eventually(box.get_metrics, "a first measurement", 20)
        response = api.get("/sandboxes/metrics", params={"sandbox_ids": f"{box.sandbox_id},{UNKNOWN}"})
        assert response.status_code == 200
        sandboxes = response.json()["sandboxes"]
        assert set(sandboxes) == {box.sandbox_id}
        assert sandboxes[box.sandbox_id]["memTotal"] == 512 << 20

    def test_one_hundred_and_one_are_too_many(self, api):
        ids = ",".join(f"i{number:019}" for number in range(101))
        assert_api_error(api.get("/sandboxes/metrics", params={"sandbox_ids": ids}), 400)


class TestLogs:
    @pytest.mark.parametrize("path,key", [("/sandboxes/{}/logs", "logs"), ("/v2/sandboxes/{}/logs", "logs")])
    def test_a_sandbox_has_them(self, api, box, path, key):
        response = api.get(path.format(box.sandbox_id))
        assert response.status_code == 200
        assert isinstance(response.json()[key], list)

    def test_the_limit_holds(self, api, box):
        assert len(api.get(f"/v2/sandboxes/{box.sandbox_id}/logs", params={"limit": 1}).json()["logs"]) <= 1

    @pytest.mark.parametrize("path", ["/sandboxes/{}/logs", "/v2/sandboxes/{}/logs"])
    def test_an_unknown_sandbox_has_none(self, api, path):
        assert_api_error(api.get(path.format(UNKNOWN)), 404)
