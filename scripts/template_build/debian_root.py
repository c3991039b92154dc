"""A root directory from nothing: Debian and the packages of a template that is built on no other."""

import os

from . import ROOT
from .privilege import as_root, require

SUITE = "trixie"
FINISH = ROOT / "scripts" / "template_build" / "finish"
# Documentation that nobody reads in a sandbox; licences stay. What is installed later, and in templates on top, leaves
# out the same.
LEFT_OUT = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*", "/usr/share/lintian/*"]
KEPT = ["/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias"]
# What apt leaves behind, and device nodes: a sandbox makes its own /dev.
EMPTIED = ["dev", "tmp", "var/cache/apt", "var/lib/apt/lists", "var/tmp"]


def make(source, root):
    """Fills the new directory `root`, with what `customize` does to it."""
    require("mmdebstrap")
    options = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    options += [f"--dpkgopt=path-include={path}" for path in KEPT]
    options += [f"--customize-hook={script}" for script in (source.customize, FINISH) if script]
    mirror = [os.environ["DEBIAN_MIRROR"]] if "DEBIAN_MIRROR" in os.environ else []
    as_root(
        "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", *options,
        f"--include={','.join(source.packages)}", SUITE, root, *mirror)
    as_root("find", *(root / path for path in EMPTIED), "-mindepth", "1", "-delete")
