"""The programs of Kernels/ in a root: what the code interpreter's server starts and talks to."""

import shutil
import subprocess

from . import TemplateFault
from .privilege import require
from .source import IGNORED, KERNELS

PLACE = "usr/lib/nestbox"
LAND = "land"
LIBRARY = "libnestbox-land.so"
FLAGS = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]


def install(root):
    """Copies Kernels/ to /usr/lib/nestbox/kernels, owned by root, and the landing library beside it."""
    root.run("mkdir", "-p", f"root/{PLACE}")
    copy = root.given / "kernels"
    shutil.copytree(KERNELS, copy, symlinks=True, ignore=shutil.ignore_patterns(*IGNORED, LAND, "*.md"))
    root.run("cp", "--recursive", "--no-preserve=ownership", copy, f"root/{PLACE}/kernels")
    sources = sorted((KERNELS / LAND).glob("*.c"))
    if sources:
        library = root.given / LIBRARY
        compile_library(sources, library)
        root.run("install", "--mode=0644", library, f"root/{PLACE}/{LIBRARY}")


def compile_library(sources, library):
    """The same sources and the same compiler give the same bytes, wherever they lie."""
    require("cc")
    names = [source.name for source in sources]
    subprocess.run(["cc", *FLAGS, f"-Wl,-soname,{LIBRARY}", "-o", library, *names], cwd=sources[0].parent, check=True)


def check_commands(source, root):
    """- Raises `TemplateFault` naming the field whose program is not in the finished root."""
    for field, path in source.commands:
        try:
            root.chroot("test", "-f", path, "-a", "-x", path)
        except subprocess.CalledProcessError as failure:
            raise TemplateFault(f"{field}: {path} is not a program in the finished template") from failure
