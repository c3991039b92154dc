"""`/files` and the filesystem service by hand: ranges, encodings, signatures, bad paths."""

import base64
import gzip
import hashlib
import time
import urllib.parse

import httpx
import pytest

from nestbox_support.wire import assert_api_error, assert_rpc_error, basic

TEXT = "0123456789" * 10


@pytest.fixture
def wire(envd, box):
    return envd(box)


@pytest.fixture
def path(box, box_directory):
    """A file of 100 bytes."""
    box.files.write(f"{box_directory}/file", TEXT)
    return f"{box_directory}/file"


@pytest.fixture
def get(wire):
    return lambda path, headers=None, **query: wire.get(files_url(path, **query), headers=headers)


def upload(wire, path, content, content_type="application/octet-stream", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return wire.post(files_url(path), content=content, headers={"Content-Type": content_type} | named)


def files_url(path, **query):
    """Escaped here: the HTTP client would send Python's spelling of bytes that are no text."""
    query = query if path is None else {"path": path} | query
    return f"/files?{urllib.parse.urlencode(query)}"


class TestDownload:
    def test_the_headers_are_upstreams(self, get, path):
        response = get(path)
        assert (response.status_code, response.text) == (200, TEXT)
        assert response.headers["content-disposition"].startswith("inline")
        assert "accept-encoding" in response.headers["vary"].lower()

    def test_gzip_is_used_when_offered(self, wire, path):
        with wire.stream("GET", "/files", params={"path": path}, headers={"Accept-Encoding": "gzip"}) as response:
            assert response.headers["content-encoding"] == "gzip"
            assert gzip.decompress(b"".join(response.iter_raw())).decode() == TEXT

    @pytest.mark.parametrize("offer", ["identity", "gzip;q=0", "br"])
    def test_gzip_is_not_used_unless_offered(self, get, path, offer):
        response = get(path, {"Accept-Encoding": offer})
        assert "content-encoding" not in response.headers
        assert response.text == TEXT

    @pytest.mark.parametrize(
        "asked,first,last",
        [
            ("bytes=0-9", 0, 9),
            ("bytes=90-", 90, 99),
            ("bytes=-5", 95, 99),
            ("bytes=50-50", 50, 50),
            ("bytes=95-1000", 95, 99),
            ("bytes=-1000", 0, 99),
        ],
    )
    def test_a_range_is_a_part(self, get, path, asked, first, last):
        response = get(path, {"Range": asked, "Accept-Encoding": "identity"})
        assert response.status_code == 206
        assert response.headers["content-range"] == f"bytes {first}-{last}/100"
        assert response.text == TEXT[first : last + 1]

    def test_a_range_beyond_the_end_can_not_be_satisfied(self, get, path):
        response = get(path, {"Range": "bytes=100-", "Accept-Encoding": "identity"})
        assert response.status_code == 416
        assert response.headers["content-range"] == "bytes */100"

    @pytest.mark.parametrize(
        "asked",
        [
            "bytes=9-3",
            "bytes=a-b",
            "lines=1-2",
            "bytes=",
            "bytes=--5",
            "bytes=1",
            "bytes=-",
            "bytes=99999999999999999999-",
        ],
    )
    def test_a_range_that_is_none_does_no_harm(self, get, path, asked):
        response = get(path, {"Range": asked, "Accept-Encoding": "identity"})
        assert response.status_code in (200, 416)
        if response.status_code == 200:
            assert response.text == TEXT

    def test_a_missing_file_is_404(self, get):
        assert_api_error(get("/no/such/file"), 404)

    @pytest.mark.parametrize("where", ["/tmp", "/", "/dev/null", "/dev/zero", "/proc"])
    def test_what_is_no_file_is_400(self, get, where):
        assert_api_error(get(where), 400)

    def test_a_pipe_does_not_hold_the_reader(self, get, box, box_directory):
        box.commands.run("mkfifo pipe", cwd=box_directory)
        assert_api_error(get(f"{box_directory}/pipe"), 400)

    def test_an_unknown_user_is_401(self, get, path):
        assert_api_error(get(path, username="stranger"), 401, "stranger")

    def test_files_whose_size_is_not_known_are_read_whole(self, get):
        assert get("/proc/self/status").text.startswith("Name:")


class TestUpload:
    def test_octets_are_answered_with_what_was_written(self, wire, box_directory):
        response = upload(wire, f"{box_directory}/f", b"abc")
        assert response.status_code == 200
        assert response.json() == [{"path": f"{box_directory}/f", "name": "f", "type": "file"}]

    def test_a_form_may_carry_one_file_with_its_path_in_the_query(self, wire, box, box_directory):
        response = wire.post("/files", params={"path": f"{box_directory}/one"}, files={"file": ("ignored", b"1")})
        assert response.status_code == 200
        assert box.files.read(f"{box_directory}/one") == "1"

    def test_a_form_may_carry_many_with_their_paths_as_names(self, wire, box, box_directory):
        parts = [("file", (f"{box_directory}/{name}/deep", name.encode())) for name in "ab"]
        response = wire.post("/files", files=parts)
        assert [entry["path"] for entry in response.json()] == [f"{box_directory}/a/deep", f"{box_directory}/b/deep"]
        assert box.files.read(f"{box_directory}/b/deep") == "b"

    def test_one_path_twice_is_refused(self, wire, box_directory):
        parts = [("file", (f"{box_directory}/same", b"1")), ("file", (f"{box_directory}/same", b"2"))]
        assert_api_error(wire.post("/files", files=parts), 400)

    def test_octets_need_a_path(self, wire):
        assert_api_error(upload(wire, None, b"abc"), 400, "path")

    def test_gzip_is_unpacked(self, wire, box, box_directory):
        assert (
            upload(wire, f"{box_directory}/f", gzip.compress(b"abc" * 1000), Content_Encoding="gzip").status_code == 200
        )
        assert box.files.read(f"{box_directory}/f") == "abc" * 1000

    @pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"x" * 100_000)[:-20], b""])
    def test_gzip_that_is_none_is_refused(self, wire, box_directory, content):
        assert_api_error(upload(wire, f"{box_directory}/f", content, Content_Encoding="gzip"), 400)

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
    def test_other_encodings_are_refused(self, wire, box_directory, encoding):
        assert_api_error(upload(wire, f"{box_directory}/f", b"abc", Content_Encoding=encoding), (400, 415))

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=b",
        ],
    )
    def test_other_content_types_are_refused(self, wire, box_directory, content_type):
        assert_api_error(upload(wire, f"{box_directory}/f", b"abc", content_type), (400, 415))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"--b",
            b"--b\r\n\r\n",
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nno end',
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="/tmp/torn"\r\n\r\ntorn\r\n--b',
            b"--b\r\n" + b"X: y\r\n" * 100_000 + b"\r\n\r\n--b--",
            b"preamble only",
        ],
        ids=range(7),
    )
    def test_a_form_that_is_none_is_refused(self, wire, body):
        response = upload(wire, None, body, "multipart/form-data; boundary=b")
        assert response.status_code in (200, 400), response.text
        assert response.status_code == 400 or response.json() == []

    def test_a_client_that_vanishes_leaves_no_open_file(self, server, wire, box, box_directory):
        def halfway():
            yield b"x" * 100_000
            raise RuntimeError("gone")

        with pytest.raises(RuntimeError):
            upload(wire, f"{box_directory}/torn", halfway())
        assert box.commands.run("echo well").stdout == "well\n"
        upload(wire, f"{box_directory}/torn", b"whole")
        assert box.files.read(f"{box_directory}/torn") == "whole"

    def test_a_bomb_of_gzip_ends_at_the_disks_limit(self, wire, box):
        box.commands.run("fallocate -l 3700M /tmp/most")
        bomb = gzip.compress(b"\0" * (64 << 20), 9)
        response = upload(wire, "/home/user/bomb", bomb * 100, Content_Encoding="gzip")  # 6.4 GB in 6.5 MB
        assert response.status_code in (400, 413, 507)
        box.commands.run("rm -f /home/user/bomb /tmp/most")

    def test_metadata_headers_are_lowered_and_returned(self, wire, box_directory):
        response = upload(wire, f"{box_directory}/f", b"x", X_Metadata_Key="Value")
        assert response.json()[0]["metadata"] == {"key": "Value"}


