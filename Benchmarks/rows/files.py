"""Reading and writing a file through the API against nginx with the same file: each server alone on one core, the
client on the other."""

import contextlib
import os
import time
import urllib.parse

from context import debian, on_core, running, scratch
from http1 import Connection
from measure import Failed, interleave, timed
from report import Line, Quantity, ratio_at_least
from server import envd_headers, free_port, own_server

_SERVER_CORE, _CLIENT_CORE = 0, 1
_TARGET = ratio_at_least(0.6)
# name -> bytes, rounds, rounds when quick
_SIZES = {"1 KiB": (1 << 10, 1000, 100), "1 MiB": (1 << 20, 200, 20), "256 MiB": (256 << 20, 6, 2)}

_NGINX = """
daemon off; worker_processes 1; pid {place}/pid; error_log stderr error; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; client_max_body_size 0;
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
  uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  server {{ listen 127.0.0.1:{port}; root {place}/root; dav_methods PUT; }}
}}
"""


@contextlib.contextmanager
def _nginx():
    """Lends a connection to nginx, one worker on the servers' core."""
    nginx, port = debian("nginx", "nginx-light"), free_port()
    with scratch() as place:
        (place / "root").mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        (place / "nginx.conf").write_text(_NGINX.format(place=place, port=port, user=user), encoding="utf-8")
        argv = ["taskset", "-c", str(_SERVER_CORE), nginx, "-p", str(place), "-c", str(place / "nginx.conf")]
        with running(argv), contextlib.closing(_patient_connection(port)) as connection:
            yield connection


def _patient_connection(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            return Connection("127.0.0.1", port)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class _Nginx:
    """Files of nginx."""

    def __init__(self, connection):
        self._connection = connection

    def write(self, name, content):
        self._connection.request("PUT", f"/{name}", body=content, expect=(201, 204))

    def read(self, name):
        return self._connection.request("GET", f"/{name}")


class _Sandbox:
    """Files of one sandbox, by the API."""

    def __init__(self, connection, sandbox_id, token):
        self._connection, self._headers = connection, envd_headers(sandbox_id, token)

    def write(self, name, content):
        headers = self._headers | {"content-type": "application/octet-stream"}
        self._connection.request("POST", self._target(name), headers, content)

    def read(self, name):
        return self._connection.request("GET", self._target(name), self._headers)

    @staticmethod
    def _target(name):
        return "/files?" + urllib.parse.urlencode({"path": f"/home/user/{name}", "username": "user"})


@contextlib.contextmanager
def _sandbox(context):
    prefix = ["taskset", "-c", str(_SERVER_CORE)]
    with own_server(context, prefix) as server, server.connection() as connection:
        sandbox_id, token = server.create(connection, seconds=3600)
        try:
            yield _Sandbox(connection, sandbox_id, token)
        finally:
            server.kill(connection, sandbox_id)


def _reader(files, name, size):
    def read():
        if files.read(name).length != size:
            raise Failed(f"{name}: {size} bytes were written, another number came back")

    return timed(read)


def _measure(rivals, label, size, rounds):
    """Yields a line for writing and one for reading; `rivals` has nginx and, if it is there, ours."""
    content, name = os.urandom(min(size, 1 << 20)) * max(1, size >> 20), label.replace(" ", "-")
    writes = {who: timed(lambda files=files: files.write(name, content)) for who, files in rivals.items()}
    samples = {"write": interleave(writes, rounds, warm_up=1)}
    for who, files in rivals.items():
        if files.read(name).body[:4096] != content[:4096]:
            raise Failed(f"{who} gave back other bytes than were written")
    samples["read"] = interleave({who: _reader(files, name, size) for who, files in rivals.items()}, rounds, warm_up=1)
    for verb, by_rival in samples.items():
        rates = {who: Quantity(size / sample.p50, "B/s") for who, sample in by_rival.items()}
        yield Line("files", f"{verb} {label}", rounds, rates.get("ours"), "nginx", rates["nginx"], _TARGET)


def measured(context, rivals):
    for label, (size, rounds, quick_rounds) in _SIZES.items():
        yield from _measure(rivals, label, size, context.count(rounds, quick_rounds))


def lines(context):
    with _nginx() as connection, _sandbox(context) as sandbox, on_core(_CLIENT_CORE):
        yield from measured(context, {"ours": sandbox, "nginx": _Nginx(connection)})
