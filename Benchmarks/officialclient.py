"""Runs under the Python that has the official `e2b` client; prints seconds as JSON.

    officialclient.py ROUNDS '{"NAME": {"url": "http://127.0.0.1:PORT", "key": "e2b_..."}, ...}'

Every round does the same against each server in turn: `create_and_run` is `Sandbox.create()` and the first
`commands.run("true")` in it; `exec` is `commands.run("true")` in a sandbox that is there already.
"""

import json
import sys
import time

from e2b import Sandbox

_WARM_UP = 3
_TEMPLATE, _LIFE_SECONDS = "base", 600


def _create(server):
    return Sandbox.create(
        template=_TEMPLATE, timeout=_LIFE_SECONDS, api_key=server["key"], api_url=server["url"],
        sandbox_url=server["url"])


def _run_true(sandbox):
    if sandbox.commands.run("true").exit_code != 0:
        raise SystemExit("`true` failed")


def _seconds_of(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def _create_and_run(server):
    def both():
        sandbox = _create(server)
        _run_true(sandbox)
        return sandbox

    seconds, sandbox = _seconds_of(both)
    sandbox.kill()
    return seconds


def measure(rounds, servers):
    seconds = {name: {"create_and_run": [], "exec": []} for name in servers}
    living = {name: _create(server) for name, server in servers.items()}
    try:
        for number in range(_WARM_UP + rounds):
            for name, server in servers.items():
                taken = {"create_and_run": _create_and_run(server),
                         "exec": _seconds_of(lambda: _run_true(living[name]))[0]}
                if number >= _WARM_UP:
                    for what, value in taken.items():
                        seconds[name][what].append(value)
    finally:
        for sandbox in living.values():
            sandbox.kill()
    return seconds


if __name__ == "__main__":
    json.dump(measure(int(sys.argv[1]), json.loads(sys.argv[2])), sys.stdout)
