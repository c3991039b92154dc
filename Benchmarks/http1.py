"""A lean HTTP/1.1 client on one kept-alive connection: what a benchmark can put in front of a server without becoming
the thing measured. It knows Content-Length and chunked bodies, and nothing else."""

import json
import socket
from dataclasses import dataclass

_PIECE = 1 << 20
_HEAD_LIMIT = 64 << 10


class HTTPError(ValueError):
    """An answer that was not expected."""


@dataclass
class Response:
    """`body` has the first piece's worth of bytes; `length` counts them all."""

    status: int
    headers: dict
    body: bytes
    length: int

    def json(self):
        return json.loads(self.body)


class Connection:
    """One connection; used by one thread."""

    def __init__(self, host, port, timeout=120):
        self._host = f"{host}:{port}"
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._piece = memoryview(bytearray(_PIECE))
        self._rest = b""

    def close(self):
        self._socket.close()

    def request(self, method, target, headers=None, body=b"", expect=(200,)):
        """Sends, and reads the whole answer. Throws `HTTPError` for a status that is not in `expect`."""
        lines = [f"{method} {target} HTTP/1.1", f"host: {self._host}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if len(body) <= _PIECE:
            self._socket.sendall(head + bytes(body))
        else:
            self._socket.sendall(head)
            self._socket.sendall(body)
        response = self._response()
        if response.status not in expect:
            raise HTTPError(f"{method} {target}: {response.status} {response.body[:200]!r}")
        return response

    def _response(self):
        while b"\r\n\r\n" not in self._rest:
            if len(self._rest) > _HEAD_LIMIT:
                raise HTTPError("a head without an end")
            self._fill()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        status = int(first.split(" ", 2)[1])
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, length = self._chunks()
        else:
            body, length = self._counted(0 if status in (204, 304) else int(headers.get("content-length", "0")))
        return Response(status, headers, body, length)

    def _fill(self):
        part = self._socket.recv(_PIECE)
        if not part:
            raise HTTPError("the server closed the connection")
        self._rest += part

    def _counted(self, count):
        """Takes `count` bytes, and keeps the first of them."""
        body, self._rest = self._rest[:count], self._rest[count:]
        left = count - len(body)
        while left:
            taken = self._socket.recv_into(self._piece[:min(left, _PIECE)])
            if not taken:
                raise HTTPError("the server closed the connection in a body")
            if len(body) < _PIECE:
                body += bytes(self._piece[:taken])
            left -= taken
        return body, count

    def _line(self):
        while b"\r\n" not in self._rest:
            self._fill()
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line

    def _chunks(self):
        body, length = b"", 0
        while size := int(self._line().split(b";")[0], 16):
            part, count = self._counted(size)
            body, length = (body + part if len(body) < _PIECE else body), length + count
            self._line()
        while self._line():
            pass
        return body, length
