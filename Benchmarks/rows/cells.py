"""The code interpreter as agents meet it: a new sandbox and its first cell, a cell more, and how many a second."""

import contextlib
import json
import os
import shutil
import subprocess
import threading
import time

from context import HERE, ROOT, Missing, scratch, template
from measure import Failed, Sample
from report import Line, Quantity, at_least, at_most
from rows.api import canned_server
from server import own_server, run_code

TEMPLATE = "code-interpreter-v1"
_DESCRIBE, _LIVE = "new sandbox + describe() of a frame", "1 + 1 in a live sandbox"
# Seconds.
_TARGETS = {(_DESCRIBE, 0.5): 0.030, (_DESCRIBE, 0.99): 0.080, (_LIVE, 0.5): 0.004, (_LIVE, 0.99): None}
_RATE = at_least(50, "/s")
# Two for each processor of the reference machine: one client may wait while the others' sandboxes work.
_WORKERS = 4
_CLIENT_SECONDS = 1800
# A first cell that takes so long had a cold kernel; and how long it may take until there is a zygote. In seconds.
_COLD, _WARMING = 0.15, 60
_COMPONENT = ROOT / "build" / "benchmarks" / "python.cwasm"
_PLAIN_CELL, _TABLE_CELL = "1 + 1", "import pandas\npandas.DataFrame({'x': range(1000)}).describe()"


@contextlib.contextmanager
def templates_without_zygote(context):
    """Lends a directory of templates in which nothing is kept warm."""
    description = template(context, TEMPLATE)
    description.pop("zygote", None)
    with scratch() as place:
        (place / "layers").mkdir()
        for layer in description["layers"]:
            _link(context.templates / "layers" / f"{layer}.erofs", place / "layers" / f"{layer}.erofs")
        for name in ("base", TEMPLATE):
            (place / name).mkdir()
        shutil.copy(context.templates / "base" / "template.json", place / "base")
        (place / TEMPLATE / "template.json").write_text(json.dumps(description), encoding="utf-8")
        yield place


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def component(python):
    """The path of the Wasm Python; throws `Missing` where it can not be built."""
    if not _COMPONENT.exists():
        _COMPONENT.parent.mkdir(parents=True, exist_ok=True)
        built = subprocess.run(
            [str(python), str(HERE / "wasmpython.py"), str(_COMPONENT)], capture_output=True, text=True, check=False)
        if built.returncode != 0:
            raise Missing(f"no Wasm Python (Benchmarks/requirements.txt): {built.stderr.strip()[-200:]}")
    return _COMPONENT


def _rival(make):
    """What `make` gives and an empty note, or nothing and the note that says why."""
    try:
        return make(), ""
    except Missing as missing:
        return None, str(missing)


def _bare(python):
    """The command line of the same on bare metal."""
    if subprocess.run([str(python), "-c", "import pandas"], capture_output=True, check=False).returncode != 0:
        raise Missing("no pandas beside the client (Benchmarks/requirements.txt)")
    program = "import sys; sys.path.insert(0, sys.argv[1]); from interpreterclient import DESCRIBE; exec(DESCRIBE)"
    source = subprocess.run(
        [str(python), "-c", program.replace("exec", "print"), str(HERE)], capture_output=True, text=True, check=True)
    return [str(python), "-c", source.stdout]


def client_seconds(python, plan):
    """What the official client measured: what -> name -> `Sample`."""
    argv = [str(python), str(HERE / "interpreterclient.py"), json.dumps(plan)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_CLIENT_SECONDS, check=False)
    if done.returncode != 0:
        raise Failed(f"the official client failed: {done.stderr.strip()[-500:]}")
    return {what: {name: Sample(seconds) for name, seconds in by_name.items()}
            for what, by_name in json.loads(done.stdout).items()}


def _first_cell(server, connection, code):
    sandbox_id, token = server.create(connection, template=TEMPLATE)
    run_code(connection, sandbox_id, token, code)
    server.kill(connection, sandbox_id)


def wait_until_warm(server):
    """Returns once first cells have warm kernels: there is a zygote, and nothing of its start is left to do."""
    with server.connection() as connection:
        end, taken = time.perf_counter() + _WARMING, _COLD
        while taken >= _COLD:
            start = time.perf_counter()
            if start > end:
                raise Failed(f"first cells still take {taken:.3f} s after {_WARMING} s")
            _first_cell(server, connection, _TABLE_CELL)
            taken = time.perf_counter() - start


def _sustained(server, seconds, code=_TABLE_CELL):
    """How many cells, and how many a second, each the first of a sandbox of its own."""
    done, errors, end = [], [], time.perf_counter() + seconds

    def work():
        try:
            with server.connection() as connection:
                while time.perf_counter() < end and not errors:
                    _first_cell(server, connection, code)
                    done.append(time.perf_counter())
        except (OSError, ValueError, Failed) as error:
            errors.append(error)

    start = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(_WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return len(done), len(done) / (max(done) - start)


def _lines_of_describe(samples, notes):
    beside = {"cold": "a cold kernel", "bare": "python3 -c on bare metal", "component": "Wasm Python, without pandas"}
    mine = samples["ours"]
    for quantile in (0.5, 0.99):
        what, ours = f"{_DESCRIBE}, p{quantile * 100:.0f}", Quantity(mine.quantile(quantile), "s")
        target = at_most(_TARGETS[_DESCRIBE, quantile], "s")
        for name, words in beside.items():
            if name in samples:
                peer = Quantity(samples[name].quantile(quantile), "s")
                yield Line("cells", what, mine.n, ours, words, peer, target if name == "cold" else None)
            elif quantile == 0.5:
                yield Line("cells", what, mine.n, ours, words, note=notes[name])


def _lines_of_live(samples):
    for quantile in (0.5, 0.99):
        ours, floor = (Quantity(samples[name].quantile(quantile), "s") for name in ("ours", "canned"))
        bound = _TARGETS[_LIVE, quantile]
        yield Line("cells", f"{_LIVE}, p{quantile * 100:.0f}", samples["ours"].n, ours, "the client alone", floor,
                   at_most(bound, "s") if bound else None)


def lines(context):
    python = context.client_python
    if python is None:
        raise Missing("no Python with the official e2b client: make venv")
    wasm, no_wasm = _rival(lambda: str(component(python)))
    bare, no_bare = _rival(lambda: _bare(python))
    with (templates_without_zygote(context) as cold_templates, own_server(context) as server,
          own_server(context, templates=cold_templates) as cold, canned_server() as canned):
        samples = client_seconds(python, {
            "rounds": context.count(200, 10), "programs": {"bare": bare} if bare else {}, "component": wasm,
            "servers": {
                "ours": {"url": server.url, "key": server.key, "describe": True},
                "cold": {"url": cold.url, "key": cold.key, "describe": True},
                "canned": {"url": canned, "key": "e2b_0123456789abcdef", "describe": False}}})
        yield from _lines_of_describe(samples["describe"], {"component": no_wasm, "bare": no_bare, "cold": ""})
        yield from _lines_of_live(samples["live"])
    with own_server(context) as server:
        wait_until_warm(server)
        _sustained(server, 2)  # until the pools have their size
        for what, code in (("1 + 1", _PLAIN_CELL), ("describe()", _TABLE_CELL)):
            count, rate = _sustained(server, context.count(60, 5), code)
            yield Line("cells", f"first cells of new sandboxes, {_WORKERS} at once: {what}", count,
                       Quantity(rate, "/s"), target=_RATE)
