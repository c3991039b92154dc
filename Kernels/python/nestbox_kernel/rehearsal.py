"""A kernel that nobody hears of: it shows what every fork will write to, so that each can have those pages at once."""

import array
import itertools
import json
import os
import shutil
import signal
import socket
import sys
import time

from .settings import Landing, Settings
from .wire import END, EXECUTE, HEADER, encoded, header

# What most sandboxes' first cells come to: pages that a cell of theirs does not write to are memory in vain.
CELL = "1 + 1"
TABLE = "import pandas\npandas.DataFrame({'x': range(1000)}).describe()"
# Seconds for each step of the kernel's.
PATIENCE = 5

PAGE = os.sysconf("SC_PAGE_SIZE")
# Of an entry in /proc/self/pagemap.
PRESENT, OF_A_FILE, ONLY_HERE = 1 << 63, 1 << 61, 1 << 56


def pages_written(become_kernel) -> list[tuple[int, int]]:
    """Stretches of memory, `(start, bytes)`, that a fork has written to which has become a kernel by
    `become_kernel(landing)` and run a cell. Empty if they can not be found: forks are only slower then.

    Two forks play: the kernel, and who asks it. This process stays as it is meanwhile, for what it writes to itself is
    also the kernel's alone from then on.
    """
    memory = _private_memory()
    directory = f"/tmp/.rehearsal-{os.getpid()}"
    path = f"{directory}/kernel.sock"
    os.mkdir(directory, 0o700)
    kernel = _forked(become_kernel, Landing(Settings(path, "rehearsal"), "/", dict(os.environ)))
    told, telling = os.pipe()
    asking = _forked(_ask, path, kernel, memory, telling)
    os.close(telling)
    try:
        with open(told, "rb") as answer:
            return [tuple(stretch) for stretch in json.loads(answer.read())]
    except ValueError:
        print("zygote: the rehearsal failed", file=sys.stderr)
        return []
    finally:
        for pid in (kernel, asking):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        shutil.rmtree(directory)


def _forked(play, *arguments) -> int:
    """The number of a fork that plays, and ends with that."""
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        play(*arguments)
    finally:
        os._exit(0)


def _ask(path: str, kernel: int, memory: list[tuple[int, int]], telling: int):
    """Has the kernel run a cell, and writes down which pages of `memory` are its own by then."""
    try:
        _wait_for(path)
        _run(path, TABLE if "pandas" in sys.modules else CELL)
        with open(telling, "w", encoding="ascii") as answer:
            json.dump(_own_pages(kernel, memory), answer)
    except (OSError, ValueError) as error:
        print(f"zygote: {error}", file=sys.stderr)


def _own_pages(pid: int, memory: list[tuple[int, int]]) -> list[tuple[int, int]]:
    stretches = []
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for start, end in memory:
            entries = array.array("Q", os.pread(pagemap.fileno(), (end - start) // PAGE * 8, start // PAGE * 8))
            for is_own, pages in itertools.groupby(enumerate(entries), lambda page: _is_own(page[1])):
                if is_own:
                    first, *rest = [number for number, _ in pages]
                    stretches.append((start + first * PAGE, (1 + len(rest)) * PAGE))
    return stretches


def _is_own(entry: int) -> bool:
    return entry & (PRESENT | OF_A_FILE | ONLY_HERE) == PRESENT | ONLY_HERE


def _private_memory() -> list[tuple[int, int]]:
    """Where this process may write what is nobody else's; not its stack, which grows."""
    found = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            place, rights, *_, name = line.split(None, 5) + [""]
            if rights.startswith("rw") and rights[3] == "p" and "[stack" not in name:
                start, end = (int(number, 16) for number in place.split("-"))
                found.append((start, end))
    return found


def _wait_for(path: str):
    deadline = time.monotonic() + PATIENCE
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise TimeoutError("the kernel does not listen")
        time.sleep(0.001)


def _run(path: str, code: str):
    """Runs a cell. Raises OSError or ValueError if it does not come to its end."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        request = encoded({"code": code, "environment": {}})
        connection.sendall(header(EXECUTE, len(request)) + request)
        with connection.makefile("rb") as answers:
            while (head := answers.read(HEADER.size)) and len(head) == HEADER.size:
                length, kind = HEADER.unpack(head)
                answers.read(length)
                if kind == END:
                    return
    raise ValueError("the kernel's answer has no end")
