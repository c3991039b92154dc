"""The payload of a result: the forms of one value by MIME type."""

import base64

from .plain_json import plain_or_text
from .wire import MAXIMUM_RESULT_BYTES, encoded

# Forms whose values are JSON and not text.
JSON_FORMS = frozenset({"application/json", "e2b/data", "e2b/chart"})


class ResultTooLarge(Exception):
    """No form of a result is small enough to be sent."""


def payload(is_main: bool, forms: dict) -> tuple[bytes, list[str]]:
    """The payload, and a sentence for each form that it is without since all together were too large.

    The largest forms go first, so a table of a million rows loses its data and keeps its text. Raises ResultTooLarge
    if nothing is left.
    """
    members = {name: encoded(name) + b":" + encoded_form(name, value) for name, value in forms.items()}
    left_out = []
    while sum(map(len, members.values())) + len(members) > MAXIMUM_RESULT_BYTES - 64:
        largest = max(members, key=lambda name: len(members[name]))
        size = len(members.pop(largest))
        if not members:
            raise ResultTooLarge(f"the result has {size} bytes as {largest}; {MAXIMUM_RESULT_BYTES} are allowed")
        left_out.append(f"{largest} was left out of a result: {size} bytes")
    head = b'{"main":true,"data":{' if is_main else b'{"main":false,"data":{'
    return head + b",".join(members.values()) + b"}}", left_out


def encoded_form(name: str, value) -> bytes:
    """One form's value as JSON: bytes become base64 as in Jupyter."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return encoded(base64.b64encode(value).decode("ascii"))
    if name not in JSON_FORMS and not name.endswith("+json"):
        return encoded(value if isinstance(value, str) else str(value))
    try:
        return encoded(value)
    except (TypeError, ValueError, RecursionError):
        return encoded(plain_or_text(value))
