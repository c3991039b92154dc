"""The least server that the official client takes for a sandbox service: every answer is ready made. What the client
takes against it is the client's own cost, and what is above it is the server's.

    canned.py PORT_FILE      listens on a free port of 127.0.0.1, writes the port there, and serves until it is ended
"""

import json
import pathlib
import socket
import struct
import sys
import threading

SANDBOX = {"templateID": "base", "sandboxID": "icanned0000000000000", "clientID": "canned", "envdVersion": "0.6.13",
           "envdAccessToken": "canned"}


def _stream(*messages):
    """A body of Connect's streams: `flags | big-endian length | JSON`, the last with the flag for the end."""
    frames = [(0, json.dumps(message)) for message in messages] + [(2, "{}")]
    return b"".join(struct.pack(">BI", flags, len(body)) + body.encode() for flags, body in frames)


def _answer(status, content_type, body):
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


_CREATED = _answer("201 Created", "application/json", json.dumps(SANDBOX).encode())
_RAN = _answer("200 OK", "application/connect+json", _stream(
    {"event": {"start": {"pid": 7}}}, {"event": {"end": {"exited": True, "status": "exit status 0"}}}))
_EVENTS = [
    {"type": "number_of_executions", "execution_count": 1}, {"type": "result", "is_main_result": True, "text": "2"},
    {"type": "end_of_execution"}]
_EXECUTED = _answer(
    "200 OK", "application/x-ndjson", "".join(json.dumps(event) + "\n" for event in _EVENTS).encode())
_GONE = b"HTTP/1.1 204 No Content\r\n\r\n"


def _choose(request_line):
    if request_line.startswith(b"DELETE"):
        return _GONE
    if b" /execute " in request_line:
        return _EXECUTED
    return _RAN if b"/process.Process/" in request_line else _CREATED


class _Requests:
    """Cuts one connection's bytes into requests."""

    def __init__(self, connection):
        self._connection, self._rest = connection, b""

    def next(self):
        """The request line of the next whole request, or None at the end of the stream."""
        while b"\r\n\r\n" not in self._rest:
            if not self._fill():
                return None
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            while b"0\r\n\r\n" not in self._rest and self._fill():
                pass
            self._rest = self._rest.partition(b"0\r\n\r\n")[2]
        elif b"content-length:" in lowered:
            count = int(lowered.partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(self._rest) < count and self._fill():
                pass
            self._rest = self._rest[count:]
        return head.split(b"\r\n")[0]

    def _fill(self):
        part = self._connection.recv(65536)
        self._rest += part
        return part


def _serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    requests = _Requests(connection)
    with connection:
        while (line := requests.next()) is not None:
            connection.sendall(_choose(line))


def main():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        pathlib.Path(sys.argv[1]).write_text(str(listener.getsockname()[1]), encoding="utf-8")
        while True:
            threading.Thread(target=_serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
