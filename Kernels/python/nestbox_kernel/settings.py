"""Which context a kernel serves, and where."""

import argparse
import json
from typing import NamedTuple

from .wire import WireError, checked_environment

LANGUAGE = "python"


class Settings(NamedTuple):
    """What a kernel is told when it starts."""

    socket: str
    context: str


class Landing(NamedTuple):
    """What a fork is told when it lands: its settings, and the surroundings a cold kernel would have been born into."""

    settings: Settings
    cwd: str
    environment: dict[str, str]


def from_arguments(arguments: list[str] | None = None) -> Settings:
    """The settings on a command line. Ends the process with a message if they are wrong."""
    parser = argparse.ArgumentParser(prog="kernel", allow_abbrev=False)
    parser.add_argument("--socket", required=True, help="where to listen; the directory is made if need be")
    parser.add_argument("--context", required=True)
    parser.add_argument("--language", required=True, choices=[LANGUAGE])
    parsed = parser.parse_args(arguments)
    return Settings(parsed.socket, parsed.context)


def from_payload(payload: bytes) -> Landing:
    """The landing in a zygote's request. Raises WireError if a field is missing, of the wrong type, or unknown."""
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the payload is not JSON: {error}") from None
    if not isinstance(fields, dict) or fields.keys() != {"socket", "context", "language", "cwd", "environment"}:
        raise WireError("the payload has the fields socket, context, language, cwd and environment")
    for name in ("socket", "context", "language", "cwd"):
        if not isinstance(fields[name], str) or not fields[name]:
            raise WireError(f"{name} is a text")
    if fields["language"] != LANGUAGE:
        raise WireError(f"this is a zygote of {LANGUAGE}, not of {fields['language']}")
    environment = checked_environment(fields["environment"])
    return Landing(Settings(fields["socket"], fields["context"]), fields["cwd"], environment)
