"""A server that says what a test told it to: as much of the control plane and of port 49999 as `nestbox code` uses."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "e2b_0123456789abcdef"
TOKEN = "token-of-the-stub"
END = {"type": "end_of_execution"}


def stdout(text):
    return {"type": "stdout", "text": text, "timestamp": 1}


def stderr(text):
    return {"type": "stderr", "text": text, "timestamp": 1}


def count(number):
    return {"type": "number_of_executions", "execution_count": number}


def result(main=True, **forms):
    return {"type": "result", "is_main_result": main} | forms


def error(name, value, traceback=""):
    return {"type": "error", "name": name, "value": value, "traceback": traceback}


class Hang:
    """In place of an event: nothing more is said until the client goes away."""

    def __init__(self):
        self.has_begun = threading.Event()
        self.was_left = threading.Event()


class Wait:
    """In place of an event: what follows is said when the test lets it."""

    def __init__(self):
        self.release = threading.Event()


class InterpreterStub:
    """`cells` has the events of each code; `requests` is what was asked: method, path, headers, body."""

    def __init__(self, url):
        self.url = url
        self.cells = {}
        self.sandboxes = {}
        self.requests = []
        self.refusal = None
        self.made = 0

    @property
    def environment(self):
        return {"E2B_API_URL": self.url, "E2B_API_KEY": KEY}

    def asked(self, method, path):
        return [request for request in self.requests if request[:2] == (method, path)]

    @property
    def executions(self):
        return [body for _, _, _, body in self.asked("POST", "/execute")]

    def add_sandbox(self):
        self.made += 1
        sandbox_id = f"istub{self.made}"
        self.sandboxes[sandbox_id] = {
            "sandboxID": sandbox_id,
            "templateID": "code-interpreter-v1",
            "startedAt": "2026-01-01T00:00:00Z",
            "endAt": "2026-01-01T00:05:00Z",
            "state": "running",
            "cpuCount": 1,
            "memoryMB": 512,
            "diskSizeMB": 1024,
            "envdAccessToken": TOKEN,
        }
        return self.sandboxes[sandbox_id]


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def stub(self):
        return self.server.stub

    def _take(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        message = json.loads(body) if body else None
        self.stub.requests.append((self.command, self.path, dict(self.headers), message))
        return message

    def _answer(self, status, message=None, kind="application/json"):
        body = b"" if message is None else message.encode() if isinstance(message, str) else json.dumps(message).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _sandbox(self):
        return self.stub.sandboxes.get(self.path.split("/")[2])

    def _not_found(self):
        self._answer(404, {"code": 404, "message": "no such sandbox"})

    def do_GET(self):
        self._take()
        self._answer(200, self._sandbox()) if self._sandbox() else self._not_found()

    def do_DELETE(self):
        self._take()
        if self._sandbox():
            del self.stub.sandboxes[self.path.split("/")[2]]
            self._answer(204)
        else:
            self._not_found()

    def do_POST(self):
        message = self._take()
        if self.path == "/execute":
            return self._execute(message)
        if self.headers.get("x-api-key") != KEY:
            return self._answer(401, {"code": 401, "message": "a good key is wanted"})
        if self.path == "/v2/sandboxes":
            return self._answer(201, self.stub.add_sandbox())
        self._answer(204) if self._sandbox() else self._not_found()

    def _execute(self, message):
        if self.stub.refusal:
            return self._answer(*self.stub.refusal)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in self.stub.cells[message["code"]]:
            if isinstance(event, Wait):
                event.release.wait(30)
            elif isinstance(event, Hang):
                return self._hang(event)
            else:
                self._chunk(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n")
        self.wfile.write(b"0\r\n\r\n")

    def _hang(self, hang):
        hang.has_begun.set()
        self.close_connection = True
        while self.connection.recv(4096):
            pass
        hang.was_left.set()

    def _chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


@contextmanager
def interpreter_stub():
    """Lends one on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    server.stub = InterpreterStub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