BAD_PATHS = ["nul\0byte", "/tmp/" + "x" * 256, "/" + "d/" * 3000, "/tmp/\udcff".encode("utf-8", "surrogateescape")]


class TestBadPaths:
    @pytest.mark.parametrize("where", BAD_PATHS, ids=range(len(BAD_PATHS)))
    def test_a_path_that_can_be_none_is_refused(self, get, wire, where):
        assert_api_error(get(where), (400, 404, 414, 431))
        assert upload(wire, where, b"x").status_code in (400, 404, 414, 431)

    @pytest.mark.parametrize("method", ["Stat", "ListDir", "MakeDir", "Remove", "CreateWatcher"])
    @pytest.mark.parametrize("where", ["nul\0byte", "/tmp/" + "x" * 256])
    def test_every_call_refuses_it(self, wire, method, where):
        assert_rpc_error(
            wire.call(f"filesystem.Filesystem/{method}", {"path": where}), ("invalid_argument", "not_found", "internal")
        )

    @pytest.mark.parametrize(
        "where",
        [
            "../../../../etc/passwd",
            "/../../etc/passwd",
            "/proc/self/root/etc/passwd",
            "/proc/1/root/etc/passwd",
            "%2e%2e/%2e%2e/etc/passwd",
        ],
    )
    def test_no_path_leads_out_of_the_sandbox(self, get, where):
        with open("/etc/passwd") as file:
            own = file.read()
        response = get(where)
        assert response.status_code != 200 or response.text != own
        assert response.status_code in (200, 400, 401, 403, 404)

    def test_a_link_to_the_hosts_place_leads_to_the_sandboxs(self, get, box, box_directory):
        box.commands.run("ln -s /etc/hostname link", cwd=box_directory)
        assert get(f"{box_directory}/link").text == box.commands.run("cat /etc/hostname").stdout

    def test_links_in_a_circle_are_an_error(self, get, box, box_directory):
        box.commands.run("ln -s a b; ln -s b a", cwd=box_directory)
        assert_api_error(get(f"{box_directory}/a"), (400, 404))

    def test_the_root_can_not_be_removed(self, wire, box):
        wire.call("filesystem.Filesystem/Remove", {"path": "/"})
        assert box.commands.run("echo well").stdout == "well\n"


