"""The kernel wire: frames of `u32 length (little endian) | u8 kind | payload`, and what their payloads may be."""

import json
import struct
from typing import NamedTuple

PROTOCOL = 1

EXECUTE = 0x01
INSPECT = 0x02

HELLO = 0x80
COUNT = 0x81
STDOUT = 0x82
STDERR = 0x83
RESULT = 0x84
ERROR = 0x85
END = 0x8F

HEADER = struct.Struct("<IB")
JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

MAXIMUM_REQUEST_BYTES = 16 << 20
MAXIMUM_STREAM_BYTES = 64 << 10
MAXIMUM_RESULT_BYTES = 32 << 20
MAXIMUM_ERROR_TEXT_BYTES = 1 << 20


class WireError(Exception):
    """The peer did not keep to the wire; the text says how."""


class Execute(NamedTuple):
    """Run `code`, with `environment` set for as long as it runs."""

    code: str
    environment: dict[str, str]


class Inspect(NamedTuple):
    """Say hello, nothing else."""


def header(kind: int, length: int) -> bytes:
    return HEADER.pack(length, kind)


def encoded(value) -> bytes:
    """`value` as strict JSON. Raises TypeError or ValueError for what JSON does not know, such as NaN."""
    return JSON.encode(value).encode("utf-8", "replace")


def parsed_request(kind: int, payload: bytes) -> Execute | Inspect:
    """The request in a frame. Raises WireError for any other frame."""
    if kind == INSPECT:
        if payload:
            raise WireError("an inspect frame has no payload")
        return Inspect()
    if kind != EXECUTE:
        raise WireError(f"no request has the kind {kind:#04x}")
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the request is not JSON: {error}") from None
    if not isinstance(fields, dict) or fields.keys() - {"code", "environment"}:
        raise WireError("a request has the fields code and environment")
    return Execute(checked_code(fields.get("code")), checked_environment(fields.get("environment", {})))


def checked_code(code) -> str:
    if not isinstance(code, str):
        raise WireError("code is a text")
    return code


def checked_environment(environment) -> dict[str, str]:
    """`environment` if the system takes every entry of it. Raises WireError otherwise."""
    if not isinstance(environment, dict):
        raise WireError("environment is an object of texts")
    for name, value in environment.items():
        if not isinstance(value, str) or "\0" in value:
            raise WireError(f"the environment variable {name!r} is no text without NUL")
        if not name or "=" in name or "\0" in name:
            raise WireError(f"{name!r} is no name of an environment variable")
    return environment


class FrameReader:
    """Puts one request frame together from pieces as they come."""

    def __init__(self):
        self._received = bytearray()

    def feed(self, data: bytes) -> Execute | Inspect | None:
        """The request once it is whole, None before. Raises WireError for what can never become one."""
        self._received += data
        if len(self._received) < HEADER.size:
            return None
        length, kind = HEADER.unpack_from(self._received)
        if length > MAXIMUM_REQUEST_BYTES:
            raise WireError(f"a request of {length} bytes; {MAXIMUM_REQUEST_BYTES} are allowed")
        if len(self._received) > HEADER.size + length:
            raise WireError("more than one frame")
        if len(self._received) < HEADER.size + length:
            return None
        payload = bytes(self._received[HEADER.size :])
        self._received.clear()
        return parsed_request(kind, payload)
