"""Who may speak: API keys on the control plane, a sandbox's own token on its envd."""

import e2b
import httpx
import pytest

from nestbox_support.wire import assert_api_error

CONTROL_PLANE = [
    ("GET", "/sandboxes"),
    ("GET", "/v2/sandboxes"),
    ("POST", "/sandboxes"),
    ("POST", "/v2/sandboxes"),
    ("GET", "/sandboxes/i0123456789abcdefghi"),
    ("DELETE", "/sandboxes/i0123456789abcdefghi"),
    ("POST", "/sandboxes/i0123456789abcdefghi/timeout"),
    ("POST", "/v2/sandboxes/i0123456789abcdefghi/connect"),
    ("GET", "/sandboxes/i0123456789abcdefghi/metrics"),
    ("GET", "/v2/sandboxes/i0123456789abcdefghi/logs"),
]
UNAUTHORIZED = "unauthorized access, please provide a valid access token or method signing if supported"


@pytest.mark.parametrize("key", [None, "", "e2b_0000", "e2b_" + "0" * 40, "x" * 10_000], ids=str)
@pytest.mark.parametrize("method,path", CONTROL_PLANE)
def test_without_a_good_key_the_control_plane_answers_401(server, method, path, key):
    headers = {} if key is None else {"X-API-KEY": key}
    body = {"templateID": "base"} if method == "POST" else None
    response = httpx.request(method, server.url + path, headers=headers, json=body, trust_env=False)
    # A header that long may be refused before anybody reads it.
    assert_api_error(response, 401 if key is None or len(key) < 10_000 else (400, 401, 431))


def test_the_official_client_calls_a_bad_key_an_authentication_error(Sandbox):
    with pytest.raises(e2b.AuthenticationException):
        Sandbox.create(api_key="e2b_" + "0" * 40)


def test_every_sandbox_has_a_token_of_its_own(new_sandbox):
    first, second = new_sandbox(), new_sandbox()
    assert first._envd_access_token
    assert first._envd_access_token != second._envd_access_token


@pytest.mark.parametrize("token", [None, "", "wrong", "0" * 64])
@pytest.mark.parametrize("method", ["process.Process/List", "filesystem.Filesystem/ListDir"])
def test_envd_refuses_a_call_without_its_token(envd, box, method, token):
    response = envd(box, token=token).call(method, {"path": "/"} if "file" in method else {})
    assert response.status_code == 401
    assert response.json() == {"code": 401, "message": UNAUTHORIZED}


@pytest.mark.parametrize("path", ["/envs", "/metrics"])
def test_envds_plain_calls_need_its_token_too(envd, box, path):
    assert envd(box, token=None).get(path).status_code == 401
    assert envd(box).get(path).status_code == 200


def test_another_sandboxs_token_is_no_token(envd, box, new_sandbox):
    response = envd(box, token=new_sandbox()._envd_access_token).call("process.Process/List", {})
    assert response.status_code == 401


def test_health_needs_no_token(envd, box):
    response = envd(box, token=None).get("/health")
    assert response.status_code == 204
    assert response.content == b""


@pytest.mark.parametrize("path", ["/init", "/freeze", "/unfreeze", "/fsfreeze", "/fsthaw", "/collapse", "/upgrade"])
def test_what_only_an_orchestrator_may_call_is_not_there(envd, box, path):
    assert envd(box).post(path, json={}).status_code == 404
