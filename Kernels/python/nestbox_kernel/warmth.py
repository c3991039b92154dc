"""What a zygote does ahead, so that its forks need not: imports, and the first of everything."""

import ctypes
import gc
import importlib
import importlib.util
import linecache
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from .immortality import immortalize
from .land_library import SPAWNER
from .output import Output
from .shell import KernelShell
from .streams import TextStream
from .wire import STDERR, STDOUT

# What most cells import. scipy and sklearn would double the memory that every fork maps, and cost few cells their time.
PRELOADED = ("numpy", "pandas", "matplotlib.pyplot", "PIL.Image", "PIL.PngImagePlugin", "e2b_charts")

# Cells that walk the ways that users' cells take. Each is run only if what it needs has been imported. The commonest
# come last: what they look up stays in the interpreter's cache of attributes, which is in the pages that forks share.
WARMING = (
    ((), "1 / 0"),
    (("ssl",), "import ssl; ssl.RAND_bytes(1)"),
    (("matplotlib.pyplot", "e2b_charts"), "import matplotlib.pyplot as plt; plt.plot([1, 2], label='a'); plt.show()"),
    (("pandas",), "import pandas as pd; pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"),
    (("pandas",), "print(pd.DataFrame({'a': range(99)}).describe()); pd.DataFrame({'a': [1, 2]}).describe()"),
    ((), "print('warm'); {'a': [1]}"),
)


def preload(modules: list[str] | None):
    """Imports `modules`, which must exist; or those of the common ones that are installed."""
    for name in modules if modules is not None else filter(_is_installed, PRELOADED):
        importlib.import_module(name)


def warm(shell: KernelShell, output: Output):
    """Runs the warming cells, and leaves the shell and the output as if nothing had ever run."""
    names, hidden = dict(shell.user_ns), dict(shell.user_ns_hidden)
    with redirect_stdout(TextStream(output, STDOUT)), redirect_stderr(TextStream(output, STDERR)):
        for needed, code in WARMING:
            if all(name in sys.modules for name in needed):
                _run(shell, code)
    _forget(shell)
    shell.user_ns.clear()
    shell.user_ns.update(names)
    shell.user_ns_hidden.update(hidden)
    output.take()


def settle():
    """Makes the process ready to be forked: little garbage, and none of what is alive counted or collected later on.

    Ends the process if it can not be forked: a second thread would be missing in every fork, and a descriptor held by
    an object would be closed under it.
    """
    _close_fonts()
    gc.collect()
    if len(os.listdir("/proc/self/task")) != 1:
        sys.exit("zygote: a module that was preloaded has started a thread")
    if held := _descriptors():
        sys.exit(f"zygote: a module that was preloaded holds {', '.join(held)} open")
    immortalize()
    gc.freeze()
    ctypes.CDLL(None).malloc_trim(0)


def _close_fonts():
    """matplotlib keeps the files of fonts open that it has drawn with."""
    manager = sys.modules.get("matplotlib.font_manager")
    if manager is not None:
        manager._get_font.cache_clear()


def _descriptors() -> list[str]:
    """What is open beside the standard three and the spawner's."""
    held = []
    for name in os.listdir("/proc/self/fd"):
        if int(name) > SPAWNER and os.path.lexists(f"/proc/self/fd/{name}"):
            held.append(os.readlink(f"/proc/self/fd/{name}"))
    return held


def _run(shell: KernelShell, code: str):
    transformed, failure = shell.transformed(code)
    try:
        shell.cell(code, transformed, failure).send(None)
    except StopIteration:
        pass


def _forget(shell: KernelShell):
    shell.reset()
    shell.last_execution_result = None
    for name in ("last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
    for name in [name for name in linecache.cache if name.startswith("<ipython-input")]:
        del linecache.cache[name]


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name.partition(".")[0]) is not None
