"""Runs inside a sandbox: a small server whose answers tell how it was reached. Usage: port_server.py ADDRESS PORT"""

import base64
import hashlib
import http.server
import json
import socket
import socketserver
import sys

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.echo_websocket()
        if self.path == "/steps":
            return self.answer_in_steps()
        self.answer({"path": self.path, "method": self.command, "headers": dict(self.headers.items())})

    do_DELETE = do_OPTIONS = do_GET

    def do_POST(self):
        if self.path == "/back":
            return self.echo_body()
        body = b"".join(self.body())
        self.answer(
            {"path": self.path, "method": self.command, "length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        )

    do_PUT = do_PATCH = do_POST

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(int(self.headers.get("X-Want-Status", "200")))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("Content-Length", "0"))
            while left:
                piece = self.rfile.read1(min(left, 65536))
                left -= len(piece)
                yield piece

    def start_chunks(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def answer_in_steps(self):
        """Each step is sent when the file of its number appears."""
        import os
        import time

        self.start_chunks()
        for number in range(3):
            while not os.path.exists(f"/tmp/step-{number}"):
                time.sleep(0.01)
            self.chunk(b"step %d\n" % number)
        self.chunk(b"")

    def echo_body(self):
        self.start_chunks()
        for piece in self.body():
            self.chunk(piece)
        self.chunk(b"")

    def echo_websocket(self):
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:  # sends back each message; stops at a close frame
            first, second = self.rfile.read(2)
            length = second & 127
            if length == 126:
                length = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(length)))
            head = bytes([first]) + (bytes([length]) if length < 126 else b"\x7e" + length.to_bytes(2, "big"))
            self.wfile.write(head + data)
            if first & 15 == 8:
                return

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
