"""Debian packages on top of a root that has some: chosen and downloaded by this machine's apt, installed offline."""

import os
import re
import shutil
import subprocess

from .privilege import PATH, require

# What the host's apt is told: the root's packages, sources and keys, and nothing of the host's own configuration.
SHOWN = ["var/lib/dpkg/status", "etc/apt/sources.list", "etc/apt/trusted.gpg.d"]
CONFIGURATION = """\
Dir::Etc "{root}";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::Etc::Trusted "/dev/null";
Dir::State "{cache}/state";
Dir::State::Status "{root}/status";
Dir::Cache "{cache}";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Install-Recommends "false";
"""


class DebianPackages:
    """The packages `names` for an `OverlayRoot`."""

    def __init__(self, names, cache):
        """- Parameter cache: a directory that outlives the build: what is in it is not downloaded again."""
        require("apt-get")
        self.names = names
        self.cache = cache

    def download(self, root, shown):
        """Puts the packages that are missing in `root`, and what they depend on, where the root sees them.

        - Parameter shown: the directory with copies of the files `SHOWN` of the root.
        """
        configuration = shown / "apt.conf"
        configuration.write_text(CONFIGURATION.format(root=shown, cache=self.cache))
        for place in ("state/lists/partial", "archives/partial"):
            (self.cache / place).mkdir(parents=True, exist_ok=True)
        self._apt(configuration, "update")
        wanted = self._apt(
            configuration, "install", "--print-uris", "-o", f"Dir::Cache::Archives={shown / 'nothing'}", *self.names)
        self._apt(configuration, "install", "--download-only", "--yes", *self.names)
        packages = root.given / "packages"
        packages.mkdir()
        for name in re.findall(r"^'\S+' (\S+\.deb) ", wanted, re.MULTILINE):
            shutil.copyfile(self.cache / "archives" / name, packages / name)

    def install(self, root):
        """Installs what was downloaded. What came only because others need it is marked so."""
        files = sorted(path.name for path in (root.given / "packages").iterdir())
        if not files:
            return
        root.chroot(
            "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--quiet=2", "--yes",
            "--no-install-recommends", "--option=Dpkg::Use-Pty=0", *(f"/run/given/packages/{file}" for file in files))
        asked = {re.split("[=/:]", name)[0] for name in self.names}
        needed = sorted({file.split("_")[0] for file in files} - asked)
        if needed:
            root.chroot("apt-mark", "--quiet=2", "auto", *needed)

    def _apt(self, configuration, *arguments):
        environment = os.environ | {"APT_CONFIG": str(configuration), "LC_ALL": "C.UTF-8", "PATH": PATH}
        return subprocess.run(
            ["apt-get", "--quiet=2", *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
