"""The wire by hand, for what the official client never says: exact status codes, frames, headers."""

import base64
import json
import struct

import httpx

ENVD_PORT = 49983
END_OF_STREAM = 0x02


def frame(message, flags=0):
    """One Connect envelope around a JSON value or around bytes as they are."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">BI", flags, len(body)) + body


def frames(data):
    """The envelopes in `data` as (flags, JSON value); fails on a torn one."""
    found = []
    while data:
        assert len(data) >= 5, f"a torn envelope: {data!r}"
        flags, length = struct.unpack(">BI", data[:5])
        assert len(data) >= 5 + length, f"an envelope of {length} bytes is cut short"
        found.append((flags, json.loads(data[5 : 5 + length] or b"null")))
        data = data[5 + length :]
    return found


def events(response):
    """The `event` of each message of a process stream, without keepalives, and the JSON of the end of the stream."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/connect+json"
    *messages, (flags, end) = frames(response.content)
    assert flags == END_OF_STREAM
    assert all(flags == 0 for flags, _ in messages)
    found = [message["event"] for _, message in messages]
    return [event for event in found if "keepalive" not in event], end


def output(events, channel="stdout"):
    return b"".join(base64.b64decode(event["data"].get(channel, "")) for event in events if "data" in event)


class Envd(httpx.Client):
    """envd of one sandbox, reached by headers on the server's one plain port."""

    def __init__(self, server, sandbox_id, token, port=ENVD_PORT, **options):
        headers = {"E2b-Sandbox-Id": sandbox_id, "E2b-Sandbox-Port": str(port)}
        if token is not None:
            headers["X-Access-Token"] = token
        super().__init__(base_url=server.url, headers=headers, timeout=30, trust_env=False, **options)

    def call(self, method, message, **headers):
        """A unary call, such as `process.Process/List`."""
        content = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.post(f"/{method}", content=content, headers=wire_headers("application/json", headers))

    def open(self, method, *messages, **headers):
        """A streaming call, read to its end."""
        content = b"".join(m if isinstance(m, bytes) else frame(m) for m in messages)
        return self.post(f"/{method}", content=content, headers=wire_headers("application/connect+json", headers))

    def start(self, command, *arguments, headers=None, **request):
        """Runs a program to its end; gives its events and the end of the stream."""
        process = {"cmd": command, "args": list(arguments)} | request.pop("process", {})
        return events(
            self.open("process.Process/Start", {"process": process, "stdin": False} | request, **(headers or {}))
        )


def wire_headers(content_type, extra):
    named = {name.replace("_", "-"): value for name, value in extra.items()}
    return {"Content-Type": content_type, "Connect-Protocol-Version": "1"} | named


def basic(user):
    return "Basic " + base64.b64encode(f"{user}:".encode()).decode()


def end_error(end):
    """Code and message of the error that ended a stream."""
    return end["error"]["code"], end["error"].get("message", "")


def assert_api_error(response, status, *words):
    """The control plane's and the file calls' error: status, JSON with the same code, and a message with `words`."""
    allowed = status if isinstance(status, tuple) else (status,)
    assert response.status_code in allowed, f"{response.status_code} {response.text}"
    assert response.headers["content-type"].split(";")[0] == "application/json"
    body = response.json()
    assert body["code"] == response.status_code
    assert isinstance(body["message"], str) and body["message"]
    for word in words:
        assert word.lower() in body["message"].lower(), body["message"]


def assert_rpc_error(response, code, *words):
    """A unary call's error."""
    assert response.status_code != 200, response.text
    body = response.json()
    allowed = code if isinstance(code, tuple) else (code,)
    assert body["code"] in allowed, body
    for word in words:
        assert word.lower() in body["message"].lower(), body
