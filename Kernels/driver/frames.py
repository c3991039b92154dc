"""The kernel wire: `u32 length (little endian) | u8 kind | payload`, the length counting the payload only."""

import struct

EXECUTE = 0x01
INSPECT = 0x02
HELLO = 0x80
COUNT = 0x81
STDOUT = 0x82
STDERR = 0x83
RESULT = 0x84
ERROR = 0x85
END = 0x8F

PROTOCOL = 1
REQUEST_LIMIT = 16 << 20
RESULT_LIMIT = 32 << 20
OUTPUT_LIMIT = 64 << 10
ERROR_TEXT_LIMIT = 1 << 20

_HEADER = struct.Struct("<IB")


class WireError(Exception):
    """The other side said something that is not of the wire."""


def frame(kind, payload=b""):
    return _HEADER.pack(len(payload), kind) + payload


def shortened(text):
    """`text`, or its beginning and a notice if it is longer than an error may be."""
    whole = text.encode(errors="replace")
    if len(whole) <= ERROR_TEXT_LIMIT:
        return text
    notice = "\n… the rest is left out"
    kept = whole[: ERROR_TEXT_LIMIT - len(notice.encode())]
    return kept.decode(errors="ignore") + notice


class FrameReader:
    """Cuts a stream of bytes into frames. Throws `WireError` for a frame longer than `limit`."""

    def __init__(self, limit):
        self._limit = limit
        self._bytes = bytearray()

    def frames(self, received):
        """The frames that `received` completes, as pairs of kind and payload."""
        self._bytes += received
        while len(self._bytes) >= _HEADER.size:
            length, kind = _HEADER.unpack_from(self._bytes)
            if length > self._limit:
                raise WireError(f"a frame of {length} bytes, of at most {self._limit}")
            end = _HEADER.size + length
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[_HEADER.size : end])
            del self._bytes[:end]
            yield kind, payload
