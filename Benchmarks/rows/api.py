"""The API as users meet it, by the official client: create with a first command, and one command more. Beside it stands
the same client against answers that were ready made, so that what is left is ours."""

import contextlib
import json
import subprocess
import sys
import time

from context import HERE, Missing, running, scratch
from measure import Failed, Sample
from report import Line, Quantity, at_most
from server import own_server

_WORDS = {"create_and_run": "Sandbox.create() + first commands.run", "exec": "commands.run on a live sandbox"}
# Seconds.
_TARGETS = {("create_and_run", 0.5): 0.015, ("create_and_run", 0.99): 0.040, ("exec", 0.5): 0.003,
            ("exec", 0.99): 0.008}
_CLIENT_SECONDS = 900


@contextlib.contextmanager
def canned_server():
    """Lends the URL of a server whose answers are ready made."""
    with scratch() as place, running([sys.executable, str(HERE / "canned.py"), str(place / "port")]):
        deadline = time.monotonic() + 10
        while not (place / "port").exists() or not (place / "port").read_text():
            if time.monotonic() > deadline:
                raise Failed("the canned server did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{(place / 'port').read_text()}"


def client_seconds(python, rounds, servers):
    """What the official client measured: server -> action -> `Sample`."""
    argv = [str(python), str(HERE / "officialclient.py"), str(rounds), json.dumps(servers)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_CLIENT_SECONDS, check=False)
    if done.returncode != 0:
        raise Failed(f"the official client failed: {done.stderr.strip()[-500:]}")
    return {name: {what: Sample(seconds) for what, seconds in by_action.items()}
            for name, by_action in json.loads(done.stdout).items()}


def lines(context):
    if context.client_python is None:
        raise Missing("no Python with the official e2b client: make venv")
    rounds = context.count(300, 20)
    with own_server(context) as server, canned_server() as canned:
        samples = client_seconds(context.client_python, rounds, {
            "ours": {"url": server.url, "key": server.key}, "canned": {"url": canned, "key": "e2b_0123456789abcdef"}})
    for (what, quantile), bound in _TARGETS.items():
        mine, floor = (Quantity(samples[name][what].quantile(quantile), "s") for name in ["ours", "canned"])
        yield Line("api", f"{_WORDS[what]}, p{quantile * 100:.0f}", rounds, mine, "the client alone", floor,
                   at_most(bound, "s"))
