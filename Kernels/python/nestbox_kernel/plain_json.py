"""Python values as what JSON knows."""

import dataclasses
import datetime
import enum
import math
import sys
import uuid

# Deeper nesting than this is no data but a loop.
DEPTH = 200
# How the keys of an object are spelt that Python writes in its own way.
WORDS = ((None, "null"), (True, "true"), (False, "false"))


def plain(value, depth: int = DEPTH):
    """`value` in the types of JSON alone: numbers that are none become null, dates ISO texts, arrays lists.

    Raises TypeError for a value that has no such form, or is nested too deeply.
    """
    return _Converter(unknown=_refuse).convert(value, depth)


def plain_or_text(value, depth: int = DEPTH):
    """The same, with the text of a value where it has no other form."""
    return _Converter(unknown=str).convert(value, depth)


def _refuse(value):
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class _Converter:
    def __init__(self, unknown):
        self._unknown = unknown

    def convert(self, value, depth: int):
        if value is None or value is True or value is False or type(value) is str:
            return value
        if depth <= 0:
            raise TypeError("nested too deeply for JSON")
        if isinstance(value, dict):
            return {self._key(name): self.convert(item, depth - 1) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.convert(item, depth - 1) for item in value]
        return self._scalar(value, depth)

    def _scalar(self, value, depth: int):
        if isinstance(value, enum.Enum):
            return self.convert(value.value, depth - 1)
        if isinstance(value, str):
            return "".join((value,))
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if _is_missing(value):
            return None
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, uuid.UUID):
            return str(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return self.convert(fields, depth - 1)
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.generic):
            return self._of_numpy(value.item(), value, depth)
        if numpy is not None and isinstance(value, numpy.ndarray):
            return self.convert(value.tolist(), depth - 1)
        return self._unknown(value)

    def _of_numpy(self, item, value, depth: int):
        """A scalar's Python value; the few that have none, such as long doubles, answer with themselves."""
        return self._unknown(value) if type(item) is type(value) else self.convert(item, depth - 1)

    def _key(self, name) -> str:
        if type(name) is str:
            return name
        for word, text in WORDS:
            if name is word:
                return text
        simple = self.convert(name, depth=2)
        return simple if isinstance(simple, str) else str(name)


def _is_missing(value) -> bool:
    """Whether it is one of pandas' values for what is not there."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is pandas.NaT or value is pandas.NA)
