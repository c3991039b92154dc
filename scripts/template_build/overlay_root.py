"""A root directory on top of another template's: what is written to it is a layer."""

import shutil

from . import ROOT
from .privilege import as_root, require

WITH_OVERLAY = ROOT / "scripts" / "template_build" / "with-overlay"
STRIP = ROOT / "scripts" / "template_build" / "strip-overlay-marks"
ROOTS = ("layers", "root", "upper", "work")  # directories that belong to root
# A network namespace without a network: what is installed was downloaded before.
NAMESPACES = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts"]


class OverlayRoot:
    """The images `layers`, lowest first, and a directory of root's over them. It is mounted while a command runs, in
    that command's own namespaces, so that nothing has to be unmounted.
    """

    def __init__(self, directory, layers):
        """- Parameter directory: an empty one; `close` leaves none of root's files in it."""
        require("unshare", "mount")
        self.directory, self.layers = directory, layers
        self.upper = directory / "upper"
        # Shown to commands in the root as /run/given.
        self.given = directory / "given"
        self.given.mkdir()
        as_root("mkdir", *(directory / name for name in ROOTS))

    def run(self, *command):
        """Runs a host's command where the directory `root` is the root."""
        as_root("unshare", *NAMESPACES, WITH_OVERLAY, self.directory, *self.layers, "--", *command)

    def chroot(self, *command):
        """Runs one of the root's own commands in it."""
        self.run("chroot", "root", *command)

    def show(self, *paths):
        """A directory of this user with copies of files of the root, which everybody may read; gone with the root."""
        shown = self.directory / "shown"
        shown.mkdir()
        self.run("cp", "--recursive", "--no-dereference", *(f"root/{path}" for path in paths), shown)
        return shown

    def strip(self):
        """Takes from the layer what an overlay notes about the one machine where it was mounted."""
        as_root("/usr/bin/python3", STRIP, self.upper)

    def close(self):
        as_root("rm", "-rf", "--one-file-system", *(self.directory / name for name in (*ROOTS, "shown")))
        shutil.rmtree(self.given)
