"""Any other port of a sandbox is reached through the server: requests, streams both ways, WebSocket."""

import base64
import hashlib
import os
import pathlib
import socket
import ssl

import h2.config
import h2.connection
import h2.events
import h2.settings
import httpx
import pytest

from nestbox_support.waiting import eventually
from nestbox_support.wire import Envd

PROGRAM = (pathlib.Path(__file__).parent / "port_server.py").read_text()


@pytest.fixture(scope="module")
def listen(box, server):
    """`listen(port, address)` starts the program in the sandbox and waits until it answers."""
    box.files.write("/tmp/port_server.py", PROGRAM)

    def start(port, address="127.0.0.1"):
        box.commands.run(f"python3 /tmp/port_server.py {address} {port}", background=True, timeout=0)
        with Envd(server, box.sandbox_id, None, port=port) as client:
            eventually(lambda: client.get("/").status_code == 200, f"an answer of port {port}")
        return port

    return start


@pytest.fixture(scope="module")
def web(box, server, listen):
    with Envd(server, box.sandbox_id, None, port=listen(8000)) as client:
        yield client


@pytest.mark.parametrize("port,address", [(8101, "127.0.0.1"), (8102, "0.0.0.0"), (8103, "::"), (80, "0.0.0.0")])
def test_a_server_is_reached_wherever_it_listens(box, server, listen, port, address):
    if port < 1024:
        box.files.write("/tmp/port_server.py", PROGRAM)
        box.commands.run("sudo python3 /tmp/port_server.py 0.0.0.0 80", background=True, timeout=0)
    else:
        listen(port, address)
    with Envd(server, box.sandbox_id, None, port=port) as client:
        assert (
            eventually(lambda: client.get("/x").status_code == 200 and client.get("/x"), "an answer").json()["path"]
            == "/x"
        )


def test_pythons_own_web_server_serves_files(box, server):
    box.files.write("/tmp/site/index.html", "<h1>from inside</h1>")
    box.commands.run("python -m http.server 8080 --directory /tmp/site", background=True, timeout=0)
    with Envd(server, box.sandbox_id, None, port=8080) as client:
        eventually(lambda: client.get("/").status_code == 200, "the web server")
        assert client.get("/").text == "<h1>from inside</h1>"


def test_a_host_name_routes_too(box, server, web):
    host = box.get_host(8000)
    assert host.startswith(f"8000-{box.sandbox_id}.")
    response = httpx.get(server.url + "/by-host", headers={"Host": host}, trust_env=False)
    assert response.json()["path"] == "/by-host"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/a/b?c=d&e=%20f", "/%2e%2e/%2F", "/sandboxes", "/files?path=x", "/health"])
def test_method_and_path_arrive_as_they_were_sent(web, method, path):
    answer = web.request(method, path).json()
    assert (answer["method"], answer["path"]) == (method, path)


@pytest.mark.parametrize("status", [200, 204, 301, 404, 418, 500, 502])
def test_the_status_comes_back(web, status):
    response = web.get("/", headers={"X-Want-Status": str(status)}, follow_redirects=False)
    assert response.status_code == status


def test_headers_pass_and_those_of_one_hop_do_not(web, box):
    response = web.get(
        "/", headers={"X-Mine": "yes", "Authorization": "Bearer mine", "Cookie": "c=d", "TE": "trailers"}
    )
    headers = {name.lower(): value for name, value in response.json()["headers"].items()}
    assert (headers["x-mine"], headers["authorization"], headers["cookie"]) == ("yes", "Bearer mine", "c=d")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert box._envd_access_token not in str(headers)


@pytest.mark.parametrize("size", [0, 1, 65_536, 20_000_000])
def test_a_body_arrives_whole(web, size):
    body = os.urandom(size)
    answer = web.post("/", content=body).json()
    assert (answer["length"], answer["sha256"]) == (size, hashlib.sha256(body).hexdigest())


def test_a_streamed_body_comes_back_as_a_stream(web):
    pieces = [os.urandom(10_000) for _ in range(500)]
    assert web.post("/back", content=iter(pieces)).content == b"".join(pieces)


def test_an_answer_streams_while_it_is_made(web, box):
    box.commands.run("rm -f /tmp/step-*")
    with web.stream("GET", "/steps") as response:
        lines = response.iter_lines()
        for number in range(3):
            box.files.write(f"/tmp/step-{number}", "")
            assert next(lines) == f"step {number}"


def test_a_hundred_requests_share_connections(web):
    assert {web.get(f"/{number}").json()["path"] for number in range(100)} == {f"/{number}" for number in range(100)}


def websocket(connection, host, headers, path="/ws"):
    """Upgrades `connection`; gives a function that sends a text and reads the answer."""
    key = base64.b64encode(os.urandom(16))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{head}"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n".encode()
    )
    stream = connection.makefile("rb")
    status = stream.readline()
    assert status.split()[1] == b"101", status
    answer = {}
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        answer[name.strip().lower()] = value.strip()
    expected = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    assert answer[b"sec-websocket-accept"] == expected

    def ask(text, opcode=1):
        data, mask = text.encode(), os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        connection.sendall(bytes([0x80 | opcode]) + length + mask + masked)
        first, size = stream.read(2)
        if size == 126:
            size = int.from_bytes(stream.read(2), "big")
        assert first == 0x80 | opcode
        return stream.read(size).decode()

    return ask


