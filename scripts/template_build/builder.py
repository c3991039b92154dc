"""One build: a root directory, sealed."""

import os
import pathlib
import shutil
import tempfile

from . import TIMESTAMP, TemplateFault, debian_packages, debian_root, kernels, say, wheels
from .debian_packages import DebianPackages
from .overlay_root import OverlayRoot
from .privilege import as_root, require
from .wheels import Wheels

UUID = "6e657374-626f-7820-6c61-796572000000"
FINISH = debian_root.FINISH


class Builder:
    """Builds the template `source`, whose base is in `store` already, into it."""

    def __init__(self, source, store, cache):
        require("mkfs.erofs")
        self.source, self.store, self.cache = source, store, cache

    def build(self):
        if os.geteuid() != 0:
            say(f"template {self.source.name}: sudo is used, as the files of a template belong to root")
        work = pathlib.Path(tempfile.mkdtemp(prefix=".work-", dir=self.store.directory))
        os.chmod(work, 0o755)  # apt downloads as a user of its own
        try:
            image = work / "layer.erofs"
            if self.source.base is None:
                self._from_nothing(work / "root", image)
            else:
                self._on_base(work, image)
            layer = self.store.add(self.source, image)
        finally:
            shutil.rmtree(work)
        say(f"template {self.source.name}: built, layer {layer}")

    def _from_nothing(self, root, image):
        if self.source.requirements or self.source.has_kernels or not self.source.packages:
            raise TemplateFault(
                "without 'from' there must be packages.txt, and neither requirements.txt nor an interpreter")
        try:
            debian_root.make(self.source, root)
            seal(root, image)
        finally:
            if root.exists():
                as_root("rm", "-rf", "--one-file-system", root)

    def _on_base(self, work, image):
        root = OverlayRoot(work, [self.store.image(layer) for layer in self.store.layers(self.source.base)])
        try:
            self._fill(root)
            kernels.check_commands(self.source, root)
            root.strip()
            seal(root.upper, image)
        finally:
            root.close()

    def _fill(self, root):
        shown = root.show(*sorted({*debian_packages.SHOWN, *wheels.SHOWN}))
        contents = []
        if self.source.packages:
            contents.append(DebianPackages(self.source.packages, self.cache / "debian"))
        if self.source.requirements:
            contents.append(Wheels(self.source.requirements, self.cache / "python"))
        for content in contents:
            content.download(root, shown)
        for content in contents:
            content.install(root)
        if self.source.has_kernels:
            kernels.install(root)
        if self.source.customize:
            root.run(self.source.customize, root.directory / "root")
        root.run(FINISH, root.directory / "root")


def seal(root, image):
    """Makes the erofs image of `root`: compressed, with extended attributes, the same bytes for the same files."""
    # Without SOURCE_DATE_EPOCH, which would make -T a ceiling only.
    as_root("env", "--unset=SOURCE_DATE_EPOCH", "mkfs.erofs", "--quiet", "-zlz4hc", "-C65536", f"-T{TIMESTAMP}",
            f"-U{UUID}", image, root)
    as_root("chown", f"{os.getuid()}:{os.getgid()}", image)
    os.chmod(image, 0o644)
