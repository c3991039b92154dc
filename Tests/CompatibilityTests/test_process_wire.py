"""The process service by hand: frames, their order, their errors, and what no client sends."""

import base64
import json
import socket
import struct
import threading

import pytest
from e2b import PtySize

from nestbox_support.waiting import eventually
from nestbox_support.wire import assert_rpc_error, basic, end_error, events, frame, frames, output

START = "process.Process/Start"


@pytest.fixture
def wire(envd, box):
    return envd(box)


@pytest.fixture
def sleeper(wire, box):
    """A process that waits for input, and its end."""
    handle = box.commands.run("cat", background=True, stdin=True, timeout=0)
    yield handle.pid
    box.commands.kill(handle.pid)


def open_stream(server, wire, process, missing=0, **request):
    """A bare connection on which `process` has been asked for, but for the `missing` last bytes."""
    body = frame({"process": process, "stdin": False} | request)
    host, port = server.url.removeprefix("http://").split(":")
    headers = {name: value for name, value in wire.headers.items() if name.startswith(("e2b-", "x-"))}
    headers |= {"host": host, "content-type": "application/connect+json", "content-length": len(body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection = socket.create_connection((host, int(port)), timeout=30)
    request = f"POST /{START} HTTP/1.1\r\n{head}\r\n".encode() + body
    connection.sendall(request[: len(request) - missing])
    return connection


def reset(connection):
    """Closes it so that the other side is told of no orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def touching(box):
    return [process for process in box.commands.list() if process.cmd == "/usr/bin/touch"]


class TestStreams:
    def test_events_come_in_their_order(self, wire):
        found, end = wire.start("/bin/sh", "-c", "echo a; echo b >&2")
        assert found[0]["start"]["pid"] > 0
        assert all("data" in event for event in found[1:-1])
        last = found[-1]["end"]
        assert (last.get("exitCode", 0), last["exited"], last["status"]) == (0, True, "exit status 0")
        assert "error" not in last and "error" not in end
        assert (output(found), output(found, "stderr")) == (b"a\n", b"b\n")

    def test_a_failure_says_its_status_twice(self, wire):
        end = wire.start("/bin/sh", "-c", "exit 3")[0][-1]["end"]
        assert (end["exitCode"], end["exited"], end["status"], end["error"]) == (
            3,
            True,
            "exit status 3",
            "exit status 3",
        )

    def test_a_signal_is_no_exit(self, wire):
        end = wire.start("/bin/sh", "-c", "kill -KILL $$")[0][-1]["end"]
        assert end["exitCode"] == -1
        assert not end.get("exited", False)
        assert end["status"] == "signal: killed"

    def test_arguments_are_not_a_shells(self, wire):
        found, _ = wire.start("/usr/bin/printf", "%s|", "a b", "$HOME", "*", "")
        assert output(found) == b"a b|$HOME|*||"

    def test_a_program_is_found_by_its_path(self, wire):
        assert output(wire.start("echo", "found")[0]) == b"found\n"

    def test_a_program_that_is_not_there_is_an_error(self, wire):
        response = wire.open(START, {"process": {"cmd": "/no/such/program"}})
        code, message = end_error(frames(response.content)[-1][1])
        assert code in ("invalid_argument", "not_found")
        assert "/no/such/program" in message

    def test_the_default_of_input_is_an_open_one(self, wire, box):
        """Old clients send no `stdin`; then there is one."""
        result = {}

        def run():
            response = wire.open(START, {"process": {"cmd": "cat"}, "tag": "old-client"})
            result["events"] = events(response)[0]

        thread = threading.Thread(target=run)
        thread.start()
        selector = {"process": {"tag": "old-client"}}
        eventually(
            lambda: (
                wire.call(
                    "process.Process/SendInput", selector | {"input": {"stdin": base64.b64encode(b"old").decode()}}
                ).status_code
                == 200
            ),
            "the process to take input",
        )
        assert wire.call("process.Process/CloseStdin", selector).status_code == 200
        thread.join(10)
        assert output(result["events"]) == b"old"

    def test_a_tag_names_a_process(self, wire):
        result = {}
        thread = threading.Thread(
            target=lambda: result.update(
                found=wire.start("/bin/sh", "-c", "read line; echo $line", tag="worker", stdin=True)[0]
            )
        )
        thread.start()
        listed = eventually(
            lambda: [
                process
                for process in wire.call("process.Process/List", {}).json().get("processes", [])
                if process.get("tag") == "worker"
            ],
            "the tagged process in the list",
        )
        assert listed[0]["config"]["cmd"] == "/bin/sh"
        sent = wire.call(
            "process.Process/SendInput",
            {"process": {"tag": "worker"}, "input": {"stdin": base64.b64encode(b"hi\n").decode()}},
        )
        assert (sent.status_code, sent.json()) == (200, {})
        thread.join(10)
        assert output(result["found"]) == b"hi\n"

    def test_idle_streams_are_kept_alive(self, wire):
        response = wire.open(
            START, {"process": {"cmd": "sleep", "args": ["2.5"]}, "stdin": False}, Keepalive_Ping_Interval="1"
        )
        kept = [
            message for flags, message in frames(response.content) if flags == 0 and "keepalive" in message["event"]
        ]
        assert kept and kept[0] == {"event": {"keepalive": {}}}

    def test_names_with_underscores_and_unknown_fields_are_understood(self, wire):
        found, _ = wire.start("/bin/sh", "-c", "pwd", process={"cwd": "/tmp", "some_future_field": {"a": [1]}})
        assert output(found) == b"/tmp\n"

    def test_a_deadline_kills_the_process(self, wire, box):
        response = wire.open(
            START, {"process": {"cmd": "sleep", "args": ["43210"]}, "stdin": False}, connect_timeout_ms="300"
        )
        assert end_error(frames(response.content)[-1][1])[0] == "deadline_exceeded"
        eventually(
            lambda: box.commands.run("pgrep -f '[s]leep 43210' || true").stdout == "", "the process to be gone", 5
        )

    def test_a_client_that_vanishes_does_not_kill(self, server, wire, box, box_directory):
        with open_stream(
            server, wire, {"cmd": "/bin/sh", "args": ["-c", f"sleep 0.5; touch {box_directory}/done"]}
        ) as client:
            told = b""
            while b'"start"' not in told:  # the head alone comes before the process
                assert (more := client.recv(4096)), told
                told += more
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a farewell
        eventually(lambda: box.files.exists(f"{box_directory}/done"), "the command to finish without its client", 10)

    @pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["close", "reset"])
    def test_what_was_asked_for_whole_is_started_however_soon_its_client_leaves(
        self, server, wire, box, box_directory, leave
    ):
        asked = {f"{number}" for number in range(40)}
        for number in asked:
            leave(open_stream(server, wire, {"cmd": "/usr/bin/touch", "args": [f"{box_directory}/{number}"]}))
        eventually(lambda: {entry.name for entry in box.files.list(box_directory)} == asked, "all of the files")
        eventually(lambda: not touching(box), "the end of all commands")

    @pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["close", "reset"])
    def test_what_was_not_asked_for_whole_is_not_started(self, server, wire, box, box_directory, leave):
        for number in range(40):
            process = {"cmd": "/usr/bin/touch", "args": [f"{box_directory}/{number}"]}
            leave(open_stream(server, wire, process, missing=1))
        assert box.commands.run(f"ls {box_directory}").stdout == ""
        assert not touching(box)

    def test_a_client_that_does_not_read_is_not_remembered_without_end(self, server, wire, box):
        before = server.resident
        process = {"cmd": "/bin/sh", "args": ["-c", "yes | head -c 200000000"]}
        with open_stream(server, wire, process, tag="flood") as client:
            client.recv(16)
            for _ in range(20):
                assert box.commands.run("echo others live").stdout == "others live\n"
            assert server.resident - before < 64 << 20, "the server holds what nobody reads"
        wire.call("process.Process/SendSignal", {"process": {"tag": "flood"}, "signal": "SIGNAL_SIGKILL"})


class TestCalls:
    @pytest.mark.parametrize(
        "signal,status",
        [
            ("SIGNAL_SIGTERM", "signal: terminated"),
            ("SIGNAL_SIGKILL", "signal: killed"),
            (15, "signal: terminated"),
            (9, "signal: killed"),
        ],
    )
    def test_a_signal_is_delivered(self, wire, signal, status):
        result = {}
        thread = threading.Thread(
            target=lambda: result.update(found=wire.start("sleep", "1000", tag=f"to-{signal}")[0])
        )
        thread.start()
        request = {"process": {"tag": f"to-{signal}"}, "signal": signal}
        eventually(
            lambda: wire.call("process.Process/SendSignal", request).status_code == 200, "the signal to be taken"
        )
        thread.join(10)
        assert result["found"][-1]["end"]["status"] == status

    def test_other_signals_are_not_implemented(self, wire, sleeper):
        response = wire.call(
            "process.Process/SendSignal", {"process": {"pid": sleeper}, "signal": "SIGNAL_UNSPECIFIED"}
        )
        assert_rpc_error(response, ("unimplemented", "invalid_argument"))

    @pytest.mark.parametrize(
        "method,rest",
        [
            ("SendSignal", {"signal": "SIGNAL_SIGKILL"}),
            ("SendInput", {"input": {"stdin": ""}}),
            ("CloseStdin", {}),
            ("Update", {"pty": {"size": {"cols": 80, "rows": 24}}}),
        ],
    )
    @pytest.mark.parametrize("selector", [{"pid": 999999}, {"tag": "nobody"}])
    def test_an_unknown_process_is_not_found(self, wire, method, rest, selector):
        response = wire.call(f"process.Process/{method}", {"process": selector} | rest)
        assert response.status_code == 404
        assert_rpc_error(response, "not_found")

    def test_to_connect_to_an_unknown_process_ends_the_stream_with_not_found(self, wire):
        response = wire.open("process.Process/Connect", {"process": {"pid": 999999}})
        assert response.status_code == 200
        assert end_error(frames(response.content)[-1][1])[0] == "not_found"

    def test_a_terminals_input_is_not_a_pipes(self, wire, sleeper):
        response = wire.call("process.Process/SendInput", {"process": {"pid": sleeper}, "input": {"pty": "eA=="}})
        assert_rpc_error(response, "internal")

    def test_a_terminal_has_no_input_to_close(self, wire, box):
        handle = box.pty.create(size=PtySize(rows=24, cols=80), timeout=0)
        try:
            assert_rpc_error(wire.call("process.Process/CloseStdin", {"process": {"pid": handle.pid}}), "unknown")
            response = wire.call(
                "process.Process/SendInput", {"process": {"pid": handle.pid}, "input": {"stdin": "eA=="}}
            )
            assert_rpc_error(response, "internal")
        finally:
            box.pty.kill(handle.pid)

    def test_a_stream_of_input_is_answered_by_one_message_and_an_end(self, wire, sleeper):
        selector = {"process": {"pid": sleeper}}
        data = {"data": {"input": {"stdin": base64.b64encode(b"x").decode()}}}
        response = wire.open("process.Process/StreamInput", {"start": selector}, data, {"keepalive": {}}, data)
        assert response.headers["content-type"] == "application/connect+json"
        assert frames(response.content) == [(0, {}), (2, {})]

    def test_input_before_its_start_is_refused(self, wire):
        response = wire.open("process.Process/StreamInput", {"data": {"input": {"stdin": "eA=="}}})
        assert "error" in frames(response.content)[-1][1]


NUL_REQUESTS = [
    {"process": {"cmd": "echo\0x"}},
    {"process": {"cmd": "echo", "args": ["a\0b"]}},
    {"process": {"cmd": "echo", "cwd": "/tmp\0"}},
    {"process": {"cmd": "echo", "envs": {"A": "b\0"}}},
    {"process": {"cmd": "echo", "envs": {"A\0": "b"}}},
    {"process": {"cmd": "echo", "envs": {"A=B": "b"}}},
    {"process": {"cmd": ""}},
    {},
    {"process": {"cmd": "echo", "args": "not a list"}},
    {"process": {"cmd": "echo", "args": ["x" * (3 << 20)]}},
    {"process": {"cmd": "sh"}, "pty": {"size": {"cols": -1, "rows": 5}}},
    {"process": {"cmd": "sh"}, "pty": {"size": {"cols": 10**10, "rows": 5}}},
]
BAD_STREAMS = {
    "nothing": b"",
    "half a head": b"\0\0",
    "a head and no body": b"\0\0\0\0\x10",
    "an endless message": b"\0\xff\xff\xff\xff{",
    "a compressed message": frame({"process": {"cmd": "echo"}}, flags=1),
    "unknown flags": frame({"process": {"cmd": "echo"}}, flags=0x80),
    "an end alone": frame({}, flags=2),
    "no json": frame(b"nonsense"),
    "a list": frame(b"[]"),
    "bad utf-8": frame(b'{"process":{"cmd":"\xff"}}'),
    "a lone surrogate": frame(b'{"process":{"cmd":"\\ud800"}}'),
    "deep json": frame(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "two requests": frame({"process": {"cmd": "true"}}) * 2,
    "bad base64": frame({"process": {"cmd": "cat"}, "tag": 5}),
}


class TestRefusals:
    @pytest.mark.parametrize("request_", NUL_REQUESTS, ids=range(len(NUL_REQUESTS)))
    def test_what_no_program_can_be_given_is_an_invalid_argument(self, wire, request_):
        response = wire.open(START, request_)
        assert response.status_code == 200
        code, message = end_error(frames(response.content)[-1][1])
        assert code in ("invalid_argument", "resource_exhausted"), message

    @pytest.mark.parametrize("name", BAD_STREAMS)
    def test_a_malformed_stream_is_refused_and_nobody_else_notices(self, wire, name):
        response = wire.open(START, BAD_STREAMS[name])
        if response.status_code == 200:
            assert end_error(frames(response.content)[-1][1])[0] in (
                "invalid_argument",
                "resource_exhausted",
                "unimplemented",
                "internal",
                "unknown",
            )
        else:
            assert 400 <= response.status_code < 500
        assert output(wire.start("echo", "well")[0]) == b"well\n"

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/json", "application/connect+proto", "application/proto", "application/grpc", ""],
    )
    def test_a_stream_of_another_content_type_is_refused_with_415(self, wire, content_type):
        body = frame({"process": {"cmd": "true"}})
        assert wire.post(f"/{START}", content=body, headers={"Content-Type": content_type}).status_code == 415

    @pytest.mark.parametrize("content_type", ["text/plain", "application/connect+json", "application/proto", ""])
    def test_a_call_of_another_content_type_is_refused_with_415(self, wire, content_type):
        assert (
            wire.post("/process.Process/List", content=b"{}", headers={"Content-Type": content_type}).status_code == 415
        )

    def test_a_charset_is_no_other_content_type(self, wire):
        headers = {"Content-Type": "application/json; charset=utf-8"}
        assert wire.post("/process.Process/List", content=b"{}", headers=headers).status_code == 200

    def test_identity_is_the_one_encoding(self, wire):
        assert wire.call("process.Process/List", {}, content_encoding="identity").status_code == 200
        assert_rpc_error(wire.call("process.Process/List", {}, content_encoding="br"), "unimplemented")

    @pytest.mark.parametrize(
        "path", ["process.Process/Nothing", "process.Nobody/List", "filesystem.Filesystem/Nothing"]
    )
    def test_an_unknown_method_is_not_implemented_or_not_found(self, wire, path):
        assert wire.call(path, {}).status_code in (404, 501)

    def test_a_get_is_not_allowed(self, wire):
        assert wire.get("/process.Process/List").status_code == 405

    @pytest.mark.parametrize("milliseconds", ["soon", "-1", "1.5", "99999999999999999999", ""])
    def test_a_deadline_that_is_none_is_refused(self, wire, milliseconds):
        response = wire.call("process.Process/List", {}, connect_timeout_ms=milliseconds)
        assert_rpc_error(response, "invalid_argument")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null ", b"[" * 50_000])
    def test_a_call_without_json_is_an_invalid_argument(self, wire, body):
        response = wire.call("process.Process/SendSignal", body)
        assert response.status_code in (400, 404)

    def test_a_call_of_a_hundred_megabytes_is_refused(self, wire):
        response = wire.call("process.Process/List", json.dumps({"x": "y" * (100 << 20)}).encode())
        assert_rpc_error(response, ("resource_exhausted", "invalid_argument"))

    @pytest.mark.parametrize(
        "authorization", ["Basic !!!", "Basic", basic("../../etc"), basic("a\0b"), basic("x" * 5000)]
    )
    def test_a_user_that_is_none_is_unauthenticated(self, wire, authorization):
        response = wire.open(START, {"process": {"cmd": "true"}}, Authorization=authorization)
        if response.status_code == 200:
            assert end_error(frames(response.content)[-1][1])[0] in ("unauthenticated", "invalid_argument")
        else:
            assert response.status_code in (400, 401)

    def test_an_unknown_user_is_named_in_the_refusal(self, wire):
        response = wire.open(START, {"process": {"cmd": "true"}}, Authorization=basic("stranger"))
        code, message = (
            end_error(frames(response.content)[-1][1])
            if response.status_code == 200
            else (response.json()["code"], response.json()["message"])
        )
        assert code == "unauthenticated"
        assert "invalid username: 'stranger'" in message
