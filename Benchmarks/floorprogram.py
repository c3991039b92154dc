"""The floor program: built when it is older than its source, lent as a process that makes one sandbox when asked."""

import contextlib
import subprocess

from context import HERE, ROOT, debian, need_root, running
from measure import Failed

_BUILD = ROOT / "build" / "benchmarks"


def _built(name):
    source, program = HERE / "floor" / f"{name}.c", _BUILD / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _BUILD.mkdir(parents=True, exist_ok=True)
        compiler = debian("cc", "gcc libc6-dev")
        subprocess.run([compiler, "-O2", "-static", "-Wall", "-Wextra", "-o", program, source], check=True)
    return str(program)


class Floor:
    """Makes one sandbox per call."""

    def __init__(self, process):
        self._process = process

    def sandbox(self):
        """Seconds until the program in the sandbox answered, and until it was reaped."""
        self._process.stdin.write(b"\n")
        line = self._process.stdout.readline().split()
        if len(line) != 2:
            raise Failed("the floor program ended; its words are above")
        return float(line[0]) / 1e6, float(line[1]) / 1e6


@contextlib.contextmanager
def floor(net, layer):
    """Lends a `Floor` over `layer`, an erofs image or a directory; `net` is none, pooled or fresh."""
    need_root("the floor")
    kind = "--lower" if layer.is_dir() else "--erofs"
    argv = [_built("floor"), "--answer", _built("answer"), kind, str(layer), "--net", net, "--serve"]
    with running(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        yield Floor(process)


def plain_layer(scratch):
    """A directory that can be a sandbox's lower layer where no template is at hand."""
    layer = scratch / "layer"
    for name in ["dev", "proc", "tmp", "usr"]:
        (layer / name).mkdir(parents=True)
    return layer
