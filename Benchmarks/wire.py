"""The spawner's and the guest's wire, as far as a benchmark needs it. The authority is Sources/WireCoding,
SpawnerProtocol and GuestProtocol; tests/test_wire.py holds byte examples derived by hand from those."""

import struct
from dataclasses import dataclass

PROTOCOL_VERSION = 2
DATAGRAM_BYTES = 64 << 10
PAYLOAD_BYTES = 1 << 20
_HELLO, _CREATE, _SET_DEADLINE, _DESTROY, _LIST, _USAGE, _START_ZYGOTE, _END_ZYGOTE, _LAND = range(1, 10)
_ANSWERS = {1: "welcome", 2: "created", 3: "done", 4: "failed", 5: "sandboxes", 6: "usage", 7: "ended", 8: "landed",
            9: "zygoteEnded"}
_PING, OK, FAILURE = 0x22, 0x80, 0x81


class WireError(ValueError):
    """Bytes that no version of the protocol has."""


def u8(value):
    return struct.pack("<B", value)


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def i64(value):
    return struct.pack("<q", value)


def text(value):
    encoded = value.encode()
    return u32(len(encoded)) + encoded


def texts(values):
    return u32(len(values)) + b"".join(text(value) for value in values)


def pairs(values):
    return u32(len(values)) + b"".join(text(name) + text(value) for name, value in values.items())


class Reader:
    """Takes a payload apart; throws `WireError` where it is too short or has bytes left over."""

    def __init__(self, payload):
        self._payload, self._position = payload, 0

    def take(self, count):
        end = self._position + count
        if end > len(self._payload):
            raise WireError("truncated")
        part, self._position = self._payload[self._position:end], end
        return part

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def text(self):
        return self.take(self.number("I")).decode()

    def finish(self):
        if self._position != len(self._payload):
            raise WireError(f"{len(self._payload) - self._position} bytes left over")


@dataclass
class Limits:
    """Mirrors `SpawnLimits`."""

    memory_bytes: int = 512 << 20
    cpu_milli: int = 1000
    processes: int = 256
    open_files: int = 4096
    disk_bytes: int = 1 << 30
    disk_inodes: int = 65536

    def encoded(self):
        return struct.pack("<QIIIQQ", self.memory_bytes, self.cpu_milli, self.processes, self.open_files,
                           self.disk_bytes, self.disk_inodes)


@dataclass
class CreateSandbox:
    """Mirrors `CreateSandbox`."""

    sandbox_id: str
    template_id: str
    family: str
    hostname: str
    layers: list
    limits: Limits
    no_new_privileges: bool
    deadline_milliseconds: int

    def encoded(self):
        names = b"".join(map(text, [self.sandbox_id, self.template_id, self.family, self.hostname]))
        return (names + texts(self.layers) + self.limits.encoded() + u8(self.no_new_privileges)
                + i64(self.deadline_milliseconds))


@dataclass
class StartZygote:
    """Mirrors `StartZygote`."""

    family: str
    template_id: str
    layers: list
    arguments: list
    environment: dict
    limits: Limits
    no_new_privileges: bool

    def encoded(self):
        return (text(self.family) + text(self.template_id) + texts(self.layers) + texts(self.arguments)
                + pairs(self.environment) + self.limits.encoded() + u8(self.no_new_privileges))


def hello(number):
    return u64(number) + u8(_HELLO) + u32(PROTOCOL_VERSION)


def create(number, sandbox):
    return u64(number) + u8(_CREATE) + sandbox.encoded()


def destroy(number, sandbox_id):
    return u64(number) + u8(_DESTROY) + text(sandbox_id)


def start_zygote(number, zygote):
    return u64(number) + u8(_START_ZYGOTE) + zygote.encoded()


def end_zygote(number, family):
    return u64(number) + u8(_END_ZYGOTE) + text(family)


def land(number, sandbox_id, payload):
    return u64(number) + u8(_LAND) + text(sandbox_id) + u32(len(payload)) + payload


@dataclass
class Answer:
    """One datagram of the spawner; `fields` as its kind has them, empty for kinds that the benchmark does not read."""

    number: int
    kind: str
    fields: tuple = ()


def answer(datagram):
    reader = Reader(datagram)
    number, tag = reader.number("Q"), reader.number("B")
    if tag not in _ANSWERS:
        raise WireError(f"unknown tag {tag}")
    kind, fields = _ANSWERS[tag], ()
    if kind == "welcome":
        fields = (reader.number("I"), reader.text())
    elif kind == "failed":
        fields = (reader.number("B"), reader.text(), reader.number("i"), reader.text())
    elif kind == "ended":
        fields = (reader.text(), reader.number("B"))
    elif kind == "landed":
        fields = (reader.number("I"),)
    elif kind == "zygoteEnded":
        fields = (reader.text(),)
    elif kind in ("sandboxes", "usage"):
        return Answer(number, kind)
    reader.finish()
    return Answer(number, kind, fields)


def frame(kind, payload=b""):
    return u32(len(payload)) + u8(kind) + payload


PING = frame(_PING)


def read_frame(connection):
    """The next (kind, payload) of a connected stream socket."""
    length, kind = struct.unpack("<IB", _exactly(connection, 5))
    if length > PAYLOAD_BYTES:
        raise WireError(f"a frame of {length} bytes")
    return kind, _exactly(connection, length)


def _exactly(connection, count):
    parts = b""
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise WireError("the connection ended inside a frame")
        parts += part
    return parts
