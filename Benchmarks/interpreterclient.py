"""Runs under the Python that has the official `e2b-code-interpreter` client; prints seconds as JSON.

    interpreterclient.py '{"rounds": 10, "servers": {"NAME": {"url": "...", "key": "..."}, ...},
                           "programs": {"NAME": ["python3", "-c", "..."], ...}, "component": "FILE" or null}'

Every round does the same against each in turn. `describe` is a new sandbox and the first cell in it, which prints what
pandas says of a table, for the servers in whose entry `"describe"` is true; the same by a program of its own for each
of `programs`, and by a new instance of the component. `live` is `1 + 1` in a sandbox that is there already, some times
in a row, as in a conversation: the first of them finds the machine busy with what came before it, or asleep.
"""

import json
import subprocess
import sys
import time

from e2b_code_interpreter import Sandbox

from wasmpython import Component

_WARM_UP = 5
_IN_A_ROW = 5
_LIFE_SECONDS = 600
DESCRIBE = """
import pandas
print(pandas.DataFrame({"x": range(1000), "y": range(0, 2000, 2)}).describe())
"""


def _create(server):
    return Sandbox.create(
        timeout=_LIFE_SECONDS, api_key=server["key"], api_url=server["url"], sandbox_url=server["url"])


def _seconds_of(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def _describe(server):
    def both():
        sandbox = _create(server)
        return sandbox, sandbox.run_code(DESCRIBE)

    seconds, (sandbox, execution) = _seconds_of(both)
    sandbox.kill()
    if "1000.0" not in "".join(execution.logs.stdout):
        raise SystemExit(f"describe() said {execution}")
    return seconds


def _live(sandbox):
    seconds, execution = _seconds_of(lambda: sandbox.run_code("1 + 1"))
    if execution.text != "2":
        raise SystemExit(f"1 + 1 said {execution}")
    return seconds


def _program(argv):
    return _seconds_of(lambda: subprocess.run(argv, check=True, stdout=subprocess.DEVNULL))[0]


def _rivals(plan, living):
    """(what, name) -> call that gives its seconds, one or more."""
    rivals = {}
    for name, server in plan["servers"].items():
        if server["describe"]:
            rivals["describe", name] = lambda server=server: [_describe(server)]
        rivals["live", name] = lambda name=name: [_live(living[name]) for _ in range(_IN_A_ROW)]
    for name, argv in plan["programs"].items():
        rivals["describe", name] = lambda argv=argv: [_program(argv)]
    if plan["component"]:
        component = Component(plan["component"])
        rivals["describe", "component"] = lambda: [_seconds_of(component.run)[0]]
    return rivals


def measure(plan):
    living = {name: _create(server) for name, server in plan["servers"].items()}
    try:
        rivals = _rivals(plan, living)
        seconds = {what: {} for what, _ in rivals}
        for number in range(_WARM_UP + plan["rounds"]):
            for (what, name), call in rivals.items():
                taken = call()
                if number >= _WARM_UP:
                    seconds[what].setdefault(name, []).extend(taken)
    finally:
        for sandbox in living.values():
            sandbox.kill()
    return seconds


if __name__ == "__main__":
    json.dump(measure(json.loads(sys.argv[1])), sys.stdout)