def signature(path, operation, token, user="", expiration=None):
    text = f"{path}:{operation}:{user}:{token}" + (f":{expiration}" if expiration is not None else "")
    return "v1_" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


class TestSignatures:
    @pytest.fixture
    def stranger(self, server):
        """A client without any header of ours."""
        with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
            yield client

    def test_the_official_clients_download_url_works(self, box, path):
        assert httpx.get(box.download_url(path), trust_env=False).text == TEXT

    def test_the_official_clients_upload_url_works(self, box, box_directory):
        url = box.upload_url(f"{box_directory}/up")
        assert httpx.post(url, files={"file": ("up", b"signed")}, trust_env=False).status_code == 200
        assert box.files.read(f"{box_directory}/up") == "signed"

    def test_a_url_may_name_a_user(self, box):
        assert "root:" in httpx.get(box.download_url("/etc/shadow", user="root"), trust_env=False).text

    def test_one_that_is_not_yet_expired_works(self, box, path):
        assert httpx.get(box.download_url(path, use_signature_expiration=60), trust_env=False).status_code == 200

    def test_an_expired_one_is_401_in_these_words(self, box, path):
        response = httpx.get(box.download_url(path, use_signature_expiration=-10), trust_env=False)
        assert response.status_code == 401
        assert response.json() == {"code": 401, "message": "signature is already expired"}

    @pytest.mark.parametrize(
        "forged",
        [
            lambda path, token: {"signature": signature(path, "write", token)},
            lambda path, token: {"signature": signature(path + "x", "read", token)},
            lambda path, token: {"signature": signature(path, "read", token), "username": "root"},
            lambda path, token: {
                "signature": signature(path, "read", token),
                "signature_expiration": str(int(time.time()) + 60),
            },
            lambda path, token: {"signature": signature(path, "read", token[:-1])},
            lambda path, token: {"signature": "v1_" + "A" * 43},
            lambda path, token: {"signature": "v2_x"},
            lambda path, token: {"signature": ""},
            lambda path, token: {"signature": "x" * 10_000},
            lambda path, token: {
                "signature": signature(path, "read", token, expiration="soon"),
                "signature_expiration": "soon",
            },
        ],
        ids=["operation", "path", "user", "expiration", "token", "zeros", "version", "empty", "long", "no number"],
    )
    def test_a_forged_one_is_refused(self, envd, box, path, forged):
        query = {"path": path} | forged(path, box._envd_access_token)
        assert_api_error(envd(box, token=None).get("/files", params=query), (400, 401))

    def test_a_wrong_one_is_called_so(self, envd, box, path):
        response = envd(box, token=None).get("/files", params={"path": path, "signature": "v1_" + "A" * 43})
        assert (response.status_code, response.json()["message"]) == (401, "invalid signature")

    def test_a_missing_one_is_called_so(self, envd, box, path):
        response = envd(box, token=None).get("/files", params={"path": path})
        assert (response.status_code, response.json()["message"]) == (401, "missing signature query parameter")

    def test_without_a_route_a_forged_one_finds_no_sandbox(self, stranger, path):
        response = stranger.get("/files", params={"path": path, "signature": "v1_" + "A" * 43})
        assert response.status_code in (401, 404)

    def test_a_signature_opens_only_its_own_sandbox(self, envd, box, new_sandbox, path):
        query = {"path": path, "signature": signature(path, "read", box._envd_access_token)}
        assert envd(new_sandbox(), token=None).get("/files", params=query).status_code == 401

    def test_a_wrong_token_is_not_mended_by_a_signature(self, envd, box, path):
        query = {"path": path, "signature": signature(path, "read", box._envd_access_token)}
        assert envd(box, token="wrong").get("/files", params=query).status_code == 401


