"""What bad input gets from the control plane: an error that names the field, and nothing left behind."""

import errno
import json
import socket
import urllib.parse

import pytest

from nestbox_support.wire import assert_api_error

BAD_BODIES = [
    ("templateID", {"templateID": 7}),
    ("templateID", {}),
    ("templateID", {"templateID": None}),
    ("templateID", {"templateID": ""}),
    ("timeout", {"templateID": "base", "timeout": 0}),
    ("timeout", {"templateID": "base", "timeout": -1}),
    ("timeout", {"templateID": "base", "timeout": 10**12}),
    ("timeout", {"templateID": "base", "timeout": 1.5}),
    ("timeout", {"templateID": "base", "timeout": "60"}),
    ("timeout", {"templateID": "base", "timeout": 10**30}),
    ("metadata", {"templateID": "base", "metadata": ["a"]}),
    ("metadata", {"templateID": "base", "metadata": {"a": 1}}),
    ("envVars", {"templateID": "base", "envVars": "A=1"}),
    ("envVars", {"templateID": "base", "envVars": {"A": 1}}),
    ("envVars", {"templateID": "base", "envVars": {"A=B": "1"}}),
    ("envVars", {"templateID": "base", "envVars": {"": "1"}}),
    ("envVars", {"templateID": "base", "envVars": {"A": "nul\0byte"}}),
    ("envVars", {"templateID": "base", "envVars": {"A\0": "1"}}),
]
NOT_JSON = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b'{"templateID": "ba\xffse"}',
    b"[" * 100_000,
    b'{"templateID":"base"} trailing',
]
NOT_IDS = [
    "UPPER",
    "with space",
    "..",
    "../../etc/passwd",
    "a/b",
    "i0123456789abcdefghi\0",
    "ü",
    "%",
    "x" * 5000,
    "-rf",
    "'; drop table sandboxes; --",
    "i0123456789abcdefgh\n",
]


def count(api):
    return len(api.get("/sandboxes").json())


@pytest.mark.parametrize("path", ["/v2/sandboxes", "/sandboxes"])
@pytest.mark.parametrize("field,body", BAD_BODIES, ids=lambda value: value if isinstance(value, str) else None)
def test_a_bad_field_is_refused_by_its_name(api, path, field, body):
    before = count(api)
    assert_api_error(api.post(path, json=body), 400, field)
    assert count(api) == before


@pytest.mark.parametrize("name", ["nosuch", "base:nosuch", "someone/nosuch", "i0123456789abcdefghi"])
def test_an_unknown_template_is_not_found(api, name):
    assert_api_error(api.post("/v2/sandboxes", json={"templateID": name}), 404, name.split(":")[0])


@pytest.mark.parametrize(
    "name", ["../base", "base\0", "base\n", "a" * 5000, "base:", ":base", "b a s e", "/etc/passwd"]
)
def test_a_name_that_can_be_no_templates_is_refused(api, name):
    assert_api_error(api.post("/v2/sandboxes", json={"templateID": name}), (400, 404))


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_a_body_that_is_not_the_json_expected_is_refused(api, body):
    response = api.post("/v2/sandboxes", content=body, headers={"Content-Type": "application/json"})
    assert_api_error(response, 400)


def test_a_wrong_content_type_is_refused(api):
    response = api.post(
        "/v2/sandboxes", content=b"templateID=base", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert_api_error(response, (400, 415))


def test_a_body_over_the_limit_is_refused(api):
    body = json.dumps({"templateID": "base", "metadata": {"a": "x" * (64 << 20)}}).encode()
    try:
        response = api.post("/v2/sandboxes", content=body, headers={"Content-Type": "application/json"})
    except (ConnectionError, OSError) as reset:
        pytest.fail(f"the connection broke before the answer came: {reset}")
    assert_api_error(response, 413)


def test_an_endless_body_is_refused_early(api):
    def endless():
        for _ in range(1 << 16):
            yield b"x" * (64 << 10)

    response = api.post("/v2/sandboxes", content=endless(), headers={"Content-Type": "application/json"})
    assert_api_error(response, (400, 413))


@pytest.mark.parametrize("text", NOT_IDS, ids=range(len(NOT_IDS)))
@pytest.mark.parametrize(
    "method,suffix,body",
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/timeout", {"timeout": 60}),
        ("GET", "/metrics", None),
        ("POST", "/connect", {"timeout": 60}),
        ("GET", "/logs", None),
    ],
)
def test_an_id_that_is_none_is_not_found(api, method, suffix, body, text):
    path = f"/sandboxes/{urllib.parse.quote(text, safe='')}{suffix}"
    response = api.request(method, path, json=body)
    assert response.status_code in (400, 404, 414), response.text
    assert_api_error(response, response.status_code)


@pytest.mark.parametrize(
    "body", [{}, {"timeout": "soon"}, {"timeout": 10**12}, {"timeout": None}, {"timeout": 0.5}, []]
)
def test_a_bad_timeout_is_refused(api, box, body):
    assert_api_error(api.post(f"/sandboxes/{box.sandbox_id}/timeout", json=body), 400)


@pytest.mark.parametrize("path", ["/nothing", "/sandboxes/a/b/c", "/v3/sandboxes", "/v2", "//sandboxes", "/sandboxes/"])
def test_an_unknown_path_is_not_found_in_json(api, path):
    assert_api_error(api.get(path), 404)


@pytest.mark.parametrize("method,path", [("PUT", "/v2/sandboxes"), ("PATCH", "/sandboxes"), ("DELETE", "/sandboxes")])
def test_a_method_that_is_not_there_is_refused(api, method, path):
    assert_api_error(api.request(method, path), (404, 405))


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + b"\0" * 64,
        b"GET " + b"/a" * 100_000,
        b"POST /v2/sandboxes HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /v2/sandboxes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /sandboxes HTTP/1.1\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=range(8),
)
def test_what_is_not_http_ends_that_connection_only(server, api, text):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        try:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1 << 16)
            assert not answer.startswith(b"HTTP/1.1 2"), answer
            while connection.recv(1 << 16):
                pass
        except OSError as hung_up:  # which is an answer
            assert hung_up.errno in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN), hung_up
    assert api.get("/sandboxes").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"E2b-Sandbox-Id": "i0123456789abcdefghi"},
        {"E2b-Sandbox-Port": "49983"},
        {"E2b-Sandbox-Id": "UPPER", "E2b-Sandbox-Port": "49983"},
        {"E2b-Sandbox-Id": "../x", "E2b-Sandbox-Port": "49983"},
        {"E2b-Sandbox-Id": "", "E2b-Sandbox-Port": ""},
    ],
)
def test_half_a_route_to_a_sandbox_is_refused(api, headers):
    assert api.get("/health", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "port",
    [
        "0",
        "-1",
        "+49983",
        "049983",
        "65536",
        "49983 x",
        "0xc33f",
        "99999999999999999999",
        "abc",
        "4_9983",
        "49983.0",
        "\u0664\u0669",
    ],
)
def test_a_port_that_is_no_canonical_number_is_refused(server, box, port):
    host, number = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(number)), timeout=10) as connection:
        connection.sendall(
            f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nE2b-Sandbox-Id: {box.sandbox_id}\r\n"
            f"E2b-Sandbox-Port: {port}\r\n\r\n".encode()
        )
        assert connection.recv(4096).split(b" ")[1] == b"400"
