"""What every row is given: where things are, how much to do, and a place for what it makes on the way."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "Benchmarks"


class Missing(Exception):
    """Something to measure with is not there; the text says what, and how to get it."""


@dataclass
class Context:
    quick: bool
    templates: pathlib.Path
    client_python: pathlib.Path | None

    def count(self, full, quick):
        """How often: `full` normally, `quick` in CI."""
        return quick if self.quick else full


def ours(name):
    """The path of one of our three programs."""
    path = ROOT / "bin" / name
    if not path.exists():
        raise Missing(f"bin/{name} is not built: make build")
    return str(path)


def debian(program, package):
    """The path of a peer."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{program} is not installed: apt-get install {package}")
    return path


def need_root(what):
    if os.geteuid() != 0:
        raise Missing(f"{what} needs root: sudo make bench")


def template(context, name):
    """The description of a template, as `make templates` left it."""
    path = context.templates / name / "template.json"
    if not path.exists():
        raise Missing(f"the template {name} is not built: make templates (looked for {path})")
    return json.loads(path.read_text(encoding="utf-8"))


def base_template(context):
    return template(context, "base")


@contextlib.contextmanager
def scratch():
    """Lends an empty directory on a disk that any user may pass through; it is removed with all it holds."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="nestbox-bench-", dir="/var/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)  # what a crashed run still holds busy stays and is named by the OS


@contextlib.contextmanager
def running(argv, patience=10, **options):
    """Lends a running program, and ends it and reaps it: SIGTERM, then SIGKILL after `patience` seconds."""
    process = subprocess.Popen(argv, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def on_core(core):
    """Keeps this process (and what it starts meanwhile) on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[core % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