class TestOtherCalls:
    def test_pieces_are_composed_and_removed(self, wire, box, box_directory):
        for name in "abc":
            box.files.write(f"{box_directory}/{name}", name * 1000)
        response = wire.post(
            "/files/compose",
            json={
                "source_paths": [f"{box_directory}/{name}" for name in "abc"],
                "destination": f"{box_directory}/whole",
            },
        )
        assert response.status_code == 200
        assert response.json()["path"] == f"{box_directory}/whole"
        assert box.files.read(f"{box_directory}/whole") == "a" * 1000 + "b" * 1000 + "c" * 1000
        assert [entry.name for entry in box.files.list(box_directory)] == ["whole"]

    def test_a_missing_piece_changes_nothing(self, wire, box, box_directory):
        box.files.write(f"{box_directory}/a", "a")
        response = wire.post(
            "/files/compose",
            json={
                "source_paths": [f"{box_directory}/a", f"{box_directory}/nothing"],
                "destination": f"{box_directory}/whole",
            },
        )
        assert_api_error(response, 404)
        assert box.files.read(f"{box_directory}/a") == "a"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"source_paths": "a", "destination": "b"},
            {"source_paths": ["a"]},
            {"source_paths": [], "destination": "/tmp/x"},
            [],
        ],
    )
    def test_a_composition_of_nothing_is_refused(self, wire, body):
        assert_api_error(wire.post("/files/compose", json=body), 400)

    def test_metrics_are_upstreams(self, wire):
        metrics = wire.get("/metrics").json()
        assert {
            "ts",
            "cpu_count",
            "cpu_used_pct",
            "mem_total_mib",
            "mem_used_mib",
            "mem_total",
            "mem_used",
            "mem_cache",
            "disk_used",
            "disk_total",
        } <= set(metrics)
        assert metrics["mem_total"] == 512 << 20
        assert abs(metrics["ts"] - time.time()) < 10

    def test_envs_are_the_sandboxs(self, envd, new_sandbox):
        response = envd(new_sandbox(envs={"MINE": "yes"})).get("/envs")
        assert response.status_code == 200
        assert response.json()["MINE"] == "yes"

    def test_stat_is_proto3_json(self, wire, path):
        entry = wire.call("filesystem.Filesystem/Stat", {"path": path}).json()["entry"]
        assert (entry["name"], entry["type"], int(entry["size"]), entry["mode"]) == (
            "file",
            "FILE_TYPE_FILE",
            100,
            0o644,
        )
        assert entry["modifiedTime"].endswith("Z")

    @pytest.mark.parametrize(
        "method,request_,code,status",
        [
            ("Stat", {"path": "/no/such"}, "not_found", 404),
            ("ListDir", {"path": "/no/such"}, "not_found", 404),
            ("ListDir", {"path": "/etc/passwd"}, "invalid_argument", 400),
            ("MakeDir", {"path": "/tmp"}, "already_exists", 409),
            ("MakeDir", {"path": "/etc/passwd"}, "invalid_argument", 400),
            ("Move", {"source": "/no/such", "destination": "/tmp/x"}, "not_found", 404),
        ],
    )
    def test_errors_have_upstreams_codes(self, wire, method, request_, code, status):
        response = wire.call(f"filesystem.Filesystem/{method}", request_)
        assert response.status_code == status
        assert_rpc_error(response, code)

    def test_snake_case_is_understood(self, wire, box_directory):
        response = wire.call("filesystem.Filesystem/CreateWatcher", {"path": box_directory, "include_entry": True})
        assert response.status_code == 200
        watcher = response.json()["watcherId"]
        assert wire.call("filesystem.Filesystem/GetWatcherEvents", {"watcher_id": watcher}).json() in (
            {},
            {"events": []},
        )
        assert wire.call("filesystem.Filesystem/RemoveWatcher", {"watcher_id": watcher}).json() == {}
        assert_rpc_error(wire.call("filesystem.Filesystem/RemoveWatcher", {"watcher_id": watcher}), "not_found")

    def test_an_unknown_user_is_unauthenticated(self, wire):
        response = wire.call("filesystem.Filesystem/Stat", {"path": "/"}, Authorization=basic("stranger"))
        assert_rpc_error(response, "unauthenticated", "invalid username: 'stranger'")