def test_a_websocket_passes_both_ways(box, server, web):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        ask = websocket(connection, host, {"E2b-Sandbox-Id": box.sandbox_id, "E2b-Sandbox-Port": "8000"})
        for text in ("hello", "Grüße 🎉", "x" * 60_000):
            assert ask(text) == text
        assert ask("", opcode=8) == ""


def secured(box, environment, protocols):
    """A TLS connection to port 8000 of `box` by its host name, and that name: at the server's port, or through the
    server as a proxy if the environment names one."""
    proxy = environment.get("HTTPS_PROXY")
    address = proxy.removeprefix("http://") if proxy else environment["E2B_DOMAIN"]
    host = f"8000-{box.sandbox_id}.{environment['E2B_DOMAIN'].split(':')[0]}"
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    if protocols:
        context.set_alpn_protocols(protocols)
    raw = socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=10)
    if proxy:
        raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")
    return context.wrap_socket(raw, server_hostname=host), host


# Browsers and client libraries offer HTTP/1.1, or nothing, where they are to speak WebSocket.
@pytest.mark.parametrize("protocols", [None, ["http/1.1"]])
@pytest.mark.parametrize("client", ["tls", "proxy"])
def test_a_websocket_passes_by_tls_and_host_name(box, environment_for, web, client, protocols):
    connection, host = secured(box, environment_for(client), protocols)
    with connection:
        ask = websocket(connection, host, {})
        for text in ("secure", "x" * 60_000):
            assert ask(text) == text
        assert ask("", opcode=8) == ""


@pytest.mark.parametrize("client", ["tls", "proxy"])
def test_http_2_does_not_promise_websockets(box, environment_for, web, client):
    """SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441: without it browsers open a connection of HTTP/1.1 for them."""
    connection, _ = secured(box, environment_for(client), ["h2", "http/1.1"])
    with connection:
        assert connection.selected_alpn_protocol() == "h2"
        speaker = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        speaker.initiate_connection()
        connection.sendall(speaker.data_to_send())
        settings = {}
        while not settings:
            for event in speaker.receive_data(connection.recv(65536)):
                if isinstance(event, h2.events.RemoteSettingsChanged):
                    settings = event.changed_settings
        assert h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL not in settings


def test_a_closed_port_is_502_in_these_words(box, server):
    with Envd(server, box.sandbox_id, None, port=8999) as client:
        response = client.get("/")
    assert response.status_code == 502
    assert response.json() == {
        "sandboxId": box.sandbox_id,
        "message": "The sandbox is running but port is not open",
        "port": 8999,
        "code": 502,
    }


def test_an_unknown_sandbox_is_502_in_these_words(server):
    with Envd(server, "i0123456789abcdefghi", None, port=8000) as client:
        response = client.get("/")
    assert response.status_code == 502
    assert response.json() == {"sandboxId": "i0123456789abcdefghi", "message": "The sandbox was not found", "code": 502}


def test_a_port_of_one_sandbox_is_not_another_sandboxs(server, web, new_sandbox):
    with Envd(server, new_sandbox().sandbox_id, None, port=8000) as client:
        assert client.get("/").status_code == 502


@pytest.mark.parametrize(
    "label", ["08000-{}", "+8000-{}", "8000-{}x", "-{}", "{}", "65536-{}", "8000-", "8000-{}-more", "8000-UP{}"]
)
def test_a_label_that_is_no_port_and_sandbox_is_refused(box, server, label):
    domain = box.get_host(8000).split(".", 1)[1]
    host = f"{label.format(box.sandbox_id)}.{domain}"
    response = httpx.get(server.url + "/", headers={"Host": host}, trust_env=False)
    assert response.status_code in (400, 404, 502), response.text


def test_a_server_that_hangs_up_is_a_bad_gateway(box, server):
    program = "import socket\ns = socket.create_server(('127.0.0.1', 8201))\nwhile True: s.accept()[0].close()"
    box.files.write("/tmp/rude.py", program)
    box.commands.run("python3 /tmp/rude.py", background=True, timeout=0)
    with Envd(server, box.sandbox_id, None, port=8201) as client:
        eventually(lambda: "not open" not in client.get("/").text, "the rude server")
        assert client.get("/").status_code == 502


@pytest.mark.parametrize(
    "answer",
    [
        "garbage\\r\\n\\r\\n",
        "HTTP/1.1 200 OK\\r\\nContent-Length: -1\\r\\n\\r\\n",
        "HTTP/1.1 999999 X\\r\\n\\r\\n",
        "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n",
    ],
    ids=range(4),
)
def test_a_server_that_sends_garbage_harms_only_its_client(box, server, api, answer):
    port = 8300 + len(answer)
    box.files.write(
        "/tmp/garbage.py",
        "import socket, sys\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        f"while True:\n    c = s.accept()[0]; c.recv(9999); c.sendall(b'{answer}'); c.close()",
    )
    box.commands.run(f"python3 /tmp/garbage.py {port}", background=True, timeout=0)
    with Envd(server, box.sandbox_id, None, port=port) as client:

        def is_up():
            try:
                return "not open" not in client.get("/").text
            except httpx.RemoteProtocolError:
                return True

        eventually(is_up, "the server of garbage")
        try:
            assert client.get("/").status_code in (200, 502)
        except httpx.RemoteProtocolError:
            pass
    assert api.get("/sandboxes").status_code == 200
